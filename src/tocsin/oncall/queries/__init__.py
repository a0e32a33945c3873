"""Who is on call, was, and will be; by the schedule that held at that moment and the overrides that people made."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from tocsin.errors import NotFound
from tocsin.oncall import schedule as schedules
from tocsin.oncall.policy import Directory
from tocsin.oncall.queries.imported import imported
from tocsin.oncall.schedule import FinalShift, Gap, OnCall, Override
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything, history, valid_since
from tocsin.organisation.snapshot import Organisation
from tocsin.store.tables.oncall import overrides as rows

LONGEST_WINDOW = timedelta(days=400)


@dataclass(frozen=True)
class Duty:
    """One schedule and who has it at a moment."""

    id: str
    name: str
    schedule: Schedule
    now: OnCall

    @property
    def until(self) -> datetime | None:
        """Until when that stays so; None beyond the horizon."""
        return self.now.until


@dataclass(frozen=True)
class OverrideRow:
    """An override as screens list it; instants UTC. `cancelled_at` is set when it was taken back."""

    id: str
    schedule_id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    created_at: datetime
    cancelled_at: datetime | None

    @property
    def holds_until(self) -> datetime:
        """When it ends: as planned, or when it was taken back, so that what it was until then stays true."""
        return self.ends_at if self.cancelled_at is None else min(self.ends_at, self.cancelled_at)


def list_overrides(
    connection: Connection, schedule_id: str | None = None, ends_after: datetime | None = None
) -> list[OverrideRow]:
    """Overrides in the order of their starts, also those that were taken back."""
    statement = select(rows).order_by(rows.c.starts_at, rows.c.id)
    if schedule_id is not None:
        former = everything(connection)
        statement = statement.where(rows.c.schedule_id.in_(_names_of(former, schedule_id)))
    if ends_after is not None:
        statement = statement.where(rows.c.ends_at > ends_after)
    return [OverrideRow(**row._mapping) for row in connection.execute(statement)]


def find_override(connection: Connection, override_id: str) -> OverrideRow:
    """One override. Raises NotFound."""
    row = connection.execute(select(rows).where(rows.c.id == override_id)).first()
    if row is None:
        raise NotFound(f"there is no override '{override_id}'")
    return OverrideRow(**row._mapping)


def overrides_of(connection: Connection, schedule_id: str, start: datetime, end: datetime) -> list[Override]:
    """The overrides that hold somewhere in [start, end), as the rules read them; people under their present ids."""
    made, known = list_overrides(connection, schedule_id, ends_after=start), everything(connection)
    by_calendar = imported(connection, known, start, end, schedule_id).get(schedule_id, [])
    found = [*_as_overrides(known, made), *by_calendar]
    return _while_they_stay(connection, known, found, start, end)


def _as_overrides(organisation: Organisation, made: Iterable[OverrideRow]) -> Iterator[Override]:
    for row in made:
        person = organisation.current_id("person", row.person_id)
        yield Override(row.starts_at, row.holds_until, person, row.created_at, row.id, row.reason)


def _while_they_stay(
    connection: Connection, organisation: Organisation, made: Iterable[Override], start: datetime, end: datetime
) -> list[Override]:
    """Those that hold somewhere in [start, end). Who left has had it until then; the rotation has the rest again."""
    found = []
    for each in made:
        until = each.end
        if each.person not in organisation.active_people:
            until = min(until, _left_at(connection, each.person) or each.start)
        if each.start < until and each.start < end and until > start:
            found.append(each if until == each.end else replace(each, end=until))
    return found


def who_is_on_call(connection: Connection, schedule_id: str, at: datetime) -> str | None:
    """Who is, was or will be on call at an instant; None: nobody, or there was no such schedule then."""
    versions = _versions(connection, schedule_id, at, at + _INSTANT)
    if not versions:
        return None
    person = schedules.who(versions[0][2], overrides_of(connection, schedule_id, at, at + _INSTANT), at)
    return everything(connection).current_id("person", person) if person else None


def on_call(connection: Connection, schedule_id: str, at: datetime) -> OnCall:
    """Who has a schedule at an instant, until when, and who is next: by what held at that moment. Raises NotFound."""
    schedule = find_schedule(connection, schedule_id)
    return _on_call(connection, schedule_id, schedule, at)


def next_on_call(connection: Connection, schedule_id: str, at: datetime) -> str | None:
    """Who follows whoever has a schedule at an instant, also past a gap. Raises NotFound."""
    schedule = find_schedule(connection, schedule_id)
    return schedules.after(schedule, overrides_of(connection, schedule_id, at, at + schedules.HORIZON), at)


def duties(connection: Connection, at: datetime) -> list[Duty]:
    """Every schedule with who has it at an instant, by the schedules' names."""
    return _duties(connection, at)


