"""A webhook of one's own: JSON by POST, signed.

The headers are those of Standard Webhooks (standardwebhooks.com): `webhook-id` (the same when it is sent again),
`webhook-timestamp`, `webhook-signature`; and `Tocsin-Signature: v1=HEX`, an HMAC-SHA256 over `ID.TIMESTAMP.BODY`.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tocsin.clients.addresses import AddressRefused, check_url, shown
from tocsin.clients.guarded_http import Answer, GuardedHttp, Unreachable
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.identity.keys import Keys
from tocsin.paging.message import Message
from tocsin.paging.methods import Means

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes of a key
_TRY_AGAIN = (408, 425, 429)


class Webhook:
    """What is kept is the address and its secret, `URL SECRET`; the secret is made here and told once.

    An address in a policy is sent to with `policy_secrets`, of which there may be several.
    """

    kind: ClassVar[str] = "webhook"
    lane: ClassVar[str] = "webhook"
    label: ClassVar[str] = "Webhook"
    example: ClassVar[str] = "https://hooks.example/pages"
    secret: ClassVar[bool] = True

    def __init__(self, means: Means) -> None:
        self._http = means.http

    @staticmethod
    def missing(means: Means) -> str | None:
        del means
        return None

    @staticmethod
    def check(address: str) -> str:
        url, _, secret = address.strip().partition(" ")
        check_url(url)
        if secret:
            _check_secret(secret)
        return f"{url} {secret or _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()}"

    @staticmethod
    def shown(address: str) -> str:
        return shown(address.partition(" ")[0])

    async def send(self, address: str, message: Message) -> Outcome:
        url, *keys = address.split()
        body = json.dumps(_body(message), ensure_ascii=False, separators=(",", ":")).encode()
        answer = await post(self._http, url, body, sign(keys, message, body))
        return answer if isinstance(answer, Outcome) else outcome_of(answer, {"status": answer.status})


def _check_secret(secret: str) -> None:
    """A secret as Standard Webhooks wants it, so that whatever is kept can sign."""
    wanted = (
        f"a webhook's secret is {_PREFIX} and {_SHORTEST} to {_LONGEST} bytes as base64; leave it out to have one made"
    )
    if not secret.startswith(_PREFIX):
        raise Invalid(wanted, "target")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:  # ValueError: a character that is not of ASCII
        raise Invalid(wanted, "target") from error
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise Invalid(wanted, "target")


def secret_of(address: str) -> str:
    """The secret of a kept address."""
    return address.partition(" ")[2]


def policy_secrets(keys: Keys, url: str) -> tuple[str, ...]:
    """The secrets of an address in a policy: one of each installation key, the newest first, so that keys can change."""
    return tuple(_PREFIX + base64.b64encode(secret).decode() for secret in keys.derived("policy webhook", url))


def sign(keys: Sequence[str], message: Message, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows who sent it, and that it is not an old one; signed with each of the secrets."""
    id = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    timestamp = str(int(message.at.timestamp()))
    signed = f"{id}.{timestamp}.".encode() + body
    digests = [hmac.new(base64.b64decode(key.removeprefix(_PREFIX)), signed, hashlib.sha256).digest() for key in keys]
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
        "Tocsin-Signature": f"v1={digests[0].hex()}",
    }


async def post(
    http: GuardedHttp, url: str, body: Mapping[str, Any] | bytes, headers: Mapping[str, str]
) -> Answer | Outcome:
    """POST JSON; what the guard refuses fails for good, what does not answer is tried again."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    try:
        return await http.call("POST", url, content=content, headers={"Content-Type": "application/json", **headers})
    except AddressRefused as error:
        return Outcome("failed", error=error.message)
    except Unreachable as error:
        return Outcome("retry", error=error.message)


def outcome_of(answer: Answer, receipt: Mapping[str, Any]) -> Outcome:
    """What an HTTP status means for a message: taken, not now, never."""
    if answer.ok:
        return Outcome("sent", receipt)
    error = f"answered {answer.status}: {' '.join(answer.text.split())[:200]}"
    if answer.status in _TRY_AGAIN or answer.status >= 500:
        after = answer.headers.get("retry-after", "")
        return Outcome("retry", error=error, retry_after=min(float(after), 300.0) if after.isdecimal() else None)
    return Outcome("failed", error=error)


_TYPES = {
    "page": "page.opened",
    "over": "page.over",
    "told": "page.shadowed",
    "code": "method.code",
    "test": "method.test",
}


def _body(message: Message) -> dict[str, Any]:
    return {
        "type": _TYPES[message.kind],
        "timestamp": message.at.isoformat().replace("+00:00", "Z"),
        "data": {
            "page_id": message.page_id,
            "title": message.title,
            "text": message.text,
            "severity": message.severity,
            "urgent": message.urgent,
            "link": message.link,
            "sent_again": message.again,
        },
    }


METHOD = Webhook
