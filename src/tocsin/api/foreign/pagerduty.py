"""PagerDuty's Events API: `POST /v2/enqueue`, `/v2/change/enqueue`, and version 1's `create_event.json`.

What is answered is what PagerDuty answers, so that its clients work when only their host is replaced; 202 comes
after the commit, and the `routing_key` is the integration's key.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.api.foreign.reception import Reception, masked
from tocsin.errors import TooLarge, Unavailable
from tocsin.intake.bodies import UnknownEncoding
from tocsin.intake.fields import Fields, read_fields
from tocsin.intake.rates import TooOften
from tocsin.intake.reading import Wrong
from tocsin.intake.senders.pagerduty import SENDER, Event, Refused, read_change, read_event
from tocsin.intake.signal import Unreadable

LONGEST_BODY = 512 * 1024
_V1 = "/generic/2010-04-15/create_event.json"


def routes(reception: Reception) -> list[Route]:
    """The three addresses to which PagerDuty's clients post."""
    desk = _Desk(reception)
    return [
        Route("/v2/enqueue", desk.event, methods=["POST"]),
        Route("/v2/change/enqueue", desk.change, methods=["POST"]),
        Route(_V1, desk.event, methods=["POST"]),
    ]


class _Desk:
    """Answers as PagerDuty does."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def event(self, request: Request) -> Response:
        return await self._take(request, read_event)

    async def change(self, request: Request) -> Response:
        return await self._take(request, read_change)

    async def _take(self, request: Request, read: Callable[[Fields], Event]) -> Response:
        try:
            body = await self._reception.body(request, LONGEST_BODY)
            fields = read_fields(body)
        except TooLarge:
            return _invalid(413, [f"the event is larger than {LONGEST_BODY:,} bytes"])
        except (UnknownEncoding, Unreadable, Wrong) as error:
            return _invalid(400, [str(error)])
        except ClientDisconnect:
            return Response(status_code=499)
        try:
            return await self._answer(request, body, fields, read)
        except TooOften as error:
            answer = {"status": "throttle exceeded", "message": error.message}
            return _json(429, answer, {"Retry-After": str(error.retry_after)})
        except Unavailable as error:
            answer = {"status": "not now", "message": error.message}
            return _json(503, answer, {"Retry-After": str(error.retry_after)})

    async def _answer(self, request: Request, body: bytes, fields: Fields, read: Callable[[Fields], Event]) -> Response:
        key = next(
            (each for name in ("routing_key", "service_key") if isinstance(each := fields.all.get(name), str)), ""
        )
        key = key or request.headers.get("x-routing-key", "")
        if not key.strip():
            return _invalid(400, ["'routing_key' is missing or blank"])
        integration = await self._reception.integration(key, SENDER.name)
        if integration is None:
            return _invalid(400, ["Invalid routing key"])
        kept = masked(body, key)
        try:
            event = read(fields)
        except Refused as refused:
            place, _, reason = refused.errors[0].removeprefix("'").partition("' ")
            await self._reception.refuse(integration, kept, place, reason or refused.errors[0])
            return _invalid(400, refused.errors)
        poison = await self._reception.keep(integration, kept, event.parsed)
        if poison:
            return _invalid(400, [f"{part.place}: {part.reason}" for _, part in poison])
        return _accepted(event, request.url.path.endswith(_V1))


def _accepted(event: Event, version_1: bool) -> Response:
    if version_1:
        return _json(200, {"status": "success", "message": "Event processed", "incident_key": event.dedup_key})
    if event.action == "change":
        return _json(202, {"status": "success", "message": "Change event processed"})
    return _json(202, {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key})


def _invalid(status: int, errors: Sequence[str]) -> Response:
    return _json(status, {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)})


def _json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, dict(headers or {}), "application/json")
