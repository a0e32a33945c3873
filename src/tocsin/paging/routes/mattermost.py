"""What Mattermost calls when a button of ours is pressed."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tocsin.paging.methods.mattermost import ACKNOWLEDGE, PASS_ON
from tocsin.paging.usecases import replies
from tocsin.store.database import Database

_DO = {ACKNOWLEDGE: replies.ACKNOWLEDGE, PASS_ON: replies.PASS_ON}


def routes(database: Database) -> list[Route]:
    """POST /callbacks/mattermost/action. Mattermost signs nothing: the token in the button's context proves the call."""
    return [Route("/callbacks/mattermost/action", _Door(database).action, methods=["POST"])]


class _Door:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def action(self, request: Request) -> Response:
        """A button; the answer replaces the post's buttons by what happened."""
        try:
            context: Any = json.loads(await request.body())["context"]
            token, do = str(context["token"]), _DO[context["do"]]
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("this is no button of Tocsin's\n", 400)
        said = await self._database.write_async(
            lambda c, now: replies.answer_by_token(c, token, do, now, via="mattermost")
        )
        return JSONResponse({"update": {"message": said, "props": {}}, "ephemeral_text": said})