def duties_of(connection: Connection, person_id: str, at: datetime) -> list[Duty]:
    """The schedules that a person has at an instant. Of thousands only those that name them are asked."""
    return [duty for duty in _duties(connection, at, person_id) if duty.now.person == person_id]


def _duties(connection: Connection, at: datetime, person: str | None = None) -> list[Duty]:
    """As `duties`; with a `person` without those that surely are not theirs."""
    organisation = everything(connection)
    known = sorted(organisation.schedules.items(), key=lambda item: item[1].name.casefold())
    since, overrides_in = valid_since(connection, "schedule"), _overrides_in(connection, at, at + schedules.HORIZON)
    found = []
    for id, schedule in known:
        if since[id] > at:  # it was another one then
            found.append(Duty(id, schedule.name, schedule, _on_call(connection, id, schedule, at)))
            continue
        overrides = overrides_in(id)
        if person is None or _may_have(organisation, schedule, overrides, person):
            now = _by_present_ids(organisation, schedules.on_call(schedule, overrides, at))
            found.append(Duty(id, schedule.name, schedule, now))
    return found


def _may_have(organisation: Organisation, schedule: Schedule, overrides: Iterable[Override], person: str) -> bool:
    """Whether the person can have the schedule at all."""
    return any(each.person == person for each in overrides) or any(
        organisation.current_id("person", one) == person for layer in schedule.rotations for one in layer.people
    )


def _overrides_in(connection: Connection, start: datetime, end: datetime) -> Callable[[str], list[Override]]:
    """As `overrides_of`, for each present schedule, read once for all of them."""
    organisation = everything(connection)
    made: dict[str, list[OverrideRow]] = {}
    for row in list_overrides(connection, ends_after=start):
        made.setdefault(organisation.current_id("schedule", row.schedule_id), []).append(row)
    by_calendar = imported(connection, organisation, start, end)

    def of(schedule_id: str) -> list[Override]:
        found = [*_as_overrides(organisation, made.get(schedule_id, ())), *by_calendar.get(schedule_id, [])]
        return _while_they_stay(connection, organisation, found, start, end)

    return of


def _on_call(connection: Connection, schedule_id: str, present: Schedule, at: datetime) -> OnCall:
    versions = _versions(connection, schedule_id, at, at + _INSTANT)
    made = overrides_of(connection, schedule_id, at, at + schedules.HORIZON)
    then = versions[0][2] if versions else present.model_copy(update={"rotations": ()})
    return _by_present_ids(everything(connection), schedules.on_call(then, made, at))


def _by_present_ids(known: Organisation, found: OnCall) -> OnCall:
    person = known.current_id("person", found.person) if found.person else None
    after = known.current_id("person", found.next_person) if found.next_person else None
    if (person, after) == (found.person, found.next_person):
        return found
    return replace(found, person=person, next_person=after)


