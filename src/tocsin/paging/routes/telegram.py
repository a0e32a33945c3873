"""What Telegram calls: a button was pressed, or somebody wrote to the bot. The answer carries what the bot is to do."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tocsin.clients.telegram import Telegram
from tocsin.paging.methods.telegram import ACKNOWLEDGE, PASS_ON
from tocsin.paging.usecases import replies
from tocsin.store.database import Database

_DO = {ACKNOWLEDGE: replies.ACKNOWLEDGE, PASS_ON: replies.PASS_ON}
_LONGEST_ANSWER = 200  # characters of answerCallbackQuery


def routes(database: Database, telegram: Telegram) -> list[Route]:
    """POST /callbacks/telegram: what `setWebhook` is told."""
    return [Route("/callbacks/telegram", _Door(database, telegram).update, methods=["POST"])]


class _Door:
    def __init__(self, database: Database, telegram: Telegram) -> None:
        self._database, self._telegram = database, telegram

    async def update(self, request: Request) -> Response:
        """One update. What is of no use is answered 200, since Telegram repeats whatever is not."""
        if not self._telegram.is_from_telegram(request.headers.get("x-telegram-bot-api-secret-token", "")):
            return PlainTextResponse("the secret is not the one that setWebhook was told\n", 403)
        try:
            update = json.loads(await request.body())
        except ValueError:
            return PlainTextResponse("an update is JSON\n", 400)
        if isinstance(update, dict) and isinstance(update.get("callback_query"), dict):
            return await self._pressed(update["callback_query"])
        if isinstance(update, dict) and isinstance(update.get("message"), dict):
            return _greeted(update["message"])
        return Response(status_code=200)

    async def _pressed(self, query: dict[str, Any]) -> Response:
        what, _, page = str(query.get("data", "")).partition(":")
        do, sender = _DO.get(what, ""), str(query.get("from", {}).get("id", ""))
        said = await self._database.write_async(
            lambda c, now: replies.answer_by_page(c, "telegram", sender, page, do, now)
        )
        answer = {"callback_query_id": query.get("id"), "text": said[:_LONGEST_ANSWER], "show_alert": True}
        return JSONResponse({"method": "answerCallbackQuery", **answer})


def _greeted(message: dict[str, Any]) -> Response:
    chat = message.get("chat") or {}
    if chat.get("type") != "private":
        return Response(status_code=200)
    text = f"Your chat is {chat.get('id')}. Enter that number in Tocsin, under your own settings, as Telegram."
    return JSONResponse({"method": "sendMessage", "chat_id": chat.get("id"), "text": text})
