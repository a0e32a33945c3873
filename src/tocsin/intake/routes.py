"""The hot path: POST an alert to an integration's secret URL. Bare Starlette, no middleware of the other faces.

202 comes only after the commit that holds the alert. What was wrong is named: 400 when nothing could be read, and in
the 202 beside what was taken in. Who does not know a secret learns nothing: 404.
"""

import base64
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.errors import Forbidden, TocsinError, TooLarge, Unavailable
from tocsin.identity.keys import token_hash
from tocsin.intake import queries
from tocsin.intake.bodies import UnknownEncoding, read_body
from tocsin.intake.parsing import parse
from tocsin.intake.queries import Entrance
from tocsin.intake.rates import Rates, TooOften
from tocsin.intake.senders import Fetch, Sender, is_sender, sender_named, senders
from tocsin.intake.signal import IntegrationRef, Parsed, SetAside, Unreadable, clipped, storable
from tocsin.intake.signatures import is_signed
from tocsin.intake.usecases import CHANGED, count_limited
from tocsin.intake.writer import Kept, Writer
from tocsin.intake.writer import Request as ReadRequest
from tocsin.store.database import Database

DEFAULT_LIMIT = 1024 * 1024
_REMEMBERED_SECONDS = 30
_LIMITED_TOLD_EVERY = 5.0
_MOST_REMEMBERED = 10_000
_LONGEST_CONTENT = 64 * 1024
_MOST_TOLD = 100
_OTHER_METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
_log = logging.getLogger(__name__)


class Known:
    """Integrations by their secrets, remembered for half a minute or until one of them is changed; and their limits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembered: dict[str, tuple[float, Entrance]] = {}
        self._rates = Rates(time.monotonic)
        self._limited: dict[str, int] = {}
        self._told_at = 0.0
        database.listen(self._forget)

    async def let_in(self, secret: str) -> Entrance | None:
        """What the secret opens, once more; None for an unknown one. TooOften when it was used too often."""
        found = await self._by_secret(secret)
        if found is not None:
            try:
                self._rates.take(found.integration.id, found.per_minute)
            except TooOften:
                await self._tell_limited(found.integration.id)
                raise
        return found

    async def _by_secret(self, secret: str) -> Entrance | None:
        digest = token_hash(secret.strip())
        known = self._remembered.get(digest)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        now = self._database.clock.now()
        found = await self._database.read_async(lambda c: queries.by_secret_hash(c, digest, now))
        if found is not None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[digest] = (time.monotonic() + _REMEMBERED_SECONDS, found)
        return found

    async def _tell_limited(self, integration_id: str) -> None:
        """Count it; written down every few seconds, so that whoever sends too much costs no commit each."""
        self._limited[integration_id] = self._limited.get(integration_id, 0) + 1
        if time.monotonic() - self._told_at >= _LIMITED_TOLD_EVERY:
            self._told_at = time.monotonic()
            counts, self._limited = self._limited, {}
            await self._database.write_async(lambda c, now: count_limited(c, counts, now))

    def remembered(self, digest: str) -> Entrance | None:
        """What the secret of this hash opens, as far as it is known without asking; nothing counts against its limit."""
        known = self._remembered.get(digest)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def _forget(self, topics: frozenset[str]) -> None:
        if topics & {CHANGED, "reconnected"}:
            self._remembered.clear()


async def fetch_nothing(address: str) -> bytes:
    """For where nothing may be asked outside."""
    raise Unavailable(f"{address} can't be asked from here", retry_after=60)


def routes(known: Known, writer: Writer, limit: int = DEFAULT_LIMIT, fetch: Fetch = fetch_nothing) -> list[Route]:
    """`POST /in/SECRET` and `POST /in/SENDER/SECRET`; `POST /in/SENDER` with the secret as bearer token."""
    door = _Door(known, writer, limit, fetch)
    return [
        Route("/in/{secret}", door.take, methods=["POST"]),
        Route("/in/{sender}/{secret}", door.take, methods=["POST"]),
        Route("/in/{secret}", not_posted, methods=_OTHER_METHODS),
        Route("/in/{sender}/{secret}", not_posted, methods=_OTHER_METHODS),
    ]


async def not_posted(request: Request) -> Response:
    """What a browser or a probe is told: the same for every address, whether the secret in it is known or not."""
    del request
    said = (
        "this address takes alerts, and only by POST: JSON as the integration's sender writes it "
        f"({', '.join(sorted(senders()))}), for example "
        """curl -H 'Content-Type: application/json' -d '{"dedup_key": "a", "title": "A"}' and this address"""
    )
    return _problem(405, said, headers={"Allow": "POST"})


class _Door:
    """Takes alerts in."""

    def __init__(self, known: Known, writer: Writer, limit: int, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known = known
        self._writer = writer
        self._limit = limit

    async def take(self, request: Request) -> Response:
        try:
            entrance = await self._entrance(request)
            sender = self._sender(request, entrance.integration) if entrance else None
            if entrance is None or sender is None:
                return _problem(404, "there is nothing here")
            return await self._take_in(request, entrance, sender)
        except ClientDisconnect:
            return Response(status_code=499)
        except (TocsinError, UnknownEncoding, SQLAlchemyError, OSError) as error:
            return refusal_of(error)

    async def _take_in(self, request: Request, entrance: Entrance, sender: Sender) -> Response:
        integration = entrance.integration
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._limit:
            raise TooLarge(f"the body is larger than {self._limit:,} bytes; send fewer alerts at once")
        body = b""
        try:
            body = await read_body(request.stream(), request.headers.get("content-encoding", ""), self._limit)
            if entrance.signing_key and not is_signed(body, request.headers, entrance.signing_key, sender.signed_by):
                raise Forbidden("this integration takes signed bodies only, and the signature does not fit")
            if sender.guard is not None:
                await sender.guard(body, self._fetch)
            read = read_request(integration, body)
        except Unreadable as error:
            read = _unread(integration, body, error)
        kept = await self._writer.keep(read)
        return _unreadable(read.parsed.set_aside) if read.refused else taken(kept, read.parsed.left_out)

    async def _entrance(self, request: Request) -> Entrance | None:
        secret: str = request.path_params["secret"]
        if "sender" not in request.path_params and is_sender(secret):
            secret = secret_in(request.headers)
        return await self._known.let_in(secret) if secret else None

    def _sender(self, request: Request, integration: IntegrationRef) -> Sender | None:
        """The integration's own sender; a path that names another one is wrong."""
        params = request.path_params
        named = params.get("sender") or (params["secret"] if is_sender(params["secret"]) else integration.sender)
        own = sender_named(integration.sender)
        return own if named == own.name or named in own.aliases else None


