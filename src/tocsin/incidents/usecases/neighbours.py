"""What the incident asks of the rooms before it on the street, in its own transaction."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from tocsin.engine.tasks import owe
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.incidents.decide import GroupView
from tocsin.incidents.staffing import name_in
from tocsin.organisation import queries as organisation_queries
from tocsin.organisation.snapshot import Organisation
from tocsin.paging.page import WithdrawPage
from tocsin.paging.usecases.ledger import owe_page_entries
from tocsin.runbook.findings import nearest
from tocsin.store.columns import lock_rows
from tocsin.store.tables.alerts import alerts, groups
from tocsin.store.tables.paging import pages
from tocsin.timeline.state import IncidentState


def organisation_of(connection: Connection) -> Organisation:
    """The organisation as it is now."""
    return organisation_queries.everything(connection)


def names(connection: Connection) -> Callable[[str], str]:
    """How sentences name people, teams and vendors."""
    organisation = organisation_of(connection)
    return lambda subject: name_in(organisation, subject)


def known_person(organisation: Organisation, person: str, field: str = "person") -> str:
    """The id of an active person; Invalid with the nearest name for anybody else."""
    current = organisation.current_id("person", person)
    if current not in organisation.active_people:
        raise Invalid(f"there is nobody '{person}'. {nearest(person, organisation.active_people)}".strip(), field)
    return current


def known_service(organisation: Organisation, service: str, field: str = "services") -> str:
    """The id of a service in the catalog; Invalid with the nearest name. An empty catalog takes any name."""
    current = organisation.current_id("service", service)
    if organisation.services and current not in organisation.services:
        raise Invalid(f"there is no service '{service}'. {nearest(service, organisation.services)}".strip(), field)
    return current


def group_views(connection: Connection, actor: Actor, group_ids: Iterable[str]) -> tuple[GroupView, ...]:
    """What incidents keep of alert groups; NotFound names the group that is not there, or not for the actor to see."""
    return tuple(_group_view(connection, actor, group_id) for group_id in dict.fromkeys(group_ids))


def _group_view(connection: Connection, actor: Actor, group_id: str) -> GroupView:
    row = connection.execute(
        select(groups).where(groups.c.id == group_id, visible_by_incident(actor, groups.c.incident_id))
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no alert group {group_id}")
    labels = [
        dict(each)
        for each in connection.execute(select(alerts.c.labels).where(alerts.c.group_id == group_id)).scalars()
    ]
    first = labels[0] if labels else {}
    shared = {name: value for name, value in first.items() if all(each.get(name) == value for each in labels)}
    return GroupView(
        group_id=row.id,
        title=row.title,
        severity=row.severity,
        services=tuple(row.services),
        firing=row.firing,
        total=row.total,
        state=row.state,
        incident_id=row.incident_id,
        labels=shared,
    )


def first_paged_at(connection: Connection, group_ids: Iterable[str]) -> datetime | None:
    """When the first page about one of the groups went out."""
    sought = tuple(group_ids)
    if not sought:
        return None
    return connection.execute(select(func.min(pages.c.opened_at)).where(pages.c.group_id.in_(sought))).scalar()


def link_pages(connection: Connection, state: IncidentState, group_ids: Iterable[str], now: datetime) -> None:
    """The groups and their pages belong to the incident from now on, the pages with all of their log."""
    sought = tuple(group_ids)
    incident = state.incident
    if not sought:
        return
    connection.execute(update(groups).where(groups.c.id.in_(sought)).values(incident_id=incident.id))
    of_groups = select(pages.c.id).where(pages.c.group_id.in_(sought)).order_by(pages.c.id)
    for page_id in connection.execute(lock_rows(connection, of_groups)).scalars().all():
        connection.execute(
            update(pages)
            .where(pages.c.id == page_id)
            .values(incident_id=incident.id, restricted=incident.restricted, practice=incident.practice)
        )
        owe_page_entries(connection, page_id, incident.id, now)


def withdraw_pages(connection: Connection, incident_id: str, role: str, why: str, now: datetime, *, cause: str) -> None:
    """Owe the end of the incident's pages about a role (all but those about alerts, when `role` is empty).

    `cause` makes each withdrawal one for ever.
    """
    mine = select(pages.c.subject_kind, pages.c.subject_id).where(
        pages.c.incident_id == incident_id, pages.c.state != "ended", pages.c.subject_kind != "group"
    )
    if role:
        empty = pages.c.subject_id.startswith(f"{incident_id}:empty:{role}:", autoescape=True)
        of_role = (pages.c.subject_kind == "role") & (pages.c.subject_id == f"{incident_id}:{role}")
        mine = mine.where(of_role | empty)
    for subject in connection.execute(mine).all():
        asked = WithdrawPage(subject_kind=subject.subject_kind, subject_id=subject.subject_id, why=why)
        key = f"{subject.subject_kind}:{subject.subject_id}:{cause}"
        payload = asked.model_dump(mode="json")
        owe(connection, "withdraw_pages", subject.subject_kind, subject.subject_id, payload, now, key=key)


__all__ = [
    "SYSTEM", "first_paged_at", "group_views", "known_person", "known_service", "link_pages", "names",
    "organisation_of", "withdraw_pages",
]  # fmt: skip
