"""What Twilio calls: what became of a message, the key that was pressed, a text that came in."""

from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.clients.twilio import Twilio, xml_text
from tocsin.paging.methods.voice import ACKNOWLEDGE, PASS_ON
from tocsin.paging.usecases import replies
from tocsin.paging.usecases.receipts import State, record_receipt
from tocsin.store.database import Database

_FINAL: Mapping[str, State] = {
    "delivered": "delivered",
    "completed": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "busy": "undelivered",
    "no-answer": "undelivered",
    "canceled": "undelivered",
}
_WORDS = {"completed": "the call was answered", "busy": "the line was busy", "no-answer": "nobody picked up"}
_KEYS = {ACKNOWLEDGE: replies.ACKNOWLEDGE, PASS_ON: replies.PASS_ON}
_MOST_FIELDS = 200


def routes(database: Database, twilio: Twilio, public_url: str) -> list[Route]:
    """POST /callbacks/twilio/status, /key and /text. `public_url` is what Twilio signed."""
    door = _Door(database, twilio, public_url)
    return [
        Route("/callbacks/twilio/status", door.status, methods=["POST"]),
        Route("/callbacks/twilio/key", door.key, methods=["POST"]),
        Route("/callbacks/twilio/text", door.text, methods=["POST"]),
    ]


class _Door:
    def __init__(self, database: Database, twilio: Twilio, public_url: str) -> None:
        self._database, self._twilio, self._public_url = database, twilio, public_url

    async def status(self, request: Request) -> Response:
        """What became of a text or a call. Twilio wants no more than a 2xx."""
        form = await self._proven(request)
        if form is None:
            return _refused()
        status = str(form.get("MessageStatus") or form.get("CallStatus") or "")
        state = _FINAL.get(status)
        if state is not None:
            error = str(form.get("ErrorCode") or "")
            text = _WORDS.get(status, status) + (f" (Twilio {error})" if error else "")
            delivery = request.query_params.get("delivery", "")
            await self._database.write_async(lambda c, now: record_receipt(c, delivery, state, text, now))
        return Response(status_code=204)

    async def key(self, request: Request) -> Response:
        """The key that was pressed during a call."""
        form = await self._proven(request)
        if form is None:
            return _refused()
        do = _KEYS.get(str(form.get("Digits") or ""))
        if do is None:
            return _twiml("<Say>That key does nothing. The page goes on.</Say>")
        token = request.query_params.get("page", "")
        said = await self._database.write_async(lambda c, now: replies.answer_by_token(c, token, do, now, via="voice"))
        return _twiml(f"<Say>{xml_text(said)}</Say>")

    async def text(self, request: Request) -> Response:
        """A text that somebody sent to our number. Who is not known gets no answer."""
        form = await self._proven(request)
        if form is None:
            return _refused()
        number, body = str(form.get("From") or ""), str(form.get("Body") or "")
        said = await self._database.write_async(lambda c, now: replies.answer_by_text(c, "sms", number, body, now))
        return _twiml(f"<Message>{xml_text(said)}</Message>" if said else "")

    async def _proven(self, request: Request) -> FormData | None:
        """The form, if Twilio signed it."""
        form = await request.form(max_fields=_MOST_FIELDS, max_files=0)
        query = f"?{request.url.query}" if request.url.query else ""
        fields = [(name, str(value)) for name, value in form.multi_items()]
        url = f"{self._public_url}{request.url.path}{query}"
        signature = request.headers.get("x-twilio-signature", "")
        return form if self._twilio.is_from_twilio(url, fields, signature) else None


def _twiml(inside: str) -> Response:
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>', media_type="application/xml"
    )


def _refused() -> Response:
    return PlainTextResponse("the signature is not Twilio's for this address; is TOCSIN_PUBLIC_URL right?\n", 403)
