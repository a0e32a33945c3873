"""A push service as RFC 8030, 8291 and 8292 have it: it checks who sends, and only the browser can read what is sent."""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import http_ece  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.standins.receiver import Received, Receiver, Refusal

_AUTHORIZATION = re.compile(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), ?k=([\w-]+)")
_DAY = 24 * 3600


class PushServiceStandin(Receiver):
    """`told` are the messages as the browsers read them, with the headers that came."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._browsers: dict[str, tuple[ec.EllipticCurvePrivateKey, bytes, str]] = {}
        self.told: list[tuple[dict[str, Any], Mapping[str, str]]] = []
        self.gone: set[str] = set()
        self.answer_with(201)

    def subscribe(self, server_key: str) -> str:
        """A browser's new subscription, as its own JSON."""
        name = f"b{len(self._browsers)}"
        key, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self._browsers[name] = key, auth, server_key
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        keys = {"p256dh": _encoded(point), "auth": _encoded(auth)}
        return json.dumps({"endpoint": f"{self.url}/push/{name}", "expirationTime": None, "keys": keys})

    def judge(self, request: Received) -> Mapping[str, Any]:
        """201 for a right message."""
        if request.method != "POST":
            raise Refusal(405, {"error": "POST only"})
        name = request.path.removeprefix("/push/")
        if name in self.gone:
            raise Refusal(410, {"error": "push subscription has unsubscribed or expired"})
        if name not in self._browsers:
            raise Refusal(404, {"error": "no such subscription"})
        key, auth, server_key = self._browsers[name]
        self._check_sender(request.headers.get("authorization", ""), server_key)
        if request.headers.get("content-encoding") != "aes128gcm":
            raise Refusal(400, {"error": "Content-Encoding is aes128gcm"})
        if not request.headers.get("ttl", "").isdecimal():
            raise Refusal(400, {"error": "TTL is missing"})
        if request.headers.get("urgency") not in ("very-low", "low", "normal", "high"):
            raise Refusal(400, {"error": "Urgency is wrong"})
        if not re.fullmatch(r"[\w-]{1,32}", request.headers.get("topic", "")):
            raise Refusal(400, {"error": "Topic is at most 32 characters of base64url"})
        if len(request.body) > 4096:
            raise Refusal(413, {"error": "payload too large"})
        text = http_ece.decrypt(request.body, private_key=key, auth_secret=auth, version="aes128gcm")
        self.told.append((json.loads(text), request.headers))
        return {}

    def _check_sender(self, told: str, server_key: str) -> None:
        found = _AUTHORIZATION.fullmatch(told)
        if not found:
            raise Refusal(401, {"error": "no VAPID authorization"})
        head, body, signature, key = found.groups()
        if key != server_key:
            raise Refusal(403, {"error": "the subscription belongs to another application server key"})
        raw = _decoded(signature)
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(key))
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        try:
            public.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise Refusal(403, {"error": "the signature is wrong"}) from error
        claims = json.loads(_decoded(body))
        if json.loads(_decoded(head))["alg"] != "ES256" or claims["aud"] != self.url:
            raise Refusal(403, {"error": "another audience"})
        if not 0 < claims["exp"] - self._now().timestamp() <= _DAY:
            raise Refusal(403, {"error": "it expires within 24 hours"})
        if urlsplit(claims["sub"]).scheme not in ("mailto", "https"):
            raise Refusal(403, {"error": "sub is a mailto: or https: address"})


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
