"""Where the canary comes back."""

import json

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.paging.usecases.watching import canary_came_back
from tocsin.store.database import Database


def routes(database: Database) -> list[Route]:
    """POST /callbacks/canary: who sent it, its signature says."""

    async def back(request: Request) -> Response:
        """A canary; anything else is refused."""
        try:
            token = str(json.loads(await request.body())["canary"])
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("this is no canary\n", 400)
        ours = await database.write_async(lambda c, now: canary_came_back(c, token, now))
        return Response(status_code=204) if ours else PlainTextResponse("this canary is not ours\n", 403)

    return [Route("/callbacks/canary", back, methods=["POST"])]
