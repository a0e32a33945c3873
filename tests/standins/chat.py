"""Slack, Telegram, Mattermost and Teams, as strict as they are about what a message to a person may be."""

import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.standins.receiver import Received, Receiver, Refusal

SLACK_TOKEN, SLACK_SECRET = "xoxb-17653672481-19874698323", "8f742231b10e8888abcd99yyyzzz85a5"
TELEGRAM_TOKEN, TELEGRAM_SECRET = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11", "a_secret-of-ours-16"
MATTERMOST_TOKEN = "q" * 26


class SlackStandin(Receiver):
    """`posts` are the messages that members see; `replaced` what buttons were replaced by."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[dict[str, Any]] = []
        self.replaced: list[dict[str, Any]] = []
        self.limited = False
        self.error = ""

    def judge(self, request: Received) -> Mapping[str, Any]:
        """Slack answers 200 with `ok: false`, but for its rate limit."""
        super().judge(request)
        if request.path == "/actions/T1/reply":
            self.replaced.append(request.json)
            return {"ok": True}
        if self.limited:
            raise Refusal(429, {"ok": False, "error": "ratelimited"})
        if request.headers.get("authorization") != f"Bearer {SLACK_TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        if self.error:
            return {"ok": False, "error": self.error}
        body = request.json
        match request.path:
            case "/api/conversations.open":
                member = str(body.get("users", ""))
                if not re.fullmatch(r"[UW][A-Z0-9]+", member) or member.startswith("UNOBODY"):
                    return {"ok": False, "error": "user_not_found"}
                return {"ok": True, "channel": {"id": f"D{member[1:]}"}}
            case "/api/chat.postMessage":
                return self._post(body)
        return {"ok": False, "error": "unknown_method"}

    def _post(self, body: dict[str, Any]) -> Mapping[str, Any]:
        if not str(body.get("channel", "")).startswith("D"):
            return {"ok": False, "error": "channel_not_found"}
        if not body.get("text"):
            return {"ok": False, "error": "no_text"}
        if len(body.get("blocks", ())) > 50 or not all(map(self._is_block, body.get("blocks", ()))):
            return {"ok": False, "error": "invalid_blocks"}
        self.posts.append(body)
        return {"ok": True, "channel": body["channel"], "ts": f"1503435956.{len(self.posts):06}"}

    @staticmethod
    def _is_block(block: dict[str, Any]) -> bool:
        match block["type"]:
            case "header":
                return block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= 150
            case "section":
                return block["text"]["type"] == "mrkdwn" and 0 < len(block["text"]["text"]) <= 3000
            case "actions":
                each = block["elements"]
                ids = [one["action_id"] for one in each]
                return (
                    0 < len(each) <= 25
                    and len(set(ids)) == len(ids)
                    and all(
                        one["type"] == "button"
                        and len(one["text"]["text"]) <= 75
                        and len(one.get("value", "")) <= 2000
                        and len(one.get("url", "")) <= 3000
                        for one in each
                    )
                )
        return False

    def press(self, post: dict[str, Any], action_id: str, member: str) -> bytes:
        """The body of the call that a pressed button makes."""
        (block,) = [one for one in post["blocks"] if one["type"] == "actions"]
        (button,) = [one for one in block["elements"] if one["action_id"] == action_id]
        payload = {
            "type": "block_actions",
            "user": {"id": member, "username": "dana", "team_id": "T1"},
            "api_app_id": "A02",
            "message": {"type": "message", "ts": "1503435956.000001", "blocks": post["blocks"]},
            "response_url": f"{self.url}/actions/T1/reply",
            "actions": [{"action_id": action_id, "value": button.get("value"), "type": "button", "block_id": "x"}],
        }
        return urlencode({"payload": json.dumps(payload)}).encode()


def slack_signed(body: bytes, at: float, secret: str = SLACK_SECRET) -> dict[str, str]:
    """The headers by which Slack proves a call."""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


class TelegramStandin(Receiver):
    """`sent` are the messages; `blocked` chats have blocked the bot."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []
        self.blocked: set[int] = set()
        self.wait: int | None = None

    def judge(self, request: Received) -> Mapping[str, Any]:
        """As the Bot API does: the status also stands in the answer."""
        super().judge(request)
        if request.path != f"/bot{TELEGRAM_TOKEN}/sendMessage":
            raise _telegram(401 if "/bot" in request.path else 404, "Unauthorized")
        if self.wait is not None:
            more = {"parameters": {"retry_after": self.wait}}
            raise Refusal(429, {"ok": False, "error_code": 429, "description": "Too Many Requests", **more})
        body = request.json
        assert set(body) <= {"chat_id", "text", "reply_markup", "link_preview_options"}, body
        if body["chat_id"] in self.blocked:
            raise _telegram(403, "Forbidden: bot was blocked by the user")
        if not isinstance(body["chat_id"], int) or body["chat_id"] == 999:
            raise _telegram(400, "Bad Request: chat not found")
        if not 0 < len(body["text"]) <= 4096:
            raise _telegram(400, "Bad Request: message is too long")
        for button in itertools.chain(*body.get("reply_markup", {}).get("inline_keyboard", ())):
            if not 0 < len(button["callback_data"].encode()) <= 64:
                raise _telegram(400, "Bad Request: BUTTON_DATA_INVALID")
        self.sent.append(body)
        return {"ok": True, "result": {"message_id": len(self.sent), "chat": {"id": body["chat_id"]}}}


