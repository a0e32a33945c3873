"""Signed bodies: HMAC-SHA256 in a header, for senders that can sign what they send. Pure."""

import hashlib
import hmac
from collections.abc import Mapping

COMMON = ("x-tocsin-signature", "x-hub-signature-256")
"""Headers in which any sender may sign; some have one of their own beside."""


def signature(body: bytes, key: str) -> str:
    """The hexadecimal HMAC-SHA256 of a body."""
    return hmac.new(key.encode("utf-8", "surrogatepass"), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, headers: Mapping[str, str], key: str, own: str = "") -> bool:
    """Whether one of the headers carries the body's signature, bare or after `sha256=`. `own`: the sender's header.

    `headers` are asked by small letters. Takes equally long whatever is wrong.
    """
    wanted = signature(body, key).encode()
    told = [headers.get(name, "").strip().removeprefix("sha256=").lower() for name in (own, *COMMON) if name]
    fits = [hmac.compare_digest(wanted, each.encode("utf-8", "surrogatepass")) for each in told]
    return any(fits)