def shifts_between(connection: Connection, schedule_id: str, start: datetime, end: datetime) -> list[FinalShift]:
    """Who had, has and will have it in [start, end): each past moment by the schedule that held then."""
    if end - start > LONGEST_WINDOW:
        end = start + LONGEST_WINDOW
    made = overrides_of(connection, schedule_id, start, end)
    known = everything(connection)
    found: list[FinalShift] = []
    for begins, ends, schedule in _versions(connection, schedule_id, start, end):
        held = schedules.final_shifts(schedule, made, begins, ends)
        found.extend(replace(shift, person=known.current_id("person", shift.person)) for shift in held)
    return list(schedules.joined(found))


def gaps_between(connection: Connection, schedule_id: str, start: datetime, end: datetime) -> list[Gap]:
    """When nobody is on call in [start, end) by the present schedule. Raises NotFound."""
    made = overrides_of(connection, schedule_id, start, end)
    return list(schedules.gaps(find_schedule(connection, schedule_id), made, start, end))


def gaps_ahead(connection: Connection, start: datetime, end: datetime) -> dict[str, list[Gap]]:
    """As `gaps_between`, of every present schedule by its id."""
    overrides_in = _overrides_in(connection, start, end)
    known = everything(connection).schedules
    return {id: list(schedules.gaps(schedule, overrides_in(id), start, end)) for id, schedule in known.items()}


def shifts_of_person(
    connection: Connection, person_id: str, start: datetime, end: datetime
) -> list[tuple[str, FinalShift]]:
    """A person's shifts in [start, end) with the schedules' ids, in order."""
    found = [
        (id, shift)
        for id in everything(connection).schedules
        for shift in shifts_between(connection, id, start, end)
        if shift.person == person_id
    ]
    return sorted(found, key=lambda each: (each[1].start, each[0]))


def directory(connection: Connection) -> Directory:
    """What resolving a policy's step needs; former ids of teams and schedules, as old pages hold them, work too."""
    organisation = everything(connection)
    teams = {name: team.members for id, team in organisation.teams.items() for name in (id, *team.was)}
    names = {name for id, schedule in organisation.schedules.items() for name in (id, *schedule.was)}

    def current(schedule_id: str) -> str:
        return organisation.current_id("schedule", schedule_id)

    return Directory(
        active=organisation.active_people,
        teams=teams,
        schedules=names,
        who=lambda schedule_id, at: who_is_on_call(connection, current(schedule_id), at),
        after=lambda schedule_id, at: next_on_call(connection, current(schedule_id), at),
    )


def find_schedule(connection: Connection, schedule_id: str) -> Schedule:
    """The present schedule. Raises NotFound with the ids that there are."""
    known = everything(connection).schedules
    if schedule_id not in known:
        raise NotFound(f"there is no schedule '{schedule_id}'; there are {', '.join(known) or 'none yet'}")
    return known[schedule_id]


_INSTANT = timedelta(microseconds=1)


def _versions(
    connection: Connection, schedule_id: str, start: datetime, end: datetime
) -> list[tuple[datetime, datetime, Schedule]]:
    """The versions of a schedule that held in [start, end), each with the part of it."""
    present = list(history(connection, "schedule", schedule_id))
    names = _names_of(everything(connection), schedule_id)
    renamed_at = present[0][0] if present else None
    # What a former id meant after the rename is somebody else's.
    former = [
        version
        for name in names[1:]
        for version in history(connection, "schedule", name)
        if renamed_at is None or version[0] < renamed_at
    ]
    found = []
    for since, until, spec in sorted([*former, *present], key=lambda version: version[0]):
        begins, ends = max(since, start), end if until is None else min(until, end)
        if isinstance(spec, Schedule) and begins < ends:
            found.append((begins, ends, spec))
    return found


def _left_at(connection: Connection, person_id: str) -> datetime | None:
    """When somebody who is deactivated was; None for who was never known."""
    since = None
    for begins, _, spec in history(connection, "person", person_id):
        active = getattr(spec, "active", True)
        since = None if active else since or begins
    return since


def _names_of(organisation: Organisation, schedule_id: str) -> tuple[str, ...]:
    schedule = organisation.schedules.get(schedule_id)
    return (schedule_id, *(schedule.was if schedule else ()))
