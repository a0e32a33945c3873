"""The SMTP server that mail comes to: aiosmtpd's protocol around the door, on the server's own event loop."""

import asyncio
import logging
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tocsin.errors import ConfigurationError
from tocsin.intake.mail.door import Answer, MailDoor, Recipient

_MOST_CONNECTIONS = 50
_MOST_RECIPIENTS = 20
_SECONDS = 60.0
_LEFT_SECONDS = 3.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listening:
    """How mail is listened for. `max_bytes`: of one message; `certificate` and `key`: PEM files, for STARTTLS."""

    host: str
    port: int
    max_bytes: int
    certificate: Path | None = None
    key: Path | None = None
    require_tls: bool = False


class MailServer:
    """Listens from its making on, so that a port in use stops the start; answers between `start` and `stop`."""

    def __init__(self, listening: Listening) -> None:
        """ConfigurationError, with a sentence, when it can't listen or the certificate is none."""
        self._listening = listening
        self._tls = _tls(listening)
        family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((listening.host, listening.port))
        except OSError as error:
            self._socket.close()
            where = f"{listening.host}:{listening.port}"
            raise ConfigurationError(f"could not listen for mail on {where}: {error.strerror or error}") from error
        self._sessions: set[_Conversation] = set()
        self._server: asyncio.Server | None = None

    async def start(self, door: MailDoor) -> None:
        """Take mail in by the door."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # it tells every address, which are secrets

        def conversation() -> _Conversation:
            return _Conversation(door, self._sessions, self._listening, self._tls)

        self._server = await asyncio.get_running_loop().create_server(conversation, sock=self._socket)

    async def stop(self) -> None:
        """Listen no more; a message that is being kept is answered yet, the others' senders try again."""
        if self._server is None:
            self._socket.close()
            return
        self._server.close()
        busy = [each.idle.wait() for each in self._sessions if not each.idle.is_set()]
        if busy:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*busy), _LEFT_SECONDS)
        for each in list(self._sessions):
            each.hang_up()


class _Conversation(SMTP):
    """One connection. It is its own handler of what aiosmtpd asks."""

    def __init__(
        self, door: MailDoor, sessions: "set[_Conversation]", listening: Listening, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(
            self,
            data_size_limit=listening.max_bytes,
            ident="Tocsin",
            hostname="tocsin",
            timeout=_SECONDS,
            tls_context=tls,
            require_starttls=listening.require_tls,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            enable_SMTPUTF8=True,
        )
        self._door = door
        self._sessions = sessions
        self._found: dict[str, Recipient] = {}
        self.idle = asyncio.Event()
        self.idle.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the call, unless there are too many. It comes a second time when STARTTLS has begun."""
        if len(self._sessions) >= _MOST_CONNECTIONS and self not in self._sessions:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"421 4.3.2 too many connections; come again in a moment\r\n")
            transport.close()
            return
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The other side went."""
        if self in self._sessions:
            self._sessions.discard(self)
            super().connection_lost(error)

    def hang_up(self) -> None:
        """End it; its sender tries again."""
        if self.transport is not None:
            self.transport.close()

    async def handle_RCPT(  # noqa: N802 - so aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take an address that somebody has."""
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return f"452 4.5.3 at most {_MOST_RECIPIENTS} addresses for one message"
        try:
            self._found[address] = await self._door.recipient(address)
        except Answer as answer:
            return answer.said
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message for all who are to have it."""
        recipients = [self._found[address] for address in envelope.rcpt_tos]
        content = envelope.original_content or b""
        self.idle.clear()
        try:
            await self._door.take(recipients, envelope.mail_from or "", content)
        except Answer as answer:
            return answer.said
        finally:
            self.idle.set()
        return "250 2.0.0 it is kept"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever it is, the message is not lost: its sender keeps it."""
        _log.error("a conversation about mail failed", exc_info=error)
        return "451 4.3.0 nothing was kept; send it again"


def _tls(listening: Listening) -> ssl.SSLContext | None:
    if listening.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(listening.certificate, listening.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"the certificate for mail, {listening.certificate}, can't be read: {error}"
        ) from error
    return context
