"""Slack's Web API as far as messages to a person need it, and whether a button's call is truly Slack's.

Sources: docs.slack.dev/reference/methods/chat.postMessage, /conversations.open, /authentication/verifying-requests-from-slack.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.clients.declining import Declined, as_json, ask, said_by
from tocsin.clients.guarded_http import GuardedHttp

_OLDEST = 300  # seconds: a call that is older is a replay
_TRY_AGAIN = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_EXPLAINED = {
    "invalid_auth": "the bot's token is not good (TOCSIN_SLACK__BOT_TOKEN)",
    "not_authed": "the bot's token is not good (TOCSIN_SLACK__BOT_TOKEN)",
    "token_revoked": "the bot's token was revoked (TOCSIN_SLACK__BOT_TOKEN)",
    "account_inactive": "the bot was removed from the workspace",
    "missing_scope": "the app needs the scopes chat:write and im:write",
    "user_not_found": "there is no such member",
    "user_disabled": "that member was deactivated",
    "cannot_dm_bot": "that is a bot",
}


class Slack:
    """One app in one workspace."""

    def __init__(self, http: GuardedHttp, bot_token: str, signing_secret: str, url: str) -> None:
        self._http = http
        self._token = bot_token
        self._secret = signing_secret.encode()
        self._url = url.rstrip("/")

    async def direct_message(self, member: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Post to a member's own conversation with the app; its channel and `ts`. Raises Declined."""
        opened = await self._call("conversations.open", {"users": member})
        channel = str(opened.get("channel", {}).get("id", ""))
        body = {"channel": channel, "text": text, "blocks": list(blocks), "unfurl_links": False, "unfurl_media": False}
        posted = await self._call("chat.postMessage", body)
        return {"channel": channel, "ts": str(posted.get("ts", ""))}

    async def replace(self, response_url: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Put other words in the place of a message whose button was pressed. Raises Declined."""
        content, headers = as_json({"replace_original": True, "text": text, "blocks": list(blocks)})
        await ask(self._http, "POST", response_url, service="Slack", content=content, headers=headers)

    def is_from_slack(self, timestamp: str, signature: str, body: bytes, now: float) -> bool:
        """Whether Slack signed this call, not longer than five minutes ago. `now` in Unix seconds."""
        if not (timestamp.isascii() and timestamp.isdecimal()) or abs(now - int(timestamp)) > _OLDEST:
            return False
        digest = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={digest}".encode(), signature.encode("utf-8", "replace"))

    async def _call(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        content, headers = as_json(body)
        headers["Authorization"] = f"Bearer {self._token}"
        answer = await ask(
            self._http, "POST", f"{self._url}/{method}", service="Slack", content=content, headers=headers
        )
        told = said_by(answer)
        if told.get("ok") is not True:
            error = str(told.get("error") or f"answered {answer.status}")
            raise Declined(f"Slack {error}: {_EXPLAINED.get(error, method)}", permanent=error not in _TRY_AGAIN)
        return told
