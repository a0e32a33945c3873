"""What the incident asks of the rooms before it on the street, in its own transaction."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from tocsin.alerts import queries as alert_queries
from tocsin.engine.tasks import owe
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Actor
from tocsin.incidents.decide import GroupView
from tocsin.incidents.queries import names
from tocsin.organisation import queries as organisation_queries
from tocsin.organisation.snapshot import Organisation
from tocsin.paging import queries as paging_queries
from tocsin.paging.page import SubjectKind, WithdrawPage
from tocsin.paging.usecases.groups import link_page, link_pages_to_incident
from tocsin.runbook.findings import nearest
from tocsin.store.tables.paging import pages
from tocsin.timeline.state import IncidentState


def organisation_of(connection: Connection) -> Organisation:
    """The organisation as it is now."""
    return organisation_queries.everything(connection)


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
    group = alert_queries.group(connection, actor, group_id)
    if group is None:
        raise NotFound(f"there is no alert group {group_id}")
    labels = [dict(alert.labels) for alert in alert_queries.alerts(connection, actor, group_id=group_id, limit=100)]
    first = labels[0] if labels else {}
    return GroupView(
        group_id=group.id,
        title=group.title,
        severity=group.severity,
        services=group.services,
        firing=group.firing,
        total=group.total,
        state=group.state,
        incident_id=group.incident_id,
        route=group.route,
        labels={name: value for name, value in first.items() if all(each.get(name) == value for each in labels)},
        resolved_by=group.resolved_by,
    )


def first_paged_at(connection: Connection, group_ids: Iterable[str]) -> datetime | None:
    """When the first page about one of the groups went out."""
    return paging_queries.first_paged_at(connection, tuple(group_ids))


def link_pages(connection: Connection, state: IncidentState, group_ids: Iterable[str], now: datetime) -> None:
    """The pages of these groups belong to the incident from now on, with all of their log."""
    incident = state.incident
    link_pages_to_incident(connection, tuple(group_ids), incident.id, incident.restricted, incident.practice, now)


def hide_pages(connection: Connection, state: IncidentState, now: datetime) -> None:
    """Every page of the incident shows as much, or as little, as the incident does."""
    incident = state.incident
    for page_id in sorted(state.paging.pages):
        link_page(connection, page_id, incident.id, incident.restricted, incident.practice, now)
    link_pages(connection, state, incident.groups, now)


def withdraw_pages(connection: Connection, incident_id: str, role: str, why: str, now: datetime, *, cause: str) -> None:
    """Owe the end of the incident's pages about a role (all but those about alerts, when `role` is empty).

    `cause` makes each withdrawal one for ever.
    """
    about_it: ColumnElement[bool] = pages.c.subject_kind != "group"
    if role:
        of_role = (pages.c.subject_kind == "role") & (pages.c.subject_id == f"{incident_id}:{role}")
        about_it = of_role | _about(incident_id, "empty", role) | _about_offers(incident_id, role)
    _withdraw(connection, incident_id, about_it, why, now, cause)


def withdraw_offers(
    connection: Connection, incident_id: str, role: str, why: str, now: datetime, *, cause: str
) -> None:
    """Owe the end of what asks for the answer to a handover."""
    _withdraw(connection, incident_id, _about_offers(incident_id, role), why, now, cause)


def _about(incident_id: str, what: str, role: str) -> ColumnElement[bool]:
    return pages.c.subject_id.startswith(f"{incident_id}:{what}:{role}:", autoescape=True)


def _about_offers(incident_id: str, role: str) -> ColumnElement[bool]:
    return _about(incident_id, "offer", role) | _about(incident_id, "offered", role)


def _withdraw(
    connection: Connection, incident_id: str, about_it: ColumnElement[bool], why: str, now: datetime, cause: str
) -> None:
    live = select(pages.c.subject_kind, pages.c.subject_id).where(
        pages.c.incident_id == incident_id, pages.c.state != "ended", about_it
    )
    for subject in connection.execute(live).all():
        withdraw_page(connection, subject.subject_kind, subject.subject_id, why, now, cause=cause)


def withdraw_page(
    connection: Connection, subject_kind: SubjectKind, subject_id: str, why: str, now: datetime, *, cause: str
) -> None:
    """Owe the end of one page, if there is one: its cause is gone. `cause` makes it one withdrawal for ever."""
    payload = WithdrawPage(subject_kind=subject_kind, subject_id=subject_id, why=why).model_dump(mode="json")
    key = f"{subject_kind}:{subject_id}:{cause}"
    owe(connection, "withdraw_page", subject_kind, subject_id, payload, now, key=key)


__all__ = [
    "SYSTEM", "first_paged_at", "group_views", "hide_pages", "known_person", "known_service", "link_pages", "names",
    "organisation_of", "withdraw_offers", "withdraw_page", "withdraw_pages",
]  # fmt: skip