def _telegram(code: int, description: str) -> Refusal:
    return Refusal(code, {"ok": False, "error_code": code, "description": description})


class MattermostStandin(Receiver):
    """`posts` are the bot's; `people` who there is."""

    def __init__(self) -> None:
        super().__init__()
        self._status = 201
        self.posts: list[dict[str, Any]] = []
        self.people = {"dana": "d" * 26, "kofi": "k" * 26}
        self.limited = False

    def judge(self, request: Received) -> Mapping[str, Any]:
        """As API v4 does."""
        if request.headers.get("authorization") != f"Bearer {MATTERMOST_TOKEN}":
            raise _mattermost(401, "Invalid or expired session, please login again.")
        if self.limited:
            raise Refusal(429, {"message": "limit exceeded"})
        path = request.path.removeprefix("/api/v4/")
        if request.method == "GET" and path == "users/me":
            return {"id": "b" * 26, "is_bot": True}
        if request.method == "GET" and path.startswith("users/username/"):
            name = path.rpartition("/")[2]
            if name not in self.people:
                raise _mattermost(404, "Unable to find an existing account matching your username")
            return {"id": self.people[name], "username": name}
        super().judge(request)
        if path == "channels/direct":
            if len(request.json) != 2 or not all(len(one) == 26 for one in request.json):
                raise _mattermost(400, "Invalid or missing user_ids in request body.")
            return {"id": "c" * 26, "type": "D", "name": "__".join(sorted(request.json))}
        if path != "posts":
            raise _mattermost(404, "Sorry, we could not find the page.")
        return self._post(request.json)

    def _post(self, post: dict[str, Any]) -> Mapping[str, Any]:
        for action in itertools.chain(*(one.get("actions", ()) for one in post["props"]["attachments"])):
            if not re.fullmatch(r"[a-zA-Z0-9]+", action["id"]) or not action["name"]:
                raise _mattermost(400, "action must have an id of letters and digits, and a name")
            if urlsplit(action["integration"]["url"]).scheme not in ("http", "https"):
                raise _mattermost(400, "action must have a valid integration URL")
        self.posts.append(post)
        return {"id": "p" * 26, "channel_id": post["channel_id"]}

    @staticmethod
    def press(post: dict[str, Any], id: str) -> tuple[str, dict[str, Any]]:
        """Where a pressed button calls, and with what."""
        (action,) = [one for one in post["props"]["attachments"][0]["actions"] if one["id"] == id]
        asked = {
            "user_id": "d" * 26,
            "user_name": "dana",
            "post_id": "p" * 26,
            "context": action["integration"]["context"],
        }
        return action["integration"]["url"], asked


def _mattermost(status: int, message: str) -> Refusal:
    return Refusal(status, {"id": "api.context", "message": message, "status_code": status})


class TeamsStandin(Receiver):
    """A workflow that posts what it receives; `cards` are the Adaptive Cards."""

    def __init__(self) -> None:
        super().__init__()
        self._status = 202
        self.cards: list[dict[str, Any]] = []

    def judge(self, request: Received) -> Mapping[str, Any]:
        """As the template "Post to a channel when a webhook request is received" needs it."""
        super().judge(request)
        if "sig=" not in request.path:
            raise Refusal(401, {"error": {"code": "DirectApiAuthorizationRequired"}})
        if len(request.body) > 28 * 1024:
            raise Refusal(413, {"error": {"code": "RequestEntityTooLarge"}})
        body = request.json
        if body.get("type") != "message" or len(body.get("attachments", ())) != 1:
            raise Refusal(400, {"error": {"code": "TriggerInputSchemaMismatch"}})
        (attachment,) = body["attachments"]
        card = attachment["content"]
        if attachment["contentType"] != "application/vnd.microsoft.card.adaptive" or card["type"] != "AdaptiveCard":
            raise Refusal(400, {"error": {"code": "InvalidCard"}})
        assert card["version"] == "1.2" and all(one["type"] == "TextBlock" and one["text"] for one in card["body"])
        assert all(one["type"] == "Action.OpenUrl" and one["url"] for one in card.get("actions", ()))
        self.cards.append(card)
        return {}
