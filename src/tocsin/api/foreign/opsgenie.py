"""Opsgenie's Alert API below `/v2/alerts`, for its SDKs and for senders such as Alertmanager and Grafana.

Authorised by `Authorization: GenieKey KEY`, the integration's key, which sees and changes its own alerts alone. As
there, what changes an alert is accepted with 202 and its outcome is asked for by the request's id, which says itself
what it stood for, so nothing need be kept for it.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.keys import latest_of_key, own_alert, own_alerts
from tocsin.api.foreign import opsgenie_words as words
from tocsin.api.foreign.opsgenie_changes import CHANGES, done_to
from tocsin.api.foreign.reception import Reception
from tocsin.errors import Invalid, TooLarge, Unavailable
from tocsin.ids import new_id
from tocsin.intake.bodies import UnknownEncoding
from tocsin.intake.fields import Fields, read_fields
from tocsin.intake.rates import TooOften
from tocsin.intake.reading import Wrong
from tocsin.intake.senders.opsgenie import SENDER, read_alert
from tocsin.intake.signal import IntegrationRef, Parsed, Unreadable, bounded_key, storable

T = TypeVar("T")
_MOST_LISTED = 100
_GONE = "none"  # in a request's id: there was no such alert
_Answer = Callable[["_Asked"], Awaitable[Response]]


def routes(reception: Reception) -> list[Route]:
    """The addresses of the Alert API."""
    desk = _Desk(reception)
    changing = [
        Route(f"/v2/alerts/{{identifier:path}}{path}", desk.changing(change), methods=[method])
        for (method, path), change in CHANGES.items()
    ]
    return [
        Route("/v2/alerts", desk.asked(desk.create), methods=["POST"]),
        Route("/v2/alerts", desk.asked(desk.list), methods=["GET"]),
        Route("/v2/alerts/count", desk.asked(desk.count), methods=["GET"]),
        Route("/v2/alerts/requests/{request_id}", desk.asked(desk.status), methods=["GET"]),
        *changing,
        Route("/v2/alerts/{identifier:path}", desk.asked(desk.one), methods=["GET"]),
    ]


class _Asked:
    """One request whose key was good."""

    def __init__(self, request: Request, integration: IntegrationRef, body: bytes) -> None:
        self.request = request
        self.integration = integration
        self.body = body
        self.query: Mapping[str, str] = request.query_params

    @property
    def fields(self) -> Fields:
        """The body; none is an empty one. Unreadable, Wrong."""
        return read_fields(self.body) if self.body.strip() else Fields({})


class _Desk:
    """Answers as Opsgenie does."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def asked(self, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint that sees to key, body and errors before and after `answer`."""

        async def endpoint(request: Request) -> Response:
            started = time.perf_counter()
            try:
                integration = await self._reception.integration(_key_of(request), SENDER.name)
                if integration is None:
                    return _answer(401, {"message": "Could not authenticate"}, started)
                body = await self._reception.body(request, self._reception.limit)
                answered = await answer(_Asked(request, integration, body))
            except Unreadable as error:
                return _answer(400, {"message": f"Could not parse the request body: {error}"}, started)
            except Wrong as wrong:
                return _unprocessable(wrong.field, wrong.reason, started)
            except Invalid as error:
                return _unprocessable(error.mistakes[0].field or "request", error.message, started)
            except TooLarge as error:
                return _answer(413, {"message": error.message}, started)
            except UnknownEncoding as error:
                return _answer(415, {"message": str(error)}, started)
            except TooOften as error:
                told = {"message": "You are making too many requests!"}
                return _answer(429, told, started, {"Retry-After": str(error.retry_after)})
            except Unavailable as error:
                return _answer(503, {"message": error.message}, started, {"Retry-After": str(error.retry_after)})
            except ClientDisconnect:
                return Response(status_code=499)
            return answered

        return endpoint

    async def create(self, asked: _Asked) -> Response:
        started = time.perf_counter()
        try:
            parsed = read_alert(asked.fields)
        except Wrong as wrong:
            await self._reception.refuse(asked.integration, asked.body, wrong.field or "$", wrong.reason)
            raise
        except Unreadable as error:
            await self._reception.refuse(asked.integration, asked.body, error.place, error.reason)
            raise
        await self._keep(asked, parsed)
        key = parsed.signals[0].dedup_key
        alert = await self._read(lambda c: latest_of_key(c, asked.integration.id, key))
        return _accepted("create", alert, started)

    def changing(self, change: str) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of one kind of change to an alert."""

        async def answer(asked: _Asked) -> Response:
            started = time.perf_counter()
            alert = await self._alert(asked)
            parsed = done_to(change, alert, asked.fields)
            if alert is not None and parsed is not None:
                await self._keep(asked, parsed)
            return _accepted(change, alert, started)

        return self.asked(answer)

    async def one(self, asked: _Asked) -> Response:
        started = time.perf_counter()
        alert = await self._alert(asked)
        if alert is None:
            return _answer(404, {"message": "Alert does not exist"}, started)
        pages = await self._read(lambda c: words.pages_of(c, [alert]))
        page = pages.get(alert.group_id or "")
        return _answer(200, {"data": words.worded(alert, page, asked.integration, whole=True)}, started)

    async def list(self, asked: _Asked) -> Response:
        started = time.perf_counter()
        state, key = _query_of(asked.query.get("query", ""))
        limit, offset = _number(asked, "limit", 20, _MOST_LISTED), _number(asked, "offset", 0, 20_000)
        id = asked.integration.id
        found, _ = await self._read(lambda c: own_alerts(c, id, state=state, dedup_key=key, limit=limit, offset=offset))
        pages = await self._read(lambda c: words.pages_of(c, list(found)))
        told = [words.worded(each, pages.get(each.group_id or ""), asked.integration, whole=False) for each in found]
        return _answer(200, {"data": told}, started)

    async def count(self, asked: _Asked) -> Response:
        started = time.perf_counter()
        state, key = _query_of(asked.query.get("query", ""))
        id = asked.integration.id
        _, total = await self._read(lambda c: own_alerts(c, id, state=state, dedup_key=key, limit=1))
        return _answer(200, {"data": {"count": total}}, started)

    async def status(self, asked: _Asked) -> Response:
        started = time.perf_counter()
        action, _, rest = asked.request.path_params["request_id"].partition(".")
        at, _, alert_id = rest.partition(".")
        if action not in {"create", *CHANGES.values()} or not at.isdecimal() or len(at) > 14:
            return _answer(404, {"message": "Request not found. It might not be processed, yet."}, started)
        alert = await self._read(lambda c: own_alert(c, asked.integration.id, storable(alert_id)))
        told: dict[str, Any] = {
            "success": alert is not None,
            "isSuccess": alert is not None,
            "action": action.capitalize(),
            "processedAt": words.written(datetime.fromtimestamp(int(at) / 1000, UTC)),
            "integrationId": asked.integration.id,
            "status": f"{action.capitalize()}: done" if alert else "Alert does not exist",
        }
        if alert is not None:
            told |= {"alertId": alert.id, "alias": alert.dedup_key}
        return _answer(200, {"data": told}, started)

    async def _alert(self, asked: _Asked) -> Episode | None:
        identifier = storable(asked.request.path_params["identifier"])
        kind = asked.query.get("identifierType", "id")
        return await self._read(lambda c: words.find_alert(c, asked.integration, identifier, kind))

    async def _keep(self, asked: _Asked, parsed: Parsed) -> None:
        poison = await self._reception.keep(asked.integration, asked.body, parsed)
        for _, part in poison:
            raise Wrong(part.place, part.reason)

    async def _read(self, query: Callable[[Connection], T]) -> T:
        return await self._reception.database.read_async(query)


def _key_of(request: Request) -> str:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key if kind.lower() == "geniekey" else ""


def _query_of(query: str) -> tuple[str | None, str | None]:
    """The state and the key that a search names. Invalid for what this API can't search for."""
    state: str | None = None
    key: str | None = None
    for part in filter(None, (each.strip() for each in query.split(" AND "))):
        name, colon, value = (each.strip().strip('"') for each in part.partition(":"))
        if name.lower() == "status" and value.lower() in ("open", "closed"):
            state = "firing" if value.lower() == "open" else "resolved"
        elif name.lower() == "alias" and colon and value:
            key = bounded_key(value)
        else:
            raise Invalid("a search names status: open, status: closed or alias: KEY, joined by AND", "query")
    return state, key


def _number(asked: _Asked, name: str, unless_said: int, most: int) -> int:
    told = asked.query.get(name, "")
    if not told:
        return unless_said
    if not told.isdecimal() or len(told) > 9:
        raise Invalid(f"{name} is a number from 0 to {most}", name)
    return min(int(told), most)


def _accepted(action: str, alert: Episode | None, started: float) -> Response:
    request_id = f"{action}.{time.time_ns() // 1_000_000}.{alert.id if alert else _GONE}"
    return _answer(202, {"result": "Request will be processed"}, started, request_id=request_id)


def _unprocessable(field: str, reason: str, started: float) -> Response:
    told = {"message": "Request body is not processable. Please check the errors.", "errors": {field or "body": reason}}
    return _answer(422, told, started)


def _answer(
    status: int,
    told: Mapping[str, Any],
    started: float,
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> Response:
    took = round(time.perf_counter() - started, 3)
    id = request_id or new_id()
    body = msgspec.json.encode({**told, "took": took, "requestId": id})
    return Response(body, status, {"X-Request-ID": id, **(headers or {})}, "application/json")
