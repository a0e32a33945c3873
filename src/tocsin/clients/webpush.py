"""Web Push: a message to one browser, which nobody on its way can read.

Sources: RFC 8030 (the push service's API), RFC 8291 (aes128gcm, for the browser alone), RFC 8292 (VAPID: who sends it).
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tocsin.clients.addresses import check_url
from tocsin.clients.guarded_http import Answer, GuardedHttp
from tocsin.errors import Invalid

MOST_BYTES = 3_800
"""Of the 4,096 that every push service takes, what is left for the text itself."""
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_TOKEN_LASTS = timedelta(hours=12)  # at most 24 (RFC 8292, 2)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Subscription:
    """A browser that wants to be told: its push service's address, and the keys by which only it can read."""

    endpoint: str
    p256dh: bytes
    auth: bytes

    @classmethod
    def parse(cls, text: str) -> "Subscription":
        """From a `PushSubscription`'s own JSON. Invalid says what of it is wrong."""
        try:
            told = json.loads(text)
            endpoint, keys = told["endpoint"], told["keys"]
            p256dh, auth = _decoded(keys["p256dh"]), _decoded(keys["auth"])
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Invalid("this is no push subscription of a browser; subscribe on the page", "target") from error
        if not isinstance(endpoint, str) or len(auth) != 16 or len(endpoint) > 2_000:
            raise Invalid("this is no push subscription of a browser; subscribe on the page", "target")
        host, _ = check_url(endpoint)
        if urlsplit(endpoint).scheme != "https" and host not in _LOOPBACK:
            raise Invalid("a push service has an https address", "target")
        return cls(endpoint, p256dh, auth)

    def text(self) -> str:
        """As it is kept."""
        keys = {"p256dh": _encoded(self.p256dh), "auth": _encoded(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys}, separators=(",", ":"))


class WebPush:
    """The sender that push services know by its public key."""

    def __init__(self, http: GuardedHttp, secret: bytes, subject: str) -> None:
        """`secret`: 32 bytes that stay the same, of which the key is made; `subject`: a `mailto:` or https address."""
        self._http = http
        self._secret = secret
        self._subject = subject

    async def push(
        self, to: Subscription, text: bytes, *, topic: str, urgent: bool, lasts: timedelta, now: datetime
    ) -> Answer:
        """POST one message. AddressRefused, Unreachable. `topic` (at most 32 characters): a later one replaces it."""
        import http_ece  # type: ignore[import-untyped] # late: few processes push

        content = http_ece.encrypt(
            text,
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=to.p256dh,
            auth_secret=to.auth,
            version="aes128gcm",
        )
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(lasts.total_seconds())),
            "Urgency": "high" if urgent else "normal",
            "Topic": topic,
            "Authorization": self._authorization(to.endpoint, now),
        }
        return await self._http.call("POST", to.endpoint, content=content, headers=headers)

    def _authorization(self, endpoint: str, now: datetime) -> str:
        from py_vapid import Vapid02  # type: ignore[import-untyped]

        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + _TOKEN_LASTS).timestamp()),
            "sub": self._subject,
        }
        return str(Vapid02(_private(self._secret)).sign(claims)["Authorization"])


def public_key(secret: bytes) -> str:
    """What a browser subscribes with (`applicationServerKey`), base64url."""
    form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return _encoded(_private(secret).public_key().public_bytes(*form))


@lru_cache(maxsize=4)
def _private(secret: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(secret, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("no base64url") from error


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
