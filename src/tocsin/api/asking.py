"""Who asks, and how a handler gives its command to a use case: in one transaction, once for each idempotency key."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic_core import to_jsonable_python
from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from tocsin.api.storable import refuse_unstorable
from tocsin.errors import Forbidden, SignInNeeded
from tocsin.identity.actor import Actor, Right
from tocsin.identity.commands import once
from tocsin.identity.sessions import actor_of_token, mark_token_used, session_of
from tocsin.incidents.queries import incident_id_of
from tocsin.parts import Parts
from tocsin.store.database import Database

T = TypeVar("T")
SESSION_COOKIE = "tocsin_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MARK_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class Desk:
    """One request's way to the use cases: `actor` asks, `ask` reads, `do` writes."""

    request: Request
    actor: Actor
    parts: Parts

    @property
    def database(self) -> Database:
        """The installation's database."""
        return self.parts.database

    @property
    def now(self) -> datetime:
        """The present instant, UTC."""
        return self.database.clock.now()

    async def ask(self, query: Callable[[Connection], T]) -> T:
        """Run a query on a snapshot."""
        return await self.database.read_async(query)

    async def do(
        self, work: Callable[[Connection, datetime], Any], status: int = 200, *, told_once: tuple[str, ...] = ()
    ) -> Response:
        """Carry out a command and answer with what `work` returns, as JSON.

        With an `Idempotency-Key` it is carried out once and answered the same again; the fields `told_once` (secrets)
        are not kept, so a second answer has null there.
        """
        key = self.request.headers.get("idempotency-key")
        body = await self.request.body()
        line = f"{self.request.method} {self.request.url.path}?{self.request.url.query}\n".encode()
        narrow = sorted(self.actor.scopes or ()) if not self.actor.may(Right.VIEWER) else []
        fingerprint = line + repr(narrow).encode() * bool(narrow) + hashlib.sha256(body).digest()
        secrets: dict[str, Any] = {}

        def keepable(connection: Connection, now: datetime) -> Any:
            answer = to_jsonable_python(work(connection, now))
            if told_once and isinstance(answer, dict):
                secrets.update({name: answer[name] for name in told_once if name in answer})
                answer |= dict.fromkeys(secrets)
            return answer

        def carry_out(connection: Connection, now: datetime) -> tuple[Any, bool]:
            secrets.clear()
            answer, replayed = once(connection, self.actor, key, fingerprint, now, lambda: keepable(connection, now))
            if replayed:
                _check_known(connection, self.actor, answer)
            return answer, replayed

        answer, replayed = await self.database.write_async(carry_out)
        headers = {"Idempotent-Replay": "true"} if replayed else {}
        return JSONResponse({**answer, **secrets} if secrets else answer, status, headers)


async def desk(request: Request) -> Desk:
    """Who asks, by bearer token or signed-in session; raises SignInNeeded when nobody."""
    parts: Parts = request.app.state.parts
    await refuse_unstorable(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return Desk(request, await _by_token(request, parts, secret.strip()), parts)
    if cookie := request.cookies.get(SESSION_COOKIE):
        return Desk(request, await _by_session(request, parts, cookie), parts)
    raise SignInNeeded("say who you are: send `Authorization: Bearer TOKEN` (make one with `tocsin token create`)")


Asked = Annotated[Desk, Depends(desk)]


async def _by_token(request: Request, parts: Parts, secret: str) -> Actor:
    database = parts.database
    now = database.clock.now()
    actor = await database.read_async(lambda connection: actor_of_token(connection, secret, now))
    marked: dict[str, datetime] = request.app.state.tokens_marked
    name = hashlib.sha256(secret.encode()).hexdigest()
    if name not in marked or now - marked[name] > _MARK_EVERY:
        marked[name] = now
        database.submit(lambda connection, at: mark_token_used(connection, secret, at))
    return actor


async def _by_session(request: Request, parts: Parts, cookie: str) -> Actor:
    now = parts.database.clock.now()
    session = await parts.database.read_async(lambda connection: session_of(connection, cookie, now))
    if session is None:
        raise SignInNeeded("your session has ended; sign in again")
    if request.method not in _SAFE and not hmac.compare_digest(
        request.headers.get("x-csrf-token", "").encode(), session.csrf.encode()
    ):
        raise Forbidden("a browser's write needs the session's X-CSRF-Token; reload the page and try again")
    return session.actor


def _check_known(connection: Connection, actor: Actor, answer: Any) -> None:
    """NotFound for an old answer about an incident that the actor may not know of any more."""
    told = answer.get("incident") if isinstance(answer, dict) else None
    number = told.get("number") if isinstance(told, dict) else told
    if number is not None:
        incident_id_of(connection, actor, number)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Any value of ours as JSON; instants in UTC with Z."""
    return JSONResponse(to_jsonable_python(value), status, headers)
