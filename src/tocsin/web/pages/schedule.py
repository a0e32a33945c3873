"""One schedule: what it is made of and who has it; and the page on which it is changed, with what that would change."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin import wallclock
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity.actor import Right
from tocsin.identity.keys import keys_of
from tocsin.oncall import rotation as rotations
from tocsin.oncall.editing import Difference, anchored
from tocsin.oncall.queries import gaps_between, shifts_between
from tocsin.oncall.queries.editing import Preview, preview
from tocsin.oncall.queries.imported import calendar_state
from tocsin.oncall.schedule import FinalShift, Gap
from tocsin.organisation.held import Held
from tocsin.organisation.model.fields import SLUG_PATTERN
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything, source
from tocsin.web import format as say
from tocsin.web.forms.draft import Draft, draft_of, read_draft, to_schedule, typed
from tocsin.web.reading import people
from tocsin.web.reading.calendar import HOURS, WEEK, asked_week, bars_of, days_of, monday, notes_of, rotation_text
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Choice, Names
from tocsin.web.views.schedule import EditView, PreviewView, ScheduleView, ShiftLine, Week

_MOST_TOLD = 12


def load(asked: Asked) -> Answer:
    """The week of `?week=`, the layers below what they come to, and the coming shifts in words."""
    schedule_id = str(asked.path["schedule"])
    held, spec = _found(asked, schedule_id)
    known, now = people.names(asked.connection), asked.now
    start = asked_week(asked.query.get("week", ""), now)
    end = start + WEEK
    gaps = gaps_between(asked.connection, schedule_id, max(start, now), end) if end > now else []
    fill = schedule_id if asked.responds else ""
    final = bars_of(
        shifts_between(asked.connection, schedule_id, start, end), gaps, start, known, asked.person_id, fill
    )
    weeks = [Week("On call", "", final)]
    for place, layer in enumerate(spec.rotations):
        turns = [
            FinalShift(each.start, each.end, each.person, "rotation", place, each.turn)
            for each in rotations.shifts(layer, start, end)
        ]
        name = layer.name or f"Rotation {place + 1}"
        weeks.append(Week(name, "", bars_of(turns, (), start, known, asked.person_id), layer=True))
    at = (now - start) / timedelta(hours=1)
    ahead = gaps_between(asked.connection, schedule_id, now, now + 4 * WEEK)
    notes = notes_of(spec.rotations, start)
    view = ScheduleView(
        id=schedule_id,
        name=spec.name,
        source=held.made[:1].upper() + held.made[1:],
        title=f"{say.day(start)} to {say.day(end - timedelta(days=1), now)}",
        days=days_of(start, now, notes),
        notes=notes,
        weeks=tuple(weeks),
        now_at=round(at, 2) if 0 <= at <= HOURS else None,
        before=(start - WEEK).date().isoformat(),
        after=(start + WEEK).date().isoformat(),
        layers=tuple(
            (layer.name or f"Rotation {place + 1}", rotation_text(layer, known))
            for place, layer in enumerate(spec.rotations)
        ),
        shifts=_lines(shifts_between(asked.connection, schedule_id, now, now + 4 * WEEK), ahead, known, now)[:20],
        may_edit=held.origin != "files" and asked.actor.may(Right.MANAGER),
        may_override=asked.responds,
        calendar=calendar_state(asked.connection, schedule_id, spec),
    )
    return Answer(view, frozenset({"organisation", "oncall"}), title=spec.name)


def _lines(shifts: list[FinalShift], gaps: list[Gap], known: Names, now: datetime) -> tuple[ShiftLine, ...]:
    told = [(each.start, each.end, known.of(each.person), False) for each in shifts]
    told += [(each.start, each.end, "Nobody", True) for each in gaps]
    return tuple(ShiftLine(who, _span(start, end, now), gap) for start, end, who, gap in sorted(told))


def _span(start: datetime, end: datetime, now: datetime) -> str:
    return f"{_moment(start, now)} to {_moment(end, now)}"


def _moment(at: datetime, now: datetime) -> str:
    """'Mon 7 Dec 09:00'; 'now' for the present."""
    return "now" if at == now else f"{say.day(at, now)} {at:%H:%M}"


def load_edit(asked: Asked) -> Answer:
    """The schedule as it would be: as it stands, or as the fields in the address say."""
    schedule_id = str(asked.path["schedule"])
    held, spec = _found(asked, schedule_id)
    if held.origin == "files":
        raise Conflict(f"schedule '{schedule_id}' {held.made}; change it there and apply")
    if "layers" in asked.query:
        draft = replace(_asked_draft(asked), id=schedule_id)
    else:
        now_first = tuple(anchored(layer, asked.now) for layer in spec.rotations)
        draft = draft_of(schedule_id, spec.model_copy(update={"rotations": now_first}))
    at = f"/oncall/schedules/{schedule_id}"
    return _editing(asked, draft, f"{at}/edit", at, new=False)


def load_new(asked: Asked) -> Answer:
    """A schedule that is new: empty, or as the fields in the address say."""
    draft = _asked_draft(asked) if "layers" in asked.query else Draft()
    return _editing(asked, draft, "/oncall/schedules/new", "/oncall", new=True)


def _asked_draft(asked: Asked) -> Draft:
    return typed(read_draft(asked.query), keys_of(asked.connection))


def _editing(asked: Asked, draft: Draft, action: str, back: str, *, new: bool) -> Answer:
    organisation = everything(asked.connection)
    errors: dict[str, str] = {}
    drawn = None
    try:
        spec = to_schedule(draft)
        _check_people(asked, draft)
        found = preview(asked.connection, None if new else draft.id, spec, asked.now)
        drawn = _preview_view(found, people.names(asked.connection), asked)
    except Invalid as wrong:
        for mistake in wrong.mistakes:
            errors.setdefault(mistake.field, say.sentence(mistake.message))
    if new and not re.match(SLUG_PATTERN, draft.id):
        errors["id"] = "Lower-case letters, digits, '-', '.' and '_'."
    elif new and draft.id in organisation.schedules:
        errors["id"] = "There is a schedule of that id already."
    if new and "layers" not in asked.query:
        errors = {}
    active = {id: person.name for id, person in organisation.people.items() if person.active}
    view = EditView(
        draft=draft,
        new=new,
        action=action,
        back=back,
        people=tuple(Choice(id, name) for id, name in sorted(active.items(), key=lambda item: item[1].casefold())),
        names={id: person.name for id, person in organisation.people.items()},
        teams=tuple(Choice(id, team.name, chosen=id == draft.team) for id, team in organisation.teams.items()),
        zones=tuple(sorted(name for name in wallclock.zone_names() if "/" in name and not name.startswith("Etc/"))),
        errors=errors,
        preview=drawn,
        removable=not new,
    )
    return Answer(view, live=False, title="New schedule" if new else f"Change {draft.name or draft.id}")


def _check_people(asked: Asked, draft: Draft) -> None:
    active = everything(asked.connection).active_people
    for place, layer in enumerate(draft.layers):
        for person in layer.people:
            if person not in active:
                raise Invalid(f"{person} is not there any more; remove them", f"l{place}.people")


def _preview_view(found: Preview, known: Names, asked: Asked) -> PreviewView:
    weeks, start = [], monday(found.start)
    while start < found.end:
        last = start + timedelta(days=6)
        bars = bars_of(found.shifts, found.gaps, start, known, asked.person_id)
        weeks.append(Week(f"{start.day} {start:%b} to {last.day} {last:%b}", "", bars))
        start += WEEK
    return PreviewView(
        tuple(weeks[:-1] if len(weeks) > 6 else weeks),
        tuple(change_text(each, known, asked.now) for each in found.changes[:_MOST_TOLD]),
        max(0, len(found.changes) - _MOST_TOLD),
        tuple(_span(gap.start, gap.end, asked.now) for gap in found.gaps[:_MOST_TOLD]),
    )


def change_text(change: Difference, known: Names, now: datetime) -> str:
    """'From Mon 7 Dec 09:00 to Mon 14 Dec 09:00 Kofi Mensah instead of Dana Okafor'."""
    after = known.of(change.after) if change.after else "nobody"
    before = known.of(change.before) if change.before else "nobody"
    start = _moment(change.start, now)
    begin = "From now" if start == "now" else f"From {start}"
    return f"{begin} to {_moment(change.end, now)} {after} instead of {before}"


def _found(asked: Asked, schedule_id: str) -> tuple[Held, Schedule]:
    held = source(asked.connection, "schedule", schedule_id)
    if held is None or not isinstance(held.spec, Schedule):
        raise NotFound(f"there is no schedule '{schedule_id}'")
    return held, held.spec


SCREENS = (
    Screen("/oncall/schedules/new", "oncall", "schedule_edit.html", load_new, right=Right.MANAGER),
    Screen("/oncall/schedules/{schedule}", "oncall", "schedule.html", load, ("oncall/schedule_body.html",)),
    Screen("/oncall/schedules/{schedule}/edit", "oncall", "schedule_edit.html", load_edit, right=Right.MANAGER),
)
