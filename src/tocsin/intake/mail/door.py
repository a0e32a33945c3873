"""The door for mail: who an address belongs to, and what a message that came for them is answered.

250 comes only after the commit that holds the message. An address that nobody has is refused before its message is
sent; what can't be kept now is answered with 451, so that the server that sends it tries again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from tocsin.errors import Unavailable
from tocsin.intake.mail.message import MOST_HOPS, hops
from tocsin.intake.rates import TooOften
from tocsin.intake.routes import Known, read_request
from tocsin.intake.senders import EMAIL
from tocsin.intake.signal import IntegrationRef
from tocsin.intake.writer import Writer

HEARTBEAT = "heartbeat-"
"""What the addresses of heartbeats begin with."""
_LONGEST_LOCAL = 64  # RFC 5321
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer(Exception):
    """What an SMTP client is told instead of 250."""

    said: str


@dataclass(frozen=True)
class Heartbeats:
    """How heartbeats are known by their secret, and told that they were heard of; False: nobody has it."""

    knows: Callable[[str], Awaitable[bool]]
    beat: Callable[[str], Awaitable[bool]]


@dataclass(frozen=True)
class Recipient:
    """Whom an address belongs to: an integration, or the heartbeat of a secret."""

    integration: IntegrationRef | None = None
    heartbeat: str = ""


class MailDoor:
    """Takes messages in."""

    def __init__(self, known: Known, writer: Writer, heartbeats: Heartbeats) -> None:
        self._known = known
        self._writer = writer
        self._heartbeats = heartbeats

    async def recipient(self, address: str) -> Recipient:
        """Whom an address belongs to; raises Answer for one that nobody has, or that mail came to too often."""
        key = address.rpartition("@")[0] or address
        try:
            if len(key) <= _LONGEST_LOCAL and (found := await self._found(key)):
                return found
        except TooOften as error:
            raise Answer(f"451 4.7.1 {error.message}; in {error.retry_after} seconds there is room again") from error
        except (Unavailable, SQLAlchemyError, OSError) as error:
            raise _not_now(error) from error
        raise Answer("550 5.1.1 nobody has this address")

    async def take(self, recipients: Sequence[Recipient], sender: str, message: bytes) -> None:
        """Return once the message is on disk for all of them, and each heartbeat was told; raises Answer."""
        if hops(message) > MOST_HOPS:
            raise Answer("554 5.4.6 this message goes round in a circle")
        # as a server adds it to what it hands over, so that a message tells who sends its bounces where
        body = f"Return-Path: <{sender}>\r\n".encode("ascii", "replace") + message
        integrations = {each.integration.id: each.integration for each in recipients if each.integration}
        beating = {each.heartbeat for each in recipients if each.heartbeat}
        try:
            requests = [read_request(each, body) for each in integrations.values()]
            await asyncio.gather(*(self._writer.keep(each) for each in requests))
            for secret in sorted(beating):
                await self._heartbeats.beat(secret)
        except (Unavailable, SQLAlchemyError, OSError) as error:
            raise _not_now(error) from error

    async def _found(self, key: str) -> Recipient | None:
        if key.lower().startswith(HEARTBEAT):
            secret = key[len(HEARTBEAT) :]
            for tried in dict.fromkeys((secret, secret.lower())):
                if await self._heartbeats.knows(tried):
                    return Recipient(heartbeat=tried)
            return None
        for tried in dict.fromkeys((key, key.lower())):
            entrance = await self._known.let_in(tried)
            if entrance is None or entrance.integration.sender != EMAIL:
                continue
            if entrance.signing_key is not None:
                raise Answer("550 5.7.1 this integration takes signed bodies only, and mail is not signed")
            return Recipient(entrance.integration)
        return None


def _not_now(error: Exception) -> Answer:
    if not isinstance(error, Unavailable):
        _log.error("mail could not be taken in", exc_info=error)
    return Answer("451 4.3.0 nothing was kept; send it again")
