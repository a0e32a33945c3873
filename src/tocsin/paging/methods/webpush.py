"""Web Push: a notification on a phone or desk whose browser subscribed, with buttons that answer (docs/methods/webpush.md)."""

import hashlib
import json
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tocsin.clients.addresses import AddressRefused
from tocsin.clients.guarded_http import Unreachable
from tocsin.clients.webpush import MOST_BYTES, Subscription
from tocsin.engine.deliveries import Outcome
from tocsin.paging.links import token_in
from tocsin.paging.message import Message
from tocsin.paging.methods import Means
from tocsin.paging.methods.webhook import outcome_of

_LASTS = timedelta(hours=4)
_GONE = (404, 410)


class Push:
    """The address is a browser's own subscription, which it makes itself: nobody types it."""

    kind: ClassVar[str] = "webpush"
    lane: ClassVar[str] = "webpush"
    label: ClassVar[str] = "Notification"
    example: ClassVar[str] = ""
    secret: ClassVar[bool] = True

    def __init__(self, means: Means) -> None:
        self._push = means.services.webpush

    @staticmethod
    def missing(means: Means) -> str | None:
        return None if means.services.webpush else "notifications need the installation's key"

    @staticmethod
    def check(address: str) -> str:
        return Subscription.parse(address).text()

    @staticmethod
    def shown(address: str) -> str:
        return f"by {urlsplit(Subscription.parse(address).endpoint).hostname}"

    async def send(self, address: str, message: Message) -> Outcome:
        assert self._push is not None
        to = Subscription.parse(address)
        topic = hashlib.sha256((message.thread or message.key).encode()).hexdigest()[:32]
        try:
            answer = await self._push.push(
                to, _text(message, topic), topic=topic, urgent=message.urgent, lasts=_LASTS, now=message.at
            )
        except AddressRefused as error:
            return Outcome("failed", error=error.message)
        except Unreachable as error:
            return Outcome("retry", error=error.message)
        if answer.status in _GONE:
            return Outcome("failed", {"gone": True}, "this browser has unsubscribed; subscribe it again")
        where = answer.headers.get("location", "")
        return outcome_of(answer, {"status": answer.status, **({"message": where[:500]} if where else {})})


def _text(message: Message, tag: str) -> bytes:
    """What the service worker reads; the text is cut until it fits."""
    told: dict[str, Any] = {
        "kind": message.kind,
        "tag": tag,
        "title": message.title[:200],
        "urgent": message.urgent,
        "at": message.at.isoformat(),
    }
    if message.link:
        told["token"] = token_in(message.link)
    if message.kind == "code":
        told["code"] = message.title.rpartition(" ")[2]
    room = MOST_BYTES - len(json.dumps(told, ensure_ascii=False).encode()) - 20
    body = "\n".join(message.lines)
    while len(json.dumps(body, ensure_ascii=False).encode()) > room:
        body = body[: len(body) * 3 // 4]
    return json.dumps({**told, "body": body}, ensure_ascii=False).encode()


METHOD = Push
