"""`/heartbeat/SECRET`: whatever asks for it, by GET, HEAD or POST, lives."""

import logging

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.alerts.usecases.heartbeats import beat
from tocsin.errors import Unavailable
from tocsin.store.database import Database

_log = logging.getLogger(__name__)


def routes(database: Database) -> list[Route]:
    """The address of heartbeats. The body is not read."""

    async def take(request: Request) -> Response:
        secret = request.path_params["secret"]
        try:
            found = await database.write_async(lambda connection, now: beat(connection, secret, now))
        except (Unavailable, SQLAlchemyError, OSError):
            _log.exception("a heartbeat could not be kept")
            return PlainTextResponse("not kept; send it again", 503, {"Retry-After": "5"})
        return PlainTextResponse("OK") if found else PlainTextResponse("there is nothing here", 404)

    return [Route("/heartbeat/{secret}", take, methods=["GET", "HEAD", "POST"])]
