"""The public status page: needs no sign-in and tells nothing but what was approved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, false, select

from tocsin.organisation.queries import everything
from tocsin.store.tables.comms import status_posts
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.facts.incidents import OPEN_PHASES

_HISTORY = timedelta(days=14)


@dataclass(frozen=True)
class PublicUpdate:
    """One approved update; times UTC."""

    known: str
    doing: str
    next: str
    state: str
    posted_at: datetime
    next_at: datetime | None


@dataclass(frozen=True)
class PublicIncident:
    """What the public may know of one incident: its updates, newest first. `key` is no internal number."""

    key: str
    headline: str
    state: str
    components: tuple[str, ...]
    ongoing: bool
    updates: tuple[PublicUpdate, ...]


@dataclass(frozen=True)
class PublicComponent:
    """A part that customers know; `state` is operational or disrupted."""

    name: str
    state: str


@dataclass(frozen=True)
class PublicStatus:
    """The whole page."""

    name: str
    intro: str
    components: tuple[PublicComponent, ...]
    incidents: tuple[PublicIncident, ...]
    updated_at: datetime | None

    @property
    def ongoing(self) -> tuple[PublicIncident, ...]:
        """Those that are not over."""
        return tuple(incident for incident in self.incidents if incident.ongoing)


def public_status(connection: Connection, now: datetime) -> PublicStatus:
    """The page as it stands: ongoing incidents, and those of the last 14 days. Restricted ones never appear."""
    organisation = everything(connection)
    rows = connection.execute(
        select(status_posts, incidents.c.phase, incidents.c.title)
        .join(incidents, incidents.c.id == status_posts.c.incident_id)
        .where(incidents.c.restricted == false(), incidents.c.practice == false())
        .where((status_posts.c.posted_at >= now - _HISTORY) | incidents.c.phase.in_(OPEN_PHASES))
        .order_by(status_posts.c.posted_at.desc(), status_posts.c.seq.desc())
    ).all()
    by_incident: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_incident.setdefault(row.incident_id, []).append(row)
    shown = tuple(_incident(posts) for posts in by_incident.values())
    hit = {name for incident in shown if incident.ongoing for name in incident.components}
    public = dict.fromkeys(service.public_name for service in organisation.services.values() if service.public_name)
    return PublicStatus(
        name=organisation.name,
        intro=organisation.settings.status_page_intro if organisation.settings else "",
        components=tuple(PublicComponent(name, "disrupted" if name in hit else "operational") for name in public),
        incidents=shown,
        updated_at=max((row.posted_at for row in rows), default=None),
    )


def _incident(posts: list[Row[Any]]) -> PublicIncident:
    newest = posts[0]
    over = newest.state == "resolved" or newest.phase not in OPEN_PHASES
    headline = next((post.headline for post in posts if post.headline), "") or newest.known.splitlines()[0][:120]
    return PublicIncident(
        key=newest.incident_id.replace("-", "")[-12:],  # the random end of the id: stays, and tells nothing
        headline=headline,
        state="resolved" if over else newest.state,
        components=tuple(dict.fromkeys(name for post in posts for name in post.components)),
        ongoing=not over,
        updates=tuple(
            PublicUpdate(post.known, post.doing, post.next, post.state, post.posted_at, post.next_at) for post in posts
        ),
    )
