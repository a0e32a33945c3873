"""A Matrix homeserver as the Client-Server API has it: tokens, rooms and their members, events once by transaction, sync."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.standins.receiver import Received, Receiver, Refusal

MATRIX_TOKEN = "syt_dG9jc2lu_abc"
BOT = "@tocsin:matrix.example"


class MatrixStandin(Receiver):
    """`events` are all that was said, in order; `answer` says something as a person."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[str, set[str]] = {}
        self.direct: dict[str, list[str]] = {}
        self.events: list[dict[str, Any]] = []
        self.users = {"@dana:matrix.example", "@kofi:matrix.example"}
        self.wait_ms: int | None = None
        self._sent: dict[tuple[str, str], str] = {}

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the bot said."""
        return [each for each in self.events if each["type"] == "m.room.message" and each["sender"] == BOT]

    def react(self, sender: str, message: dict[str, Any], key: str) -> None:
        """A person taps a reaction."""
        relates = {"rel_type": "m.annotation", "event_id": message["event_id"], "key": key}
        self._add("m.reaction", message["room_id"], sender, {"m.relates_to": relates})

    def reply(self, sender: str, room: str, text: str) -> None:
        """A person writes something."""
        self._add("m.room.message", room, sender, {"msgtype": "m.text", "body": text})

    def judge(self, request: Received) -> Mapping[str, Any]:
        if request.headers.get("authorization") != f"Bearer {MATRIX_TOKEN}":
            raise _refusal(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.")
        if self.wait_ms is not None:
            raise Refusal(429, {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many", "retry_after_ms": self.wait_ms})
        parts = urlsplit(request.path)
        path = [unquote(each) for each in parts.path.removeprefix("/_matrix/client/v3/").split("/")]
        match request.method, path:
            case "GET", ["account", "whoami"]:
                return {"user_id": BOT}
            case "GET", ["user", user, "account_data", "m.direct"] if user == BOT:
                if not self.direct:
                    raise _refusal(404, "M_NOT_FOUND", "Account data not found")
                return self.direct
            case "PUT", ["user", user, "account_data", "m.direct"] if user == BOT:
                self.direct = request.json
                return {}
            case "POST", ["createRoom"]:
                return self._create(request.json)
            case "PUT", ["rooms", room, "send", kind, txn]:
                return self._send(room, kind, txn, request.json)
            case "GET", ["rooms", room, "event", event]:
                return self._event(room, event)
            case "GET", ["sync"]:
                return self._sync(parse_qs(parts.query))
        raise _refusal(404, "M_UNRECOGNIZED", f"Unrecognized request {request.method} {parts.path}")

    def _create(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        for user in asked["invite"]:
            if user not in self.users:
                raise _refusal(404, "M_NOT_FOUND", f"User {user} not found")
        room = f"!r{len(self.rooms)}:matrix.example"
        self.rooms[room] = {BOT, *asked["invite"]}
        return {"room_id": room}

    def _send(self, room: str, kind: str, txn: str, content: dict[str, Any]) -> Mapping[str, Any]:
        if BOT not in self.rooms.get(room, ()):
            raise _refusal(403, "M_FORBIDDEN", "User not in room")
        if (room, txn) in self._sent:
            return {"event_id": self._sent[room, txn]}
        if kind == "m.room.message" and not (content.get("msgtype") and isinstance(content.get("body"), str)):
            raise _refusal(400, "M_BAD_JSON", "msgtype and body are required")
        if kind == "m.reaction" and not re.fullmatch(r"\$e\d+", content["m.relates_to"]["event_id"]):
            raise _refusal(400, "M_BAD_JSON", "no such event")
        self._sent[room, txn] = self._add(kind, room, BOT, content)
        return {"event_id": self._sent[room, txn]}

    def _event(self, room: str, event: str) -> Mapping[str, Any]:
        for each in self.events:
            if (each["room_id"], each["event_id"]) == (room, event):
                return each
        raise _refusal(404, "M_NOT_FOUND", "Event not found")

    def _sync(self, query: Mapping[str, list[str]]) -> Mapping[str, Any]:
        since = query.get("since", [""])[0]
        if since and not re.fullmatch(r"s\d+", since):
            raise _refusal(400, "M_UNKNOWN", "Invalid stream token")
        joined: dict[str, Any] = {}
        for each in self.events[int(since[1:]) if since else 0 :]:
            joined.setdefault(each["room_id"], {"timeline": {"events": []}})["timeline"]["events"].append(each)
        return {"next_batch": f"s{len(self.events)}", "rooms": {"join": joined}}

    def _add(self, kind: str, room: str, sender: str, content: dict[str, Any]) -> str:
        event = f"$e{len(self.events)}"
        self.events.append({"type": kind, "event_id": event, "room_id": room, "sender": sender, "content": content})
        return event


def _refusal(status: int, code: str, error: str) -> Refusal:
    return Refusal(status, {"errcode": code, "error": error})
