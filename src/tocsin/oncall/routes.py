"""Where calendars fetch shifts: `/calendar/SECRET.ics`, without signing in."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.errors import NotFound
from tocsin.oncall.queries.feeds import feed_behind
from tocsin.store.database import Database

_HEADERS = {"Cache-Control": "private, max-age=300", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


def routes(database: Database) -> list[Route]:
    """The feeds' addresses."""

    async def feed(request: Request) -> Response:
        secret, now = request.path_params["secret"], database.clock.now()
        try:
            content = await database.read_async(lambda connection: feed_behind(connection, secret, now))
        except NotFound as missing:
            return PlainTextResponse(f"{missing.message}\n", 404, _HEADERS)
        return Response(content, media_type="text/calendar; charset=utf-8", headers=_HEADERS)

    return [Route("/calendar/{secret}.ics", feed, methods=["GET"])]
