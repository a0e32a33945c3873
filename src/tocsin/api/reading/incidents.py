"""Incidents in a list, the newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from tocsin.errors import Invalid
from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_incidents
from tocsin.incidents.command import state_of_head
from tocsin.organisation import queries as organisation
from tocsin.runbook.events import services_of
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.facts.incidents import OPEN_PHASES

_MOST_DIGITS = 9
_SHOWN = (
    "id", "number", "title", "severity", "phase", "restricted", "practice", "declared_at", "resolved_at", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Which incidents are asked for; `state` is open, closed or all.

    `service` is one that the incident hits; `team` is whose services it hits, as the organisation is now. `since` and
    `until` bound the declare: at or after, and before. UTC.
    """

    state: str = "all"
    severity: int | None = None
    practice: bool | None = None
    text: str | None = None
    service: str | None = None
    team: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_incidents(
    connection: Connection, actor: Actor, wanted: Filter, *, before: int | None, limit: int
) -> list[Row[Any]]:
    """Those with a number below `before`. Raises Invalid for a team that there is not."""
    query = _asked_for(wanted, actor)
    if before is not None:
        query = query.where(incidents.c.number < before)
    if wanted.service is None and wanted.team is None:
        return list(connection.execute(query.limit(limit)))
    return list(_hitting(connection, query, _services(connection, wanted), limit))


def _asked_for(wanted: Filter, actor: Actor) -> Select[Any]:
    query = select(*(incidents.c[name] for name in _SHOWN))
    query = query.where(visible_incidents(actor)).order_by(incidents.c.number.desc())
    if wanted.state == "open":
        query = query.where(incidents.c.phase.in_(OPEN_PHASES))
    elif wanted.state == "closed":
        query = query.where(incidents.c.phase.not_in(OPEN_PHASES))
    if wanted.severity is not None:
        query = query.where(incidents.c.severity == wanted.severity)
    if wanted.practice is not None:
        query = query.where(incidents.c.practice == wanted.practice)
    if wanted.since is not None:
        query = query.where(incidents.c.declared_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(incidents.c.declared_at < wanted.until)
    if wanted.text:
        digits = wanted.text.upper().removeprefix("INC-")
        matches = [func.lower(incidents.c.title).contains(wanted.text.lower(), autoescape=True)]
        if digits.isdecimal() and len(digits) <= _MOST_DIGITS:
            matches.append(incidents.c.number == int(digits))
        query = query.where(or_(*matches))
    return query


def _services(connection: Connection, wanted: Filter) -> frozenset[str]:
    """The services of which one must be hit."""
    if wanted.team is None:
        return frozenset((wanted.service,) if wanted.service else ())
    known = organisation.everything(connection)
    if wanted.team not in known.teams:
        raise Invalid(f"there is no team '{wanted.team}'", "team")
    theirs = frozenset(id for id, service in known.services.items() if service.team == wanted.team)
    return theirs & {wanted.service} if wanted.service else theirs


def _hitting(connection: Connection, query: Select[Any], services: frozenset[str], limit: int) -> Iterator[Row[Any]]:
    """Those whose state says that one of the services is hit; the words of the state narrow down which are folded."""
    if not services:
        return
    words = (incidents.c.state.contains(f'"{each}"', autoescape=True) for each in sorted(services))
    left = limit
    for row in connection.execute(query.where(or_(*words))).all():
        head = connection.execute(select(incidents).where(incidents.c.id == row.id)).one()
        if services.intersection(services_of(state_of_head(connection, head))):
            yield row
            left -= 1
            if not left:
                return
