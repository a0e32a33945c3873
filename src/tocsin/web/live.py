"""Live pages: one stream for each visible tab. Each change sends only the parts of the page that look different now."""

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match, Route

from tocsin.errors import NotFound, TocsinError
from tocsin.parts import Parts
from tocsin.web import format as say
from tocsin.web.pages.overview import SCREEN as OVERVIEW
from tocsin.web.rendering import Renderer
from tocsin.web.screens import NAV, RINGING, Asked, Loaded, Screen
from tocsin.web.session import secret_of, signed_in

BEAT = timedelta(seconds=15)
_TOGETHER = 0.08  # seconds: a burst of announcements becomes one reading
_ALWAYS = frozenset({"incidents", "pages", "reconnected"})
# What only the clock changes is no change: the browser ticks it by itself.
_TICKING = re.compile(r'(?<=>)[+\d:]+(?: so far)?(?=<)|aria-label="[^"]*"|--p:[\d.]+')
Load = Callable[[Screen, Asked, str], Loaded]


class Live:
    """The streams of this process."""

    def __init__(self, parts: Parts, renderer: Renderer, screens: tuple[Screen, ...], load: Load) -> None:
        self._parts = parts
        self._renderer = renderer
        self._routes = [(Route(screen.path, _nothing), screen) for screen in screens]
        self._load = load
        self._here: Counter[tuple[str, str]] = Counter()
        self._open: set[asyncio.Event] = set()
        self._ending = False
        parts.leaving.append(self.end)

    def here(self, place: str) -> tuple[str, ...]:
        """Who has this page open now, in this process."""
        return tuple(person for (path, person), count in self._here.items() if path == place and count > 0)

    def end(self) -> None:
        """End every stream now: the process leaves. Browsers come back by themselves, to it or to another."""
        self._ending = True
        for changed in self._open:
            changed.set()

    def _over(self) -> bool:
        return self._ending

    async def stream(self, request: Request) -> Response:
        """GET /live?page=PATH: named events `swap` (parts with ids), `page` (one rings), `beat` (server time)."""
        place = request.query_params.get("page", "/")
        secret = secret_of(request)
        bell_only = place == "bell"
        screen, path, query = (OVERVIEW, {}, {}) if bell_only else self._find(place)
        try:
            first = await self._read(screen, path, query, place, secret)
        except TocsinError:
            return Response(status_code=401)  # the browser does not come back for more
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        fragments = () if bell_only else (*screen.fragments, NAV)
        body = self._events(screen, path, query, place, secret, first, fragments)
        return StreamingResponse(body, media_type="text/event-stream", headers=headers)

    async def _events(
        self,
        screen: Screen,
        path: dict[str, str],
        query: dict[str, str],
        place: str,
        secret: str,
        first: Loaded,
        fragments: tuple[str, ...],
    ) -> AsyncIterator[str]:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        topics = first.answer.topics | _ALWAYS

        def heard(told: frozenset[str]) -> None:
            if told & topics or any(topic.startswith("page:") for topic in told):
                with suppress(RuntimeError):  # the loop is closing
                    loop.call_soon_threadsafe(changed.set)

        stop = self._parts.database.listen(heard)
        me = (urlsplit(place).path, first.shell.person.id if first.shell.person else "")
        self._here[me] += 1
        self._open.add(changed)
        seen: dict[str, str] = {}
        rung: set[str] = set()
        try:
            yield _event("beat", {"now": say.iso(self._parts.clock.now())}, retry=2000)
            for text in await asyncio.to_thread(self._changes, screen, first, fragments, seen, rung):
                yield text
            changed.set()  # whatever was told between the reading and the listening
            while not self._over():
                try:
                    await asyncio.wait_for(changed.wait(), BEAT.total_seconds())
                except TimeoutError:
                    yield _event("beat", {"now": say.iso(self._parts.clock.now())})
                    continue
                if self._over():
                    return
                await asyncio.sleep(_TOGETHER)
                changed.clear()
                try:
                    loaded = await self._read(screen, path, query, place, secret)
                except NotFound:
                    yield _event("reload", {})
                    return
                except TocsinError:
                    yield _event("beat", {"now": say.iso(self._parts.clock.now())})
                    continue
                for text in await asyncio.to_thread(self._changes, screen, loaded, fragments, seen, rung):
                    yield text
        finally:
            stop()
            self._open.discard(changed)
            self._here[me] -= 1

    def _changes(
        self, screen: Screen, loaded: Loaded, fragments: tuple[str, ...], seen: dict[str, str], rung: set[str]
    ) -> list[str]:
        out = []
        for partial in (*fragments, RINGING):
            text = self._renderer.fragment(partial, loaded.answer.view, loaded.shell, **screen.more)
            digest = hashlib.sha256(_TICKING.sub("", text).encode()).hexdigest()
            if seen.get(partial) != digest:
                seen[partial] = digest
                out.append(_event("swap", {"html": text, "part": partial}))
        for ringing in loaded.shell.ringing:
            if ringing.page_id not in rung:
                rung.add(ringing.page_id)
                out.append(_event("page", {"id": ringing.page_id, "text": ringing.text}))
        return out

    async def _read(
        self, screen: Screen, path: dict[str, str], query: dict[str, str], place: str, secret: str
    ) -> Loaded:
        now = self._parts.clock.now()

        def read(connection: Connection) -> Loaded:
            session = signed_in(connection, secret, now)
            asked = Asked(
                connection, session.actor, now, self._parts, path, query, session.csrf, self.here(urlsplit(place).path)
            )
            return self._load(screen, asked, place)

        return await self._parts.database.read_async(read)

    def _find(self, place: str) -> tuple[Screen, dict[str, str], dict[str, str]]:
        parts = urlsplit(place)
        for route, screen in self._routes:
            match, scope = route.matches({"type": "http", "path": parts.path, "method": "GET", "root_path": ""})
            if match is Match.FULL:
                return screen, scope["path_params"], dict(parse_qsl(parts.query))
        raise NotFound(f"there is no page {parts.path}")


async def _nothing(_request: Request) -> Response:
    return Response()


def _event(name: str, data: dict[str, str], retry: int = 0) -> str:
    wait = f"retry: {retry}\n" if retry else ""
    return f"{wait}event: {name}\ndata: {json.dumps(data)}\n\n"