def secret_in(headers: Mapping[str, str]) -> str:
    """The secret that came in a header: as a bearer token, as a password whatever the user, or as `X-Tocsin-Key`."""
    kind, _, told = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return told
    if kind.lower() == "basic":
        try:
            return base64.b64decode(told, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return headers.get("x-tocsin-key", "")


def refusal_of(error: BaseException) -> Response:
    """What the sender is told when nothing was kept; anything unforeseen is raised again."""
    if isinstance(error, TooOften):
        return _problem(429, error.message, headers={"Retry-After": str(error.retry_after)})
    if isinstance(error, TooLarge):
        return _problem(413, error.message)
    if isinstance(error, Forbidden):
        return _problem(403, error.message)
    if isinstance(error, UnknownEncoding):
        return _problem(415, str(error))
    if isinstance(error, Unavailable):
        return _problem(503, error.message, headers={"Retry-After": str(error.retry_after)})
    if not isinstance(error, SQLAlchemyError | OSError):
        raise error
    _log.error("alerts could not be taken in", exc_info=error)
    return _problem(503, "nothing was kept; send it again", headers={"Retry-After": "5"})


def plain_sender(entrance: Entrance) -> Sender | None:
    """The integration's parser, where a body needs nothing but to be parsed: see `short_way`."""
    if entrance.signing_key is not None or entrance.per_minute is not None:
        return None
    sender = sender_named(entrance.integration.sender)
    return sender if sender.guard is None and sender.rules is None else None


def read_request(integration: IntegrationRef, body: bytes) -> ReadRequest:
    """A body with what is in it; what can't be read is set aside, with why."""
    try:
        parsed = parse(integration, body)
    except Unreadable as error:
        return _unread(integration, body, error)
    return ReadRequest(
        integration, body, parsed, refused=bool(parsed.set_aside) and not (parsed.signals or parsed.asks)
    )


def _unread(integration: IntegrationRef, body: bytes, error: Unreadable) -> ReadRequest:
    return ReadRequest(integration, body, Parsed((), (whole_aside(error, body),)), refused=True)


def whole_aside(error: Unreadable, body: bytes) -> SetAside:
    """The start of a body that can't be read at all, to be kept aside."""
    cut = "" if len(body) <= _LONGEST_CONTENT else f" (its first {_LONGEST_CONTENT:,} bytes are kept here)"
    content = storable(body[:_LONGEST_CONTENT].decode("utf-8", "replace"))
    return SetAside(error.place, f"{error.reason}{cut}", content)


def taken(kept: Kept, left_out: int) -> Response:
    """What the sender is told when it is on disk."""
    answer: dict[str, Any] = {
        "accepted": kept.accepted,
        "set_aside": [
            {"id": id, "place": part.place, "reason": part.reason} for id, part in kept.set_aside[:_MOST_TOLD]
        ],
    }
    if left_out:
        answer["left_out_by_sender"] = left_out
    return _json(202, answer)


def _unreadable(parts: Sequence[SetAside]) -> Response:
    first = parts[0]
    errors = [{"place": part.place, "reason": part.reason} for part in parts[:_MOST_TOLD]]
    said = f"{first.place} {first.reason}" if first.reason.startswith("is ") else f"{first.place}: {first.reason}"
    return _problem(400, f"nothing in this body could be read; {said}", place=first.place, errors=errors)


_TITLES = {
    400: "Unreadable",
    403: "Not believed",
    404: "Not found",
    405: "Not this way",
    413: "Too large",
    415: "Unknown encoding",
    429: "Too often",
    503: "Not now",
}


def _problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: object) -> Response:
    problem = {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": clipped(detail), **more}
    return _json(status, problem, "application/problem+json", headers)


def _json(
    status: int, value: object, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(value), status, dict(headers or {}), media_type)
