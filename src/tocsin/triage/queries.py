"""Reading what changed before the trouble, what was kept, and who is around the failing services."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, Select, and_, or_, select

from tocsin.errors import NotFound
from tocsin.identity.actor import Actor
from tocsin.incidents.queries import incident_id_of, state_of
from tocsin.organisation import queries as organisation_queries
from tocsin.runbook.events import services_of
from tocsin.store.blobs import get_blob
from tocsin.store.tables.triage import changes
from tocsin.timeline.facts.triage import Evidence
from tocsin.triage.blast_radius import BlastRadius, blast_radius, dependencies_of
from tocsin.triage.correlation import WINDOW, Score, score

MOST = 200


@dataclass(frozen=True)
class Change:
    """A reported change; times UTC."""

    id: str
    external_id: str
    kind: str
    service: str
    environment: str | None
    version: str | None
    summary: str
    link: str | None
    author: str | None
    undo: str | None
    labels: dict[str, str]
    happened_at: datetime
    recorded_at: datetime
    reported_by: str


@dataclass(frozen=True)
class Candidate:
    """A change before an incident's impact, with its score; `suspect` as responders marked it (None: not at all)."""

    change: Change
    score: Score
    suspect: bool | None = None


def list_changes(
    connection: Connection,
    actor: Actor,
    *,
    service: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Change]:
    """Changes, newest first; `after` is the (happened_at, id) of the last one that was seen."""
    del actor  # changes are everybody's who may sign in
    query = _newest_first().limit(min(limit, MOST))
    if service is not None:
        query = query.where(changes.c.service == service)
    if since is not None:
        query = query.where(changes.c.happened_at >= since)
    if until is not None:
        query = query.where(changes.c.happened_at <= until)
    if after is not None:
        at, last = after  # not a tuple comparison: its values would lose the columns' own types
        earlier = and_(changes.c.happened_at == at, changes.c.id < last)
        query = query.where(or_(changes.c.happened_at < at, earlier))
    return [_change(row) for row in connection.execute(query)]


def changes_before(
    connection: Connection, services: Iterable[str], at: datetime, window: timedelta = WINDOW
) -> list[Candidate]:
    """Changes of the services and of what they stand on in the window up to `at`, newest first, each with its score."""
    catalog = organisation_queries.everything(connection).services
    distances = dependencies_of(services, {name: each.depends_on for name, each in catalog.items()})
    if not distances:
        return []
    query = _newest_first().where(
        changes.c.service.in_(sorted(distances)), changes.c.happened_at >= at - window, changes.c.happened_at <= at
    )
    found = (_change(row) for row in connection.execute(query.limit(MOST)))
    return [Candidate(each, score(each.kind, each.service, each.happened_at, at, distances)) for each in found]


def suspects_of(connection: Connection, actor: Actor, incident_id: str) -> list[Candidate]:
    """The changes before this incident's impact (before the declare while that is not known), newest first.

    Those that responders marked are there too, wherever they lie.
    """
    state = state_of(connection, actor, incident_id)
    began = state.triage.impact_started_at or state.incident.first_paged_at or state.incident.declared_at
    if began is None:
        return []
    found = {each.change.id: each for each in changes_before(connection, services_of(state), began)}
    missing = [change_id for change_id in state.triage.suspects if change_id not in found]
    if missing:
        query = _newest_first().where(changes.c.id.in_(missing))
        for row in connection.execute(query):
            change = _change(row)
            value = score(change.kind, change.service, change.happened_at, began, dict.fromkeys(services_of(state), 0))
            found[change.id] = Candidate(change, value)
    marked = state.triage.suspects
    candidates = (Candidate(each.change, each.score, marked.get(each.change.id)) for each in found.values())
    return sorted(candidates, key=lambda each: (each.change.happened_at, each.change.id), reverse=True)


def evidence_of(connection: Connection, actor: Actor, incident_id: str) -> tuple[Evidence, ...]:
    """What was kept, in the order in which it was."""
    return state_of(connection, actor, incident_id).triage.evidence


def evidence_content(connection: Connection, actor: Actor, evidence_id: str) -> tuple[Evidence, bytes]:
    """One artefact and its bytes; NotFound also when the actor may not know of its incident."""
    number, _, rest = evidence_id.partition("-")
    if not rest or not number.isdecimal():
        raise NotFound("there is no such evidence")
    incident_id = incident_id_of(connection, actor, number)
    for kept in evidence_of(connection, actor, incident_id):
        if kept.evidence_id == evidence_id:
            return kept, get_blob(connection, kept.sha256)
    raise NotFound("there is no such evidence")


def blast_radius_of(connection: Connection, actor: Actor, incident_id: str, reach: int = 2) -> BlastRadius:
    """Who calls the services that are hit, and what those call."""
    services = services_of(state_of(connection, actor, incident_id))
    catalog = organisation_queries.everything(connection).services
    return blast_radius(services, {name: each.depends_on for name, each in catalog.items()}, reach)


def _newest_first() -> Select[tuple[object, ...]]:
    return select(changes).order_by(changes.c.happened_at.desc(), changes.c.id.desc())


def _change(row: Row[tuple[object, ...]]) -> Change:
    return Change(**row._mapping)
