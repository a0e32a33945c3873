"""Matrix's Client-Server API as far as direct messages by a bot need it (spec.matrix.org, client-server, v3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tocsin.clients.declining import Declined, as_json, ask, retry_after, said_by, seconds_of
from tocsin.clients.guarded_http import SECONDS, Answer, GuardedHttp

_EXPLAINED = {
    "M_UNKNOWN_TOKEN": "the bot's token is not good (TOCSIN_MATRIX__TOKEN)",
    "M_MISSING_TOKEN": "the bot's token is not good (TOCSIN_MATRIX__TOKEN)",
}


@dataclass(frozen=True)
class Said:
    """What somebody said to the bot: a text, or a reaction (`text`) to one of its messages (`about`)."""

    event_id: str
    room: str
    sender: str
    text: str
    about: str | None = None


class Matrix:
    """One bot account on one homeserver."""

    def __init__(self, http: GuardedHttp, homeserver: str, token: str) -> None:
        self._http = http
        self._api = f"{homeserver.rstrip('/')}/_matrix/client/v3"
        self._token = token
        self._me = ""
        self._rooms: dict[str, str] = {}

    async def direct_message(self, person: str, txn: str, content: Mapping[str, Any]) -> tuple[str, str]:
        """Say something to a person in the room that the bot has with them: the room and the event. Raises Declined.

        `txn`: the same when it is sent again, so that the homeserver says it once.
        """
        room = await self._direct_room(person)
        sent = await self._call("PUT", f"rooms/{quote(room)}/send/m.room.message/{quote(txn, safe='')}", dict(content))
        return room, str(sent["event_id"])

    async def react(self, room: str, event: str, key: str, txn: str) -> None:
        """Put a reaction under a message: what others tap to answer. Raises Declined."""
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": key}}
        await self._call("PUT", f"rooms/{quote(room)}/send/m.reaction/{quote(txn, safe='')}", content)

    async def message(self, room: str, event: str) -> Mapping[str, Any]:
        """The content of one of the bot's own messages; an empty one of anybody else's. Raises Declined."""
        found = await self._call("GET", f"rooms/{quote(room)}/event/{quote(event)}")
        content = found.get("content")
        return content if found.get("sender") == await self.me() and isinstance(content, dict) else {}

    async def listen(self, since: str | None, seconds: float) -> tuple[str, Sequence[Said]]:
        """What was said since, waiting up to so long for it; from now on without `since`. Raises Declined."""
        kinds = '{"room":{"timeline":{"types":["m.room.message","m.reaction"],"limit":100}},"presence":{"types":[]}}'
        wait = int(seconds * 1000) if since else 0
        more = f"&since={quote(since, safe='')}" if since else ""
        told = await self._call("GET", f"sync?timeout={wait}&filter={quote(kinds)}{more}", seconds=seconds + 10)
        me = await self.me()
        joined = told.get("rooms", {}).get("join", {})
        events = [
            (room, each) for room, state in joined.items() for each in state.get("timeline", {}).get("events", ())
        ]
        said = [] if since is None else [made for room, each in events if (made := _said(room, each, me))]
        return str(told["next_batch"]), said

    async def me(self) -> str:
        """The bot's own user id. Raises Declined."""
        if not self._me:
            self._me = str((await self._call("GET", "account/whoami"))["user_id"])
        return self._me

    async def _direct_room(self, person: str) -> str:
        if person in self._rooms:
            return self._rooms[person]
        place = f"user/{quote(await self.me())}/account_data/m.direct"
        try:
            known = dict(await self._call("GET", place))
        except Declined as error:
            if "M_NOT_FOUND" not in error.message:
                raise
            known = {}
        rooms = known.get(person)
        if not rooms:
            asked = {"is_direct": True, "invite": [person], "preset": "trusted_private_chat"}
            rooms = [str((await self._call("POST", "createRoom", asked))["room_id"])]
            await self._call("PUT", place, {**known, person: rooms})
        self._rooms[person] = str(rooms[0])
        return self._rooms[person]

    async def _call(self, method: str, path: str, body: Any = None, seconds: float = SECONDS) -> Mapping[str, Any]:
        content, headers = as_json(body) if body is not None else (None, {})
        headers["Authorization"] = f"Bearer {self._token}"
        answer = await ask(
            self._http,
            method,
            f"{self._api}/{path}",
            service="Matrix",
            content=content,
            headers=headers,
            wait=_wait,
            seconds=seconds,
        )
        told = said_by(answer)
        if not answer.ok:
            code = str(told.get("errcode") or f"answered {answer.status}")
            said = _EXPLAINED.get(code, str(told.get("error") or "")[:200])
            if code == "M_FORBIDDEN":
                self._rooms.clear()  # they left the room; the next try finds or makes another
            raise Declined(f"Matrix {code}: {said}".rstrip(": "), permanent=True)
        return told


def _said(room: str, event: Mapping[str, Any], me: str) -> Said | None:
    sender, content = str(event.get("sender", "")), event.get("content")
    if sender == me or not isinstance(content, dict):
        return None
    if event.get("type") == "m.reaction":
        relates = content.get("m.relates_to")
        if not isinstance(relates, dict) or relates.get("rel_type") != "m.annotation":
            return None
        return Said(str(event.get("event_id")), room, sender, str(relates.get("key")), str(relates.get("event_id")))
    if content.get("msgtype") != "m.text":
        return None
    return Said(str(event.get("event_id")), room, sender, str(content.get("body")))


def _wait(answer: Answer) -> float | None:
    told = seconds_of(said_by(answer).get("retry_after_ms"))
    return told / 1000 if told is not None else retry_after(answer)
