"""The overview: is anything on fire, who is on call, what is due, what waits for you."""

from datetime import datetime, timedelta

from tocsin.alerts.queries import board as alerts
from tocsin.incidents.command import read_bundle, state_of_head
from tocsin.incidents.queries import heads as incidents
from tocsin.oncall import queries as oncall
from tocsin.paging.queries import ringing as pages
from tocsin.paging.queries.health import channels
from tocsin.review import queries as review
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.clocks import clocks
from tocsin.runbook.events import services_of
from tocsin.runbook.model import Runbook
from tocsin.runbook.required_roles import required_roles
from tocsin.timeline.state import IncidentState
from tocsin.triage.queries import list_changes
from tocsin.web import format as say
from tocsin.web.pages.fires import fire, spark_for
from tocsin.web.pages.health import paging_sentence
from tocsin.web.pages.room.work import kind_badge
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Action, Badge, Clock, Names, Ref
from tocsin.web.views.overview import ChangeRow, DueRow, DutyRow, GroupRow, Overview, Waiting

_HOUR = timedelta(hours=1)
_AHEAD = timedelta(days=7)
_MOST = 12
_MOST_GROUPS = 500


def load(asked: Asked) -> Answer:
    """Everything on one page, from one snapshot."""
    connection, actor, now = asked.connection, asked.actor, asked.now
    names = people.names(connection)
    opened = []
    for head in incidents.open_incidents(connection, actor):
        state = state_of_head(connection, head)
        opened.append((state, read_bundle(connection, state.incident.bundle_digest)))
    fires = tuple(fire(state, bundle, names, now, spark_for(connection, state)) for state, bundle in opened)
    due = [row for state, bundle in opened for row in due_rows(state, bundle, now)]
    due += _reviews(asked) + _gaps(asked)
    waiting = [row for state, bundle in opened for row in waiting_rows(state, bundle, asked.person_id)]
    answer, rest = sentence(asked, [state for state, _ in opened])
    healthy, unwell = paging_sentence(channels(connection, now), now)
    held = {service for state, _ in opened for service in state.mitigation.held}
    groups, note = _groups(asked)
    return Answer(
        Overview(
            answer=answer,
            rest=f"{rest} {healthy}".strip(),
            unwell=unwell,
            fires=fires,
            due=tuple(sorted(due, key=lambda row: row.clock.at)[:_MOST]),
            waiting=tuple(waiting) if asked.responds else (),
            duty=_duty(asked, names),
            changes=_changes(asked),
            held=Badge(f"Deploys held on {say.figure(len(held), 'service')}", "info", "snow") if held else None,
            groups=groups,
            groups_note=note,
            calm_note=_calm(asked),
        ),
        frozenset({"incidents", "pages", "alerts", "changes", "oncall", "organisation", "reviews"}),
    )


def sentence(asked: Asked, open_now: list[IncidentState]) -> tuple[str, str]:
    """The answer, and the rest dimmed."""
    answer = say.open_incidents_sentence([state.incident.severity for state in open_now])
    rest = []
    if not answer:
        answer = "Nothing is on fire."
        mine = oncall.duties_of(asked.connection, asked.person_id, asked.now)
        if mine:
            until = min((duty.until for duty in mine if duty.until), default=None)
            rest.append(f"You are on call until {say.weekday_time(until)}." if until else "You are on call.")
        else:
            rest.append("You are not on call.")
    held = {service for state in open_now for service in state.mitigation.held}
    if held:
        every = "every service" if "*" in held else say.count_of(len(held), "service")
        rest.append(f"Deploys are held on {every}.")
    return answer, " ".join(rest)


def due_rows(state: IncidentState, bundle: Bundle, now: datetime) -> list[DueRow]:
    """The incident's clocks as rows."""
    number = state.incident.number
    rows = []
    for clock in clocks(state, bundle, now):
        if not clock.is_shown:
            continue
        length = say.every(clock.due_at - clock.started_at)
        meta = {
            "update.due": f"INC-{number}, every {length}",
            "recovery.watch": f"INC-{number}, {length} without regression",
            "recovery.hold": f"INC-{number}, {length} together",
        }.get(clock.kind, f"INC-{number}, by {say.moment(clock.due_at, now)}")
        title = {"recovery.watch": "Watch ends", "recovery.hold": "Hold ends"}.get(clock.kind, clock.label)
        rows.append(
            DueRow(
                Clock(title, clock.due_at, "down", start=clock.started_at),
                title,
                meta,
                f"/incidents/{number}",
                Ref(clock.section),
            )
        )
    return rows


