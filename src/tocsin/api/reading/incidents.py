"""Incidents in a list, the newest first."""

from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_incidents
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.facts.incidents import OPEN_PHASES

_MOST_DIGITS = 9


def list_incidents(
    connection: Connection,
    actor: Actor,
    *,
    state: str,
    severity: int | None,
    practice: bool | None,
    text: str | None,
    before: int | None,
    limit: int,
) -> list[Row[Any]]:
    """Those with a number below `before`; `state` is open, closed or all."""
    shown = [
        incidents.c[name]
        for name in (
            "id", "number", "title", "severity", "phase", "restricted", "practice", "declared_at", "resolved_at", "updated_at",
        )
    ]  # fmt: skip
    query = select(*shown).where(visible_incidents(actor)).order_by(incidents.c.number.desc()).limit(limit)
    if state == "open":
        query = query.where(incidents.c.phase.in_(OPEN_PHASES))
    elif state == "closed":
        query = query.where(incidents.c.phase.not_in(OPEN_PHASES))
    if severity is not None:
        query = query.where(incidents.c.severity == severity)
    if practice is not None:
        query = query.where(incidents.c.practice == practice)
    if before is not None:
        query = query.where(incidents.c.number < before)
    if text:
        digits = text.upper().removeprefix("INC-")
        matches = [func.lower(incidents.c.title).contains(text.lower(), autoescape=True)]
        if digits.isdecimal() and len(digits) <= _MOST_DIGITS:
            matches.append(incidents.c.number == int(digits))
        query = query.where(or_(*matches))
    return list(connection.execute(query))
