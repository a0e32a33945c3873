"""What the foreign APIs share: who may come in, reading the body, keeping what it says."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from tocsin.errors import Unavailable
from tocsin.intake.bodies import read_body
from tocsin.intake.routes import Known, whole_aside
from tocsin.intake.signal import IntegrationRef, Parsed, SetAside, Unreadable
from tocsin.intake.writer import Kept, Writer
from tocsin.intake.writer import Request as ReadRequest
from tocsin.store.database import Database

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reception:
    """Takes in what comes by another product's API."""

    database: Database
    known: Known
    writer: Writer
    limit: int

    async def integration(self, key: str, sender: str) -> IntegrationRef | None:
        """The integration whose key this is, if it is meant for this sender. TooOften when it sends too much.

        One that takes signed bodies only is not to be had here: these APIs carry no signature.
        """
        found = await self.known.let_in(key) if key.strip() else None
        if found is None or found.signing_key or found.integration.sender != sender:
            return None
        return found.integration

    async def body(self, request: Request, limit: int) -> bytes:
        """The unpacked body. TooLarge, UnknownEncoding, Unreadable as `read_body` raises them."""
        return await read_body(request.stream(), request.headers.get("content-encoding", ""), min(limit, self.limit))

    async def keep(self, integration: IntegrationRef, body: bytes, parsed: Parsed) -> Sequence[tuple[str, SetAside]]:
        """Return once it is on disk, with what could not be stored. Unavailable when nothing was kept."""
        return (await self._keep(ReadRequest(integration, body, parsed))).set_aside

    async def refuse(self, integration: IntegrationRef, body: bytes, place: str, reason: str) -> None:
        """Keep aside what was refused, so that an operator sees it."""
        aside = whole_aside(Unreadable(place, reason), body)
        await self._keep(ReadRequest(integration, body, Parsed((), (aside,)), refused=True))

    async def _keep(self, request: ReadRequest) -> Kept:
        try:
            return await self.writer.keep(request)
        except (SQLAlchemyError, OSError) as error:
            _log.exception("alerts could not be taken in")
            raise Unavailable("nothing was kept; send it again", retry_after=5) from error


def masked(body: bytes, secret: str) -> bytes:
    """The body without the key in it: whoever may see what was set aside may not send in the integration's name."""
    return body.replace(secret.encode("utf-8", "replace"), b"***")
