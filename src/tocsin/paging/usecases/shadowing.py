"""Telling those who learn what whoever is on call is paged for. Nothing of it is theirs to answer."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.engine.deliveries import send_later
from tocsin.oncall.queries.shadows import shadows_at
from tocsin.organisation.model.policy import Step
from tocsin.paging import methods
from tocsin.paging.page import LogRow
from tocsin.paging.queries import people
from tocsin.paging.usecases.ledger import write_log


def tell_shadows(connection: Connection, row: Row[Any], step: Step, paged: Collection[str], now: datetime) -> None:
    """Tell those who shadow the step's schedules, by the first of their ways, once each time that the page begins.

    Nobody is told when nobody is paged, nor of a restricted page, of one of practice, or of what only notifies.
    """
    schedules = {target.schedule for target in step.page if target.schedule}
    if not paged or row.restricted or row.practice or row.urgency != "page" or not schedules:
        return
    for shadow in shadows_at(connection, schedules, now):
        if shadow.person_id in paged or not (shadow.of_person is None or shadow.of_person in paged):
            continue
        ways = people.ways_now(connection, shadow.person_id, row.severity, now).ways
        if not ways:
            continue
        way = ways[0]
        told = send_later(
            connection,
            lane=methods.lane_of(way.kind),
            kind="page_shadow",
            subject_kind="page",
            subject_id=row.id,
            idempotency_key=f"shadow:{row.id}:{row.reopened}:{shadow.person_id}",
            payload={"person": shadow.person_id, "method_id": way.method_id, "kind": way.kind, "paged": sorted(paged)},
            on_unknown="resend",
            now=now,
        )
        if told:
            write_log(connection, row, LogRow("shadow", person=shadow.person_id, method=way.kind), now)


__all__ = ["tell_shadows"]
