"""A message's subject and text, out of whatever a mail program made of them. Pure, and bounded.

Headers are decoded here and not by the standard library's newer policy, which gives up on what real mail holds: bytes
of no charset, words encoded twice, lines without an end. Sources: RFC 5322, 2047, 2045; RFC 3834 (automatic answers).
"""

import codecs
import email
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr

import nh3

from tocsin.intake.signal import Unreadable, clipped

OWN_MARK = "X-Tocsin"
"""The header of mail that Tocsin itself sends: it never becomes an alert again."""
LONGEST_SUBJECT = 1000
LONGEST_TEXT = 20_000
MOST_HOPS = 50
_MOST_PARTS = 100
_LONGEST_PART = 256 * 1024  # bytes that are decoded of one part
_LONGEST_HEADER = 4000
_PARTS = re.compile(rb"^content-type[ \t]*:|boundary[ \t]*=", re.IGNORECASE | re.MULTILINE)
_HOPS = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)
_BLOCKS = re.compile(r"</?(?:br|p|div|tr|li|h[1-6]|table)[^>]*>", re.IGNORECASE)
_KEPT_TAGS = {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table"}
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
# what the standard library raises here and there over mail that no program should have written
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, HeaderParseError)


@dataclass(frozen=True)
class Mail:
    """What is read of a message. `sender` is a bare address; `automatic` says why it is nobody's alert, or is empty."""

    sender: str
    subject: str
    text: str
    automatic: str = ""

    def rendered(self) -> str:
        """As a short message of its own, which reads the same; without whom it was sent to, which is a secret."""
        return f"From: {self.sender}\nSubject: {self.subject}\n\n{self.text}"


def read_message(body: bytes) -> Mail:
    """The message; Unreadable when there is nothing in it, or more than anybody writes."""
    if not body.strip():
        raise Unreadable("message", "is empty")
    if len(_PARTS.findall(body)) > 2 * _MOST_PARTS:
        raise Unreadable("message", f"has more than {_MOST_PARTS} parts")
    try:
        whole = email.message_from_bytes(body, policy=compat32)
        headers = _headers(whole)
        text = _text(whole)
    except RecursionError as error:
        raise Unreadable("message", "its parts are nested too deeply") from error
    except _BROKEN as error:
        raise Unreadable("message", f"can't be read: {error}") from error
    subject = headers.get("subject", "")
    if not subject and not text:
        raise Unreadable("subject", "is missing, and there is no text either")
    return Mail(_address(headers.get("from", "")), subject, text, _automatic(headers))


def hops(body: bytes) -> int:
    """How many servers a message says that it came through."""
    return len(_HOPS.findall(re.split(rb"\r?\n\r?\n", body, maxsplit=1)[0]))


def _headers(whole: Message) -> dict[str, str]:
    """Headers by their small name, the first of each, on one line."""
    found: dict[str, str] = {}
    for name, value in whole.raw_items():
        found.setdefault(name.lower(), _decoded(str(value)[:_LONGEST_HEADER])[:LONGEST_SUBJECT])
    return found


def _decoded(raw: str) -> str:
    """A header's value as people read it, whatever it was encoded in."""
    plain = _by_charset(raw.encode("utf-8", "surrogateescape"), "utf-8")
    try:
        pieces = [
            (piece if isinstance(piece, str) else _by_charset(piece, charset or "utf-8"))
            for piece, charset in decode_header(plain)
        ]
    except _BROKEN:
        pieces = [plain]
    return clipped(" ".join("".join(pieces).split()), LONGEST_SUBJECT)


def _text(whole: Message) -> str:
    """The first plain text that says something; else the first HTML as text. Attachments are not looked at."""
    other = ""
    for part in whole.walk():
        if part.is_multipart() or part.get_content_maintype() != "text" or _is_attached(part):
            continue
        if part.get_content_subtype() == "html":
            other = other or _without_tags(_content(part))
        elif found := _tidy(_content(part)):
            return found
    return other


def _is_attached(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        charset = part.get_content_charset() or "utf-8"
    except _BROKEN:
        charset = "utf-8"
    return _by_charset(payload[:_LONGEST_PART], charset)


def _by_charset(content: bytes, charset: str) -> str:
    """Text of a charset that may be unknown or wrong: then UTF-8, then Latin-1, in which every byte is a letter."""
    tried = [charset, "utf-8"] if charset.lower() not in ("us-ascii", "ascii") else ["utf-8"]
    for name in tried:
        try:
            if codecs.lookup(name).name.replace("-", "_") not in _NO_CHARSETS:
                return content.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    if charset.lower() in ("utf-8", "utf8"):  # a letter that was cut in two spoils none of the others
        return content.decode("utf-8", "replace")
    return content.decode("latin-1")


def _without_tags(markup: str) -> str:
    kept = nh3.clean(markup, tags=_KEPT_TAGS, attributes={}, clean_content_tags={"script", "style", "title"})
    return _tidy(html.unescape(_BLOCKS.sub("\n", kept)))


def _tidy(text: str) -> str:
    lines: Iterable[str] = (" ".join(line.split()) for line in text[: 4 * LONGEST_TEXT].splitlines())
    return clipped(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), LONGEST_TEXT)


def _address(sender: str) -> str:
    try:
        return clipped(parseaddr(sender)[1] or sender, 200)
    except _BROKEN:
        return clipped(sender, 200)


def _automatic(headers: dict[str, str]) -> str:
    """Why nobody sent this as an alert. `auto-generated` is no reason: what cron and monitoring send says so too."""
    if OWN_MARK.lower() in headers:
        return "Tocsin sent it itself"
    if headers.get("auto-submitted", "").lower().startswith("auto-replied"):
        return "it is an automatic reply"
    if "x-autoreply" in headers or "x-autorespond" in headers or headers.get("precedence", "").lower() == "auto_reply":
        return "it is an automatic reply"
    if headers.get("content-type", "").lower().startswith("multipart/report"):
        return "it reports what became of another message"
    return ""
