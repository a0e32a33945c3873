"""Twilio: text messages and calls, and whether a callback is truly Twilio's.

Sources: twilio.com/docs/messaging/api/message-resource, /docs/voice/api/call-resource, /docs/usage/security.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from tocsin.clients.declining import Declined, ask
from tocsin.clients.guarded_http import Answer, GuardedHttp
from tocsin.errors import Invalid

LONGEST_TEXT = 1600  # characters of a message
LONGEST_TWIML = 4000  # characters of a call's words, given with the call
_RINGS = 40  # seconds: longer reaches voicemail, which presses no key
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_NOT_IN_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_NOT_NOW = frozenset({21611})  # the sender's queue at Twilio is full, which passes
_EXPLAINED = {
    20003: "the account's SID or token is wrong (TOCSIN_TWILIO__ACCOUNT_SID, TOCSIN_TWILIO__AUTH_TOKEN)",
    21211: "that is no number that can be reached",
    21408: "the account may not send to that country",
    21606: "the sender is no number of this account (TOCSIN_TWILIO__SENDER)",
    21610: "that phone told the sender to stop; it must text START to it first",
    21611: "too many texts of this sender wait at Twilio already",
    21614: "that number takes no texts",
}


class Twilio:
    """One account of Twilio."""

    def __init__(self, http: GuardedHttp, account_sid: str, auth_token: str, sender: str, url: str) -> None:
        self._http = http
        self._account = f"{url.rstrip('/')}/2010-04-01/Accounts/{account_sid}"
        self._authorization = "Basic " + base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._token = auth_token.encode()
        self._sender = sender

    @property
    def can_call(self) -> bool:
        """Whether the sender is a number; a messaging service can't call."""
        return self._sender.startswith("+")

    async def text(self, to: str, body: str, status_to: str | None) -> str:
        """Send a text; its SID. `status_to` is told what became of it. Raises Declined."""
        sender = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        fields = {"To": to, sender: self._sender, "Body": body}
        return await self._create("Messages", fields | ({"StatusCallback": status_to} if status_to else {}))

    async def call(self, to: str, twiml: str, status_to: str) -> str:
        """Call and speak; the call's SID. Raises Declined."""
        fields = {"To": to, "From": self._sender, "Twiml": twiml, "Timeout": str(_RINGS), "StatusCallback": status_to}
        return await self._create("Calls", fields | {"StatusCallbackEvent": "completed"})

    def is_from_twilio(self, url: str, fields: Sequence[tuple[str, str]], signature: str) -> bool:
        """Whether Twilio signed this call to us: HMAC-SHA1 over the address and the sorted fields."""
        return hmac.compare_digest(sign(self._token, url, fields).encode(), signature.encode("utf-8", "replace"))

    async def _create(self, what: str, fields: Mapping[str, str]) -> str:
        headers = {"Authorization": self._authorization, "Content-Type": "application/x-www-form-urlencoded"}
        content = urlencode(fields).encode()
        answer = await ask(
            self._http, "POST", f"{self._account}/{what}.json", service="Twilio", content=content, headers=headers
        )
        if not answer.ok:
            raise _refusal(answer)
        try:
            return str(answer.json()["sid"])
        except (ValueError, KeyError, TypeError):
            return ""


def sign(token: bytes, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """What stands in `X-Twilio-Signature`; a field given twice with the same value counts once."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token, signed.encode(), hashlib.sha1).digest()).decode()


def xml_text(text: str) -> str:
    """Text inside an element of TwiML: escaped, without the characters that XML 1.0 §2.2 has no way to write."""
    return escape(_NOT_IN_XML.sub("", text))


def check_number(address: str) -> str:
    """A phone number in E.164, as it is kept; Invalid for anything else."""
    number = re.sub(r"[\s().\-]", "", address)
    number = "+" + number[2:] if number.startswith("00") else number
    if not _NUMBER.fullmatch(number):
        raise Invalid(f"'{address[:40]}' is no phone number; write it with its country: +44 7700 900123", "target")
    return number


def _refusal(answer: Answer) -> Declined:
    """What Twilio said no with: its own code, explained where we can, and whether that passes."""
    try:
        told = answer.json()
        code, said = int(told["code"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        return Declined(f"Twilio answered {answer.status}: {' '.join(answer.text.split())[:200]}", permanent=True)
    return Declined(f"Twilio {code}: {_EXPLAINED.get(code, said[:200])}", permanent=code not in _NOT_NOW)
