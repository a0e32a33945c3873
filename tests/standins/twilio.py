"""Twilio's API for messages and calls, with its refusals by code, and its signed callbacks."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

from tests.standins.receiver import Received, Receiver, Refusal

ACCOUNT, TOKEN, NUMBER = "AC" + "0a" * 16, "5ecret" * 5 + "ab", "+15005550006"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ALLOWED = {
    "Messages": {"To", "From", "MessagingServiceSid", "Body", "StatusCallback"},
    "Calls": {"To", "From", "Twiml", "Timeout", "StatusCallback", "StatusCallbackEvent", "StatusCallbackMethod"},
}
_STATUS = {20003: 401, 20404: 404, 20429: 429}


@dataclass(frozen=True)
class Created:
    """A message or call as Twilio keeps it."""

    kind: str
    sid: str
    fields: Mapping[str, str]

    @property
    def status_url(self) -> str:
        """Where its status is to be told."""
        return self.fields["StatusCallback"]

    @property
    def key_url(self) -> str:
        """Where the key that is pressed during a call is to be told."""
        (gather,) = ET.fromstring(self.fields["Twiml"]).iter("Gather")
        return gather.attrib["action"]


class TwilioStandin(Receiver):
    """`created` is what was taken; `unsubscribed` numbers told the sender to stop."""

    def __init__(self) -> None:
        super().__init__()
        self._status = 201
        self.created: list[Created] = []
        self.unsubscribed: set[str] = set()
        self.busy = self.full = False

    def judge(self, request: Received) -> Mapping[str, Any]:
        """As api.twilio.com does."""
        found = re.fullmatch(rf"/2010-04-01/Accounts/{ACCOUNT}/(Messages|Calls)\.json", request.path)
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != expected:
            raise _refusal(20003, "Authenticate")
        if request.method != "POST" or found is None:
            raise _refusal(20404, f"The requested resource {request.path} was not found")
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            raise _refusal(20001, "the body must be a form")
        if self.busy:
            raise _refusal(20429, "Too Many Requests")
        if self.full:
            raise _refusal(21611, f"This 'From' number {NUMBER} has exceeded the maximum number of queued messages")
        form = parse_qs(request.body.decode(), strict_parsing=True, keep_blank_values=True)
        fields = {name: values[0] for name, values in form.items()}
        kind = found.group(1)
        assert set(fields) <= _ALLOWED[kind], f"no such parameters: {set(fields) - _ALLOWED[kind]}"
        self._check_numbers(fields)
        self._check_callback(fields)
        (self._check_message if kind == "Messages" else self._check_call)(fields)
        made = Created(kind, ("SM" if kind == "Messages" else "CA") + secrets.token_hex(16), fields)
        self.created.append(made)
        return {"sid": made.sid, "status": "queued", "to": fields["To"], "error_code": None}

    def _check_numbers(self, fields: Mapping[str, str]) -> None:
        to, sender = fields.get("To", ""), fields.get("From", "")
        if not to:
            raise _refusal(21604, "A 'To' phone number is required.")
        if not _E164.fullmatch(to) or to == "+15005550001":
            raise _refusal(21211, f"The 'To' number {to} is not a valid phone number.")
        if sender != NUMBER and not fields.get("MessagingServiceSid", "").startswith("MG"):
            raise _refusal(21606, f"The 'From' phone number {sender} is not valid for this account.")

    def _check_callback(self, fields: Mapping[str, str]) -> None:
        url = fields.get("StatusCallback")
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or "." not in urlsplit(url).netloc):
            raise _refusal(21609, f"The 'StatusCallback' URL {url} is not a valid URL.")

    def _check_message(self, fields: Mapping[str, str]) -> None:
        if fields["To"] in self.unsubscribed:
            raise _refusal(21610, "Attempt to send to unsubscribed recipient")
        if not fields.get("Body"):
            raise _refusal(21602, "Message body is required.")
        if len(fields["Body"]) > 1600:
            raise _refusal(21617, "The concatenated message body exceeds the 1600 character limit")

    def _check_call(self, fields: Mapping[str, str]) -> None:
        twiml = fields.get("Twiml", "")
        if not twiml or len(twiml) > 4000:
            raise _refusal(21205, "Url is not a valid URL and no Twiml of at most 4000 characters is given")
        root = ET.fromstring(twiml)
        assert root.tag == "Response" and {one.tag for one in root.iter()} <= {"Response", "Gather", "Say"}
        for gather in root.iter("Gather"):
            assert set(gather.attrib) <= {"input", "numDigits", "timeout", "method", "action"}, gather.attrib
            assert all(child.tag in ("Say", "Play", "Pause") for child in gather)


def signed(url: str, fields: Mapping[str, str], token: str = TOKEN) -> dict[str, str]:
    """The header by which Twilio proves a callback."""
    text = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": base64.b64encode(digest).decode()}


def _refusal(code: int, message: str) -> Refusal:
    status = _STATUS.get(code, 400)
    return Refusal(
        status,
        {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status},
    )