def waiting_rows(state: IncidentState, bundle: Bundle, person_id: str) -> list[Waiting]:
    """Approvals, handovers and empty roles of one incident that this person could see to."""
    number, incident = state.incident.number, state.incident
    rows = [
        Waiting(
            "Approve the status page update",
            f"{update.by} asked at {say.time_of(update.at)}, INC-{number}",
            f"/incidents/{number}#comms",
            Action("Review", f"/incidents/{number}#comms", dialog=False),
        )
        for update in state.comms.proposed.values()
    ]
    for role, offer in incident.offers.items():
        if offer.to == person_id:
            room = f"/incidents/{number}#roles"
            rows.append(
                Waiting(
                    f"Take over {role} of INC-{number}", f"{offer.by} asks", room, Action("Answer", room, dialog=False)
                )
            )
    runbook: Runbook = bundle.effective(services_of(state))
    rows += [
        Waiting(
            f"Fill {need.title.lower()} on INC-{number}",
            f"Empty since {say.time_of(need.empty_since)}",
            f"/incidents/{number}#roles",
            Action(
                "Take it",
                f"/incidents/{number}/do/role",
                post=True,
                fields=(("role", need.role), ("person", person_id)),
            ),
        )
        for need in required_roles(state, runbook)
        if need.empty_since and person_id
    ]
    return rows


def _reviews(asked: Asked) -> list[DueRow]:
    rows = []
    for row in review.reviews(asked.connection, asked.actor):
        if row.state == "draft":
            clock = Clock("Postmortem", row.due_at, "down", start=row.resolved_at)
            rows.append(
                DueRow(clock, "Finish the postmortem", f"INC-{row.number}, {row.title}", f"/postmortems/{row.number}")
            )
    return rows


def _gaps(asked: Asked) -> list[DueRow]:
    rows = []
    known = people.organisation(asked.connection).schedules
    ahead = oncall.gaps_ahead(asked.connection, asked.now, asked.now + _AHEAD)
    for id, (gap, *_) in ((id, found) for id, found in ahead.items() if found):
        clock = Clock("Gap", gap.start, "down", start=gap.start - _AHEAD)
        span = f"{say.weekday_time(gap.start)} to {say.weekday_time(gap.end)}"
        rows.append(DueRow(clock, f"{known[id].name} has nobody on call", span, "/oncall"))
    return sorted(rows, key=lambda row: row.title.casefold())


def _duty(asked: Asked, names: Names) -> tuple[DutyRow, ...]:
    rows = []
    for duty in oncall.duties(asked.connection, asked.now):
        person = names.person(duty.now.person) if duty.now.person else None
        their = say.their_time(asked.now, people.zone_of(asked.connection, duty.now.person)) if duty.now.person else ""
        until = say.weekday_time(duty.until) if duty.until else ("no handover" if duty.now.person else "")
        gap = ""
        if duty.until and duty.now.person and duty.now.next_person is None:
            found = oncall.gaps_between(asked.connection, duty.id, duty.until, duty.until + _AHEAD)
            if found and found[0].start == duty.until:
                gap = f"Nobody for {say.coarse(found[0].end - found[0].start)}"
        then = names.of(duty.now.next_person) if duty.now.next_person else ""
        rows.append(DutyRow(duty.name, person, their, until, then, gap))
    return tuple(rows)


def _changes(asked: Asked) -> tuple[ChangeRow, ...]:
    return tuple(
        ChangeRow(
            change.happened_at,
            kind_badge(change.kind),
            change.service,
            " ".join(filter(None, (change.version, change.summary))),
            people.names(asked.connection).of(change.author or change.reported_by),
        )
        for change in list_changes(asked.connection, asked.actor, since=asked.now - _HOUR, limit=8)
    )


def _groups(asked: Asked) -> tuple[tuple[GroupRow, ...], str]:
    """What nobody has first, as the Alerts screen has it."""
    found = alerts.groups_now(asked.connection, asked.actor, limit=_MOST_GROUPS)
    paged = pages.of_groups(asked.connection, [row.id for row in found])
    waits = {row.id for row in found if row.id in paged and paged[row.id].state == "open"}
    rows = [row for row in found if row.state == "open" and row.urgency == "page"]
    rows.sort(key=lambda row: row.id not in waits)
    numbers = {head.id: head.number for head in incidents.open_incidents(asked.connection, asked.actor)}
    shown = []
    for row in rows[:6]:
        in_incident = f", INC-{numbers[row.incident_id]}" if row.incident_id in numbers else ""
        shown.append(
            GroupRow(row.title, f"{say.figure(row.firing, 'alert')}{in_incident}", row.opened_at, f"/alerts#g-{row.id}")
        )
    unheld = sum(row.id in waits for row in rows)
    note = (
        f"{say.figure(len(rows), 'group')}, {f'{unheld} not acknowledged' if unheld else 'all acknowledged'}"
        if rows
        else ""
    )
    return tuple(shown), note


def _calm(asked: Asked) -> str:
    last = incidents.last_ended(asked.connection, asked.actor)
    if last is None:
        return "There has been no incident yet. A practice run takes five minutes and sends nothing outside."
    return f"The last incident, INC-{last.number}, was resolved {say.coarse(asked.now - last.resolved_at)} ago: {last.title}."


SCREEN = Screen("/", "overview", "overview.html", load, ("overview/body.html",))
