"""Telegram's Bot API as far as messages to a person need it (core.telegram.org/bots/api)."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.clients.declining import Declined, as_json, ask, retry_after, said_by, seconds_of
from tocsin.clients.guarded_http import Answer, GuardedHttp

LONGEST_TEXT = 4096
LONGEST_DATA = 64  # bytes that a button may carry
_EXPLAINED = {
    401: "the bot's token is not good (TOCSIN_TELEGRAM__BOT_TOKEN)",
    403: "that person has not started the bot, or has blocked it",
}


class Telegram:
    """One bot."""

    def __init__(self, http: GuardedHttp, bot_token: str, webhook_secret: str, url: str) -> None:
        self._http = http
        self._bot = f"{url.rstrip('/')}/bot{bot_token}"
        self._secret = webhook_secret.encode()

    async def send(self, chat: str, text: str, rows: Sequence[Sequence[Mapping[str, str]]]) -> int:
        """Send a message with rows of buttons; its id. Raises Declined."""
        body: dict[str, Any] = {"chat_id": int(chat), "text": text, "link_preview_options": {"is_disabled": True}}
        if rows:
            body["reply_markup"] = {"inline_keyboard": [list(row) for row in rows]}
        content, headers = as_json(body)
        answer = await ask(
            self._http,
            "POST",
            f"{self._bot}/sendMessage",
            service="Telegram",
            content=content,
            headers=headers,
            wait=_wait,
        )
        told = said_by(answer)
        if told.get("ok") is not True:
            said = _EXPLAINED.get(answer.status, "")
            described = str(told.get("description") or f"answered {answer.status}")[:200]
            raise Declined(f"Telegram: {described}" + (f" ({said})" if said else ""), permanent=True)
        return int(told["result"]["message_id"])

    def is_from_telegram(self, secret: str) -> bool:
        """Whether a call to our webhook carries the secret that Telegram was told."""
        return hmac.compare_digest(secret.encode("utf-8", "replace"), self._secret)


def _wait(answer: Answer) -> float | None:
    parameters = said_by(answer).get("parameters")
    told = seconds_of(parameters.get("retry_after")) if isinstance(parameters, dict) else None
    return told if told is not None else retry_after(answer)
