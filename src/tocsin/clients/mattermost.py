"""Mattermost's REST API v4 as far as direct messages by a bot need it (api.mattermost.com)."""

from collections.abc import Mapping
from typing import Any

from tocsin.clients.declining import Declined, as_json, ask, retry_after, said_by, seconds_of
from tocsin.clients.guarded_http import Answer, GuardedHttp


class Mattermost:
    """One bot account on one server."""

    def __init__(self, http: GuardedHttp, url: str, bot_token: str) -> None:
        self._http = http
        self._api = f"{url.rstrip('/')}/api/v4"
        self._token = bot_token

    async def direct_message(self, username: str, text: str, attachment: Mapping[str, Any]) -> str:
        """Post to the person's own channel with the bot; the post's id. Raises Declined."""
        person = await self._call("GET", f"users/username/{username}")
        bot = await self._call("GET", "users/me")
        channel = await self._call("POST", "channels/direct", [bot["id"], person["id"]])
        post = {"channel_id": channel["id"], "message": text, "props": {"attachments": [dict(attachment)]}}
        return str((await self._call("POST", "posts", post))["id"])

    async def _call(self, method: str, path: str, body: Any = None) -> Mapping[str, Any]:
        content, headers = as_json(body) if body is not None else (None, {})
        headers["Authorization"] = f"Bearer {self._token}"
        answer = await ask(
            self._http,
            method,
            f"{self._api}/{path}",
            service="Mattermost",
            content=content,
            headers=headers,
            wait=_wait,
        )
        told = said_by(answer)
        if not answer.ok or "id" not in told:
            said = str(told.get("message") or f"answered {answer.status}")[:200]
            hint = " (TOCSIN_MATTERMOST__BOT_TOKEN)" if answer.status == 401 else ""
            raise Declined(f"Mattermost: {said}{hint}", permanent=True)
        return told


def _wait(answer: Answer) -> float | None:
    told = seconds_of(answer.headers.get("x-ratelimit-reset"))
    return told if told is not None else retry_after(answer)
