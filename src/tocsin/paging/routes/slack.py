"""What Slack calls when a button of ours is pressed."""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.clients.declining import Declined
from tocsin.clients.slack import Slack
from tocsin.paging.methods.slack import ACKNOWLEDGE, PASS_ON, escaped
from tocsin.paging.usecases import replies
from tocsin.store.database import Database

_DO = {ACKNOWLEDGE: replies.ACKNOWLEDGE, PASS_ON: replies.PASS_ON}
_log = logging.getLogger(__name__)


def routes(database: Database, slack: Slack) -> list[Route]:
    """POST /callbacks/slack/action: the app's *Interactivity request URL*."""
    return [Route("/callbacks/slack/action", _Door(database, slack).action, methods=["POST"])]


class _Door:
    def __init__(self, database: Database, slack: Slack) -> None:
        self._database, self._slack = database, slack

    async def action(self, request: Request) -> Response:
        """A button: Slack wants its 200 within three seconds, and the words in place of the buttons later."""
        body = await request.body()
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not self._slack.is_from_slack(timestamp, signature, body, self._database.clock.now().timestamp()):
            return PlainTextResponse("the signature is not Slack's; is TOCSIN_SLACK__SIGNING_SECRET right?\n", 403)
        asked = _payload(body)
        pressed = next((one for one in asked.get("actions", ()) if one.get("action_id") in _DO), None)
        if asked.get("type") != "block_actions" or pressed is None:
            return Response(status_code=200)  # a button that only opens the link
        token, do, member = str(pressed.get("value", "")), _DO[pressed["action_id"]], str(asked["user"]["id"])
        said = await self._database.write_async(
            lambda c, now: replies.answer_by_token(c, token, do, now, via="slack", address=member)
        )
        return Response(status_code=200, background=BackgroundTask(self._replace, asked, said))

    async def _replace(self, asked: Mapping[str, Any], said: str) -> None:
        message = asked.get("message") or {}
        kept = [block for block in message.get("blocks", ()) if block.get("type") in ("header", "section")]
        told = {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(said)}]}
        try:
            await self._slack.replace(str(asked.get("response_url", "")), said, [*kept, told])
        except Declined as error:
            _log.warning("the answer to a button in Slack could not be shown: %s", error.message)


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(parse_qs(body.decode())["payload"][0])
    except (ValueError, KeyError):
        return {}
    return payload if isinstance(payload, dict) else {}
