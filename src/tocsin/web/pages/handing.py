"""The handover: what the shift before left, what is open now, and the note for whoever comes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.errors import NotFound
from tocsin.identity.actor import Right
from tocsin.incidents.queries.handover import Situation, became_of, situation
from tocsin.oncall.queries import duties, on_call
from tocsin.oncall.queries.handing import Note, held_since, last_handovers
from tocsin.oncall.usecases.handing import may_note
from tocsin.organisation.queries import everything
from tocsin.web import format as say
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Choice, Names

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Line:
    """An incident, a group, a page or a note: what, more of it, and where it stands."""

    text: str
    note: str
    href: str = ""
    severity: int = 0


@dataclass(frozen=True)
class LastView:
    """The handover that was last."""

    id: str
    text: str
    read: str
    may_read: bool
    notes: tuple[Line, ...]
    pages: tuple[Line, ...]


@dataclass(frozen=True)
class HandoverView:
    """The whole page."""

    schedule: str
    name: str
    choices: tuple[Choice, ...]
    standing: str
    last: LastView | None
    incidents: tuple[Line, ...]
    groups: tuple[Line, ...]
    pages: tuple[Line, ...]
    notes: tuple[Line, ...]
    may_note: bool


def load(asked: Asked) -> Answer:
    """`?schedule=payments`; without, one's own that is on now, else one that one just had, else the first."""
    connection, now = asked.connection, asked.now
    schedules = everything(connection).schedules
    chosen = asked.query.get("schedule", "") or _own(asked) or next(iter(schedules), "")
    if chosen not in schedules:
        raise NotFound(f"there is no schedule '{chosen}'" if chosen else "there is no schedule yet")
    known = people.names(connection)
    present = on_call(connection, chosen, now)
    since = held_since(connection, chosen, present.person, now) if present.person else None
    seen = situation(connection, asked.actor, chosen, since or now - _DAY, now)
    who = known.of(present.person) if present.person else "Nobody"
    until = f" until {say.moment(present.until, now)}" if present.until else ""
    then = f", then {known.of(present.next_person)}" if present.next_person else ""
    view = HandoverView(
        schedule=chosen,
        name=schedules[chosen].name,
        choices=tuple(Choice(id, spec.name, chosen=id == chosen) for id, spec in schedules.items()),
        standing=f"{who}{until}{then}",
        last=_last(asked, chosen, present.person, known),
        incidents=tuple(
            Line(each.title, f"INC-{each.number}, {each.phase}", f"/incidents/{each.number}", each.severity)
            for each in seen.incidents
        ),
        groups=tuple(
            Line(
                each.title,
                f"{say.figure(each.firing, 'alert')} firing, since {say.moment(each.opened_at, now)}",
                "/alerts",
            )
            for each in seen.groups
        ),
        pages=_pages(seen, known, now),
        notes=_notes(seen.notes, known, now),
        may_note=asked.responds
        and bool(asked.person_id)
        and (asked.actor.may(Right.MANAGER) or may_note(connection, asked.actor, chosen, now)),
    )
    return Answer(view, frozenset({"oncall"}), live=False, title="Handover")


def _own(asked: Asked) -> str:
    if not asked.person_id:
        return ""
    for moment in (asked.now, asked.now - timedelta(hours=4)):
        for duty in duties(asked.connection, moment):
            if duty.now.person == asked.person_id:
                return duty.id
    return ""


def _last(asked: Asked, schedule: str, present: str | None, known: Names) -> LastView | None:
    found = next(iter(last_handovers(asked.connection, schedule)), None)
    if found is None:
        return None
    ended = situation(asked.connection, asked.actor, schedule, found.began_at, found.changed_at)
    read = ""
    if found.read_at and found.read_by:
        read = f"Read by {known.of(found.read_by)} {say.moment(found.read_at, asked.now)}"
    when = say.moment(found.changed_at, asked.now)
    return LastView(
        found.id,
        f"{known.of(found.from_person)} to {known.of(found.to_person)}, {when}",
        read,
        asked.responds and not read and bool(asked.person_id) and asked.person_id in (found.to_person, present),
        _notes(found.notes, known, asked.now),
        _pages(ended, known, asked.now),
    )


def _pages(seen: Situation, known: Names, now: datetime) -> tuple[Line, ...]:
    return tuple(
        Line(each.title, f"{say.moment(each.opened_at, now)}, {became_of(each, known.people)}", f"/pages/{each.id}")
        for each in seen.pages
    )


def _notes(notes: tuple[Note, ...], known: Names, now: datetime) -> tuple[Line, ...]:
    return tuple(Line(each.text, f"{known.of(each.person_id)}, {say.moment(each.created_at, now)}") for each in notes)


SCREEN = Screen("/oncall/handover", "oncall", "handover.html", load)
