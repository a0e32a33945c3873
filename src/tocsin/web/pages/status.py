"""The public status page: no sign-in, no cookies, nothing internal; the same page as a file."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tocsin.comms.queries import PublicIncident, PublicStatus, public_status
from tocsin.parts import Parts
from tocsin.timeline.facts.words import sentences
from tocsin.web import format as say
from tocsin.web.rendering import Renderer, html
from tocsin.web.views.common import Shell

_STATES = {
    "investigating": "Looking into it",
    "identified": "Cause found",
    "monitoring": "Watching a fix",
    "resolved": "Fixed",
}


@dataclass(frozen=True)
class Post:
    """One update, in the public's words."""

    word: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Now:
    """An ongoing incident."""

    state: str
    headline: str
    lede: str
    started: datetime
    parts: str
    next_at: datetime | None
    posts: tuple[Post, ...]


@dataclass(frozen=True)
class Past:
    """One that is over."""

    at: datetime
    headline: str
    text: str


@dataclass(frozen=True)
class StatusView:
    """The whole page."""

    name: str
    intro: str
    headline: str
    ongoing: tuple[Now, ...]
    parts: tuple[tuple[str, str, str], ...]  # name, state, word
    past: tuple[Past, ...]
    checked: datetime


def view_of(status: PublicStatus, now: datetime) -> StatusView:
    """From what comms publishes."""
    ongoing = tuple(_now(incident) for incident in status.ongoing)
    past = tuple(
        Past(incident.updates[0].posted_at, incident.headline, _beside(incident.headline, incident.updates[0].known))
        for incident in status.incidents
        if not incident.ongoing
    )
    parts = tuple(
        (
            part.name,
            "ok" if part.state == "operational" else "warn",
            "Working" if part.state == "operational" else "Problems now",
        )
        for part in status.components
    )
    headline = ongoing[0].headline if ongoing else "Everything works"
    return StatusView(status.name, status.intro, headline, ongoing, parts, past, now)


def _beside(headline: str, known: str) -> str:
    """What was known, unless the headline above it is the same."""
    return "" if known.strip().rstrip(".") == headline.strip().rstrip(".") else sentences(known)


def _now(incident: PublicIncident) -> Now:
    newest = incident.updates[0]
    return Now(
        state=_STATES.get(newest.state, newest.state),
        headline=incident.headline,
        lede=sentences(newest.doing, newest.next),
        started=incident.updates[-1].posted_at,
        parts=say.listed(incident.components),
        next_at=newest.next_at,
        posts=tuple(
            Post(
                _STATES.get(update.state, update.state),
                update.posted_at,
                sentences(update.known, update.doing, update.next),
            )
            for update in incident.updates
        ),
    )


def routes(parts: Parts, renderer: Renderer) -> list[BaseRoute]:
    """GET /status."""

    async def show(_request: Request) -> Response:
        now = parts.clock.now()
        status = await parts.database.read_async(lambda c: public_status(c, now))
        text = renderer.page("status.html", view_of(status, now), Shell(now=now, page=""))
        response = html(text)
        response.headers["Cache-Control"] = "public, max-age=15"
        return response

    return [Route("/status", show, methods=["GET"])]
