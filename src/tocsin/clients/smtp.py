"""Mail by SMTP (RFC 5321), with what the server answered: taken, not now, never."""

import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from typing import Literal

import aiosmtplib

from tocsin.errors import TocsinError

Security = Literal["none", "starttls", "tls"]
SECONDS = 15.0


@dataclass(frozen=True)
class SmtpSettings:
    """The operator's mail server. `sender` is an address or `Name <address>`."""

    host: str
    port: int = 587
    security: Security = "starttls"
    username: str | None = None
    password: str | None = None
    sender: str = "Tocsin <tocsin@localhost>"
    verify: bool = True
    seconds: float = SECONDS
    """How long each step of the conversation may take."""


@dataclass(frozen=True)
class Attachment:
    """A part beside the text, such as an invitation (`text/calendar; method=REQUEST`)."""

    name: str
    content: bytes
    maintype: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Mail:
    """One message. `key` makes its Message-ID: the same key sent again is the same message to a mail reader."""

    to: str
    subject: str
    text: str
    key: str
    at: datetime
    html: str | None = None
    urgent: bool = False
    in_reply_to: str | None = None
    attachments: Sequence[Attachment] = ()


class MailNotTaken(TocsinError):
    """The server did not take the message. `permanent`: it never will; else another try may help."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class Smtp:
    """Sends mail by one server; one connection for each message."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings

    async def send(self, mail: Mail) -> dict[str, str]:
        """Send one mail; returns the receipt (`message_id`, `answer`). Raises MailNotTaken."""
        message = compose(mail, self.settings.sender)
        used = self.settings
        try:
            _, answer = await aiosmtplib.send(
                message,
                hostname=used.host,
                port=used.port,
                username=used.username,
                password=used.password,
                use_tls=used.security == "tls",
                start_tls=used.security == "starttls",
                tls_context=None if used.security == "none" else _tls(used.verify),
                timeout=used.seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            reasons = "; ".join(f"{one.code} {one.message}" for one in error.recipients)
            raise MailNotTaken(f"{used.host}: {reasons}", permanent=all(code >= 500 for code in codes)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise MailNotTaken(f"{used.host}: {error.code} {error.message}", permanent=error.code >= 500) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotTaken(
                f"{used.host}:{used.port}: {str(error) or type(error).__name__}", permanent=False
            ) from error
        return {"message_id": str(message["Message-ID"]), "answer": answer[:500]}


@lru_cache(maxsize=2)
def _tls(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def message_id(key: str, sender: str) -> str:
    """The Message-ID of an idempotency key: always the same for the same key and sender's domain."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "tocsin.invalid"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The message as it goes out. Line breaks in a header's text become spaces: nobody adds a header."""
    message = EmailMessage()
    name, address = parseaddr(sender)
    message["From"] = formataddr((name, address))
    message["To"] = mail.to
    message["Subject"] = " ".join(mail.subject.split())[:300]
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = message_id(mail.key, sender)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies to a page
    message["X-Tocsin"] = "1"  # should it come back by an integration's address, it is no alert
    if mail.in_reply_to:
        message["In-Reply-To"] = message["References"] = message_id(mail.in_reply_to, sender)
    if mail.urgent:
        message["X-Priority"] = "1"
        message["Importance"] = "high"
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for part in mail.attachments:
        message.add_attachment(part.content, maintype=part.maintype, subtype=part.subtype, filename=part.name)
        last = list(message.iter_attachments())[-1]
        for parameter, value in part.parameters:
            last.set_param(parameter, value)
    return message
