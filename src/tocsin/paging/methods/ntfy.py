"""ntfy: push to a phone by a topic on ntfy.sh or one's own server (docs.ntfy.sh/publish)."""

import base64
import re
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from tocsin.clients.addresses import check_url, shown
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.message import Message
from tocsin.paging.methods import Means
from tocsin.paging.methods.webhook import outcome_of, post

_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
_MOST_BYTES = 3500  # of ntfy's 4096


class Ntfy:
    """The address is the topic's own: https://ntfy.sh/TOPIC; with access, https://:TOKEN@… or https://USER:PASSWORD@…"""

    kind: ClassVar[str] = "ntfy"
    lane: ClassVar[str] = "ntfy"
    label: ClassVar[str] = "ntfy"
    example: ClassVar[str] = "https://ntfy.sh/TOPIC"
    secret: ClassVar[bool] = True

    def __init__(self, means: Means) -> None:
        self._http: GuardedHttp = means.http

    @staticmethod
    def missing(means: Means) -> str | None:
        del means
        return None

    @staticmethod
    def check(address: str) -> str:
        address = address.strip()
        check_url(address)
        if not _TOPIC.fullmatch(urlsplit(address).path.strip("/").rpartition("/")[2]):
            raise Invalid(
                "an ntfy address ends with its topic: https://ntfy.sh/TOPIC (letters, digits, - and _)", "target"
            )
        return address

    @staticmethod
    def shown(address: str) -> str:
        return shown(address)

    async def send(self, address: str, message: Message) -> Outcome:
        server, topic, headers = _parts(address)
        answer = await post(self._http, server, _body(topic, message), headers)
        if isinstance(answer, Outcome):
            return answer
        try:
            receipt = {"id": answer.json()["id"]} if answer.ok else {}
        except (ValueError, KeyError, TypeError):
            receipt = {}
        return outcome_of(answer, receipt)


def _parts(address: str) -> tuple[str, str, dict[str, str]]:
    """The server's own address, the topic, and the headers that open it."""
    parts = urlsplit(address)
    base, _, topic = parts.path.strip("/").rpartition("/")
    host = parts.netloc.rpartition("@")[2]
    headers = {}
    if parts.password and not parts.username:
        headers["Authorization"] = f"Bearer {unquote(parts.password)}"
    elif parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return f"{parts.scheme}://{host}/{base}", topic, headers


def _body(topic: str, message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {
        "topic": topic,
        "title": message.title[:250],
        "message": message.text.encode()[:_MOST_BYTES].decode("utf-8", "ignore") or message.title,
        "priority": 5 if message.urgent else 3,
        "tags": {"page": ["rotating_light"], "over": ["white_check_mark"]}.get(message.kind, ["bell"]),
    }
    if message.link:
        body["click"] = message.link
    if message.link and message.kind == "page":
        body["actions"] = [
            {
                "action": "http",
                "label": "Acknowledge",
                "url": message.link,
                "method": "POST",
                "headers": {"Content-Type": "application/x-www-form-urlencoded"},
                "body": "do=acknowledge",
                "clear": True,
            },
            {"action": "view", "label": "Open", "url": message.link},
        ]
    return body


METHOD = Ntfy
