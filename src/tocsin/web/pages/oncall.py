"""Who is on call: a question on top, the calendar, gaps, your shifts, the policies' steps."""

from dataclasses import astuple
from datetime import datetime, timedelta

from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.oncall import queries as oncall
from tocsin.oncall.ahead import Trouble
from tocsin.oncall.queries import list_overrides, shifts_between, shifts_of_person, who_is_on_call
from tocsin.oncall.queries.between import list_leaves, list_swaps
from tocsin.oncall.queries.feeds import list_feeds
from tocsin.oncall.queries.free import free_for
from tocsin.oncall.queries.shadows import list_shadows
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.paging.queries.ahead import troubles
from tocsin.paging.queries.load import PersonLoad, loads
from tocsin.paging.queries.resting import resting_until
from tocsin.web import format as say
from tocsin.web.instants import parse_instant
from tocsin.web.reading import people
from tocsin.web.reading.calendar import HOURS, asked_week, bars_of, days_of, notes_of
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Action, Choice, Names
from tocsin.web.views.oncall import (
    FeedLine,
    GapRow,
    Lane,
    LeaveLine,
    LoadLine,
    OncallView,
    OverrideLine,
    ShadowLine,
    Shift,
    Step,
    SwapLine,
    TroubleLine,
)

_WEEK = timedelta(days=7)
_MONTH = timedelta(days=30)
_MOST_GAPS, _MOST_FREE = 8, 3
_LOAD_OF = timedelta(days=28)


def load(asked: Asked) -> Answer:
    """The week of `?week=2026-11-16` (this one without), the answer for `?at=`."""
    connection, now = asked.connection, asked.now
    known, organisation = people.names(connection), everything(connection)
    error, when = "", now
    if text := asked.query.get("at", ""):
        try:
            when = parse_instant(text, now, "at")
        except Invalid as mistake:
            error = mistake.message
    start = asked_week(asked.query.get("week", ""), now)
    lanes = tuple(
        _lane(asked, known, schedule_id, spec.name, start) for schedule_id, spec in organisation.schedules.items()
    )
    notes = notes_of((layer for spec in organisation.schedules.values() for layer in spec.rotations), start)
    at = (now - start) / timedelta(hours=1)
    view = OncallView(
        asked_for=when.strftime("%Y-%m-%d %H:%M"),
        asked_error=error,
        answers=tuple(
            (spec.name, _answer(asked, known, who_is_on_call(connection, schedule_id, when), when))
            for schedule_id, spec in organisation.schedules.items()
        ),
        title=f"{say.day(start)} to {say.day(start + timedelta(days=6), now)}",
        days=days_of(start, now, notes),
        notes=notes,
        lanes=lanes,
        now_at=round(at, 2) if 0 <= at <= HOURS else None,
        before=(start - _WEEK).date().isoformat(),
        after=(start + _WEEK).date().isoformat(),
        gaps=_gaps(asked, known, organisation),
        mine=_mine(asked, known),
        policies=_policies(organisation, known),
        overrides=tuple(
            OverrideLine(
                row.id,
                f"{known.of(row.person_id)} has {known.of(row.schedule_id)}",
                f"{say.moment(row.starts_at, now)} to {say.moment(row.ends_at, now)}{f': {row.reason}' if row.reason else ''}",
            )
            for row in list_overrides(connection, ends_after=now)
            if row.cancelled_at is None
        ),
        may_override=asked.responds,
        override=Action("Override", "/oncall/override", "primary", "swap"),
        troubles=tuple(_trouble(one, known, now) for one in troubles(connection, now)),
        load=tuple(_load_line(one, known) for one in loads(connection, asked.actor, now - _LOAD_OF, now)),
        feeds=tuple(
            FeedLine(row.id, _feed_name(row.kind, row.subject_id, known), say.moment(row.created_at, now))
            for row in list_feeds(connection, asked.actor)
        ),
        feed_choices=_feed_choices(asked, organisation),
        swaps=_swaps(asked, known),
        leaves=_leaves(asked, known),
        shadows=_shadows(asked, known),
        may_swap=asked.responds and bool(asked.person_id),
    )
    return Answer(view, frozenset({"organisation", "oncall"}))


def _gaps(asked: Asked, known: Names, organisation: Organisation) -> tuple[GapRow, ...]:
    """The next gaps, and who could fill each."""
    found = [
        (schedule_id, gap)
        for schedule_id in organisation.schedules
        for gap in oncall.gaps_between(asked.connection, schedule_id, asked.now, asked.now + _MONTH)
    ]
    shown = sorted(found, key=lambda pair: (pair[1].start, pair[0]))[:_MOST_GAPS]
    free = free_for(asked.connection, shown)
    return tuple(
        GapRow(
            organisation.schedules[schedule_id].name,
            schedule_id,
            gap.start,
            gap.end,
            tuple(
                (person, known.of(person))
                for person in free[schedule_id, gap]
                if resting_until(asked.connection, person, gap.start) is None
            )[:_MOST_FREE],
        )
        for schedule_id, gap in shown
    )


def _answer(asked: Asked, known: Names, person: str | None, when: datetime) -> str:
    """Who it is, and until when they rest; '' for nobody."""
    if person is None:
        return ""
    rests = resting_until(asked.connection, person, when)
    return known.of(person) + (f", rests until {rests:%H:%M} after a page at night" if rests else "")


def _trouble(one: Trouble, known: Names, now: datetime) -> TroubleLine:
    person, schedule, other = known.of(one.person), known.of(one.schedule_id), known.of(one.other)
    when = say.moment(one.start, now) if one.start > now else "now"
    if one.kind == "double":
        often = f", {say.figure(one.times, 'time')} in 30 days" if one.times > 1 else ""
        return TroubleLine(f"{person} stands behind themselves: {schedule} and {other}", f"first {when}{often}")
    if one.kind == "overlap":
        return TroubleLine(f"Two overrides of {schedule}: {person}'s is covered by {other}'s", f"from {when}")
    if one.kind == "away":
        often = f", {say.figure(one.times, 'shift')}" if one.times > 1 else ""
        return TroubleLine(f"{person} is away while on call in {schedule}", f"first {when}{often}")
    if one.kind == "limit":
        return TroubleLine(f"{person} has more duty than they take: {one.said}", f"from {when}")
    if one.kind == "calendar":
        how = "is not wholly understood" if one.other else "can't be read"
        return TroubleLine(f"The calendar of {schedule} {how}", one.said)
    return TroubleLine(f"{person} has no verified method", f"on call in {schedule}, first {when}")


def _load_line(one: PersonLoad, known: Names) -> LoadLine:
    whole, nights, weekends = (round(each / timedelta(hours=1)) for each in astuple(one.on_call))
    at_night = f", {one.night_pages} at night" if one.night_pages else ""
    return LoadLine(
        known.of(one.person),
        f"{whole} h on call, {nights} h at night, {weekends} h at weekends",
        f"{say.figure(one.pages, 'page')}{at_night}",
    )


def _feed_name(kind: str, subject: str, known: Names) -> str:
    if kind == "gaps":
        return f"Gaps in {known.of(subject)}" if subject else "All gaps"
    return f"{known.of(subject)}'s shifts" if kind == "person" else f"Shifts of {known.of(subject)}"


def _feed_choices(asked: Asked, organisation: Organisation) -> tuple[Choice, ...]:
    own = (Choice(f"person:{asked.person_id}", "Your shifts"),) if asked.person_id else ()
    each = tuple(Choice(f"schedule:{id}", f"Shifts of {spec.name}") for id, spec in organisation.schedules.items())
    return (*own, *each, Choice("gaps:", "Every gap"))


def _lane(asked: Asked, known: Names, schedule_id: str, name: str, start: datetime) -> Lane:
    end = start + _WEEK
    shifts = shifts_between(asked.connection, schedule_id, start, end)
    ahead = end > asked.now
    gaps = oncall.gaps_between(asked.connection, schedule_id, max(start, asked.now), end) if ahead else []
    faces = {shift.person for shift in shifts}
    bars = bars_of(shifts, gaps, start, known, asked.person_id, schedule_id)
    return Lane(schedule_id, name, say.figure(len(faces), "person", "people"), bars)


def _mine(asked: Asked, known: Names) -> tuple[Shift, ...]:
    if not asked.person_id:
        return ()
    shown = []
    for schedule_id, shift in shifts_of_person(asked.connection, asked.person_id, asked.now, asked.now + _MONTH)[:4]:
        name = known.of(schedule_id)
        if shift.start <= asked.now:
            shown.append(Shift("On call now", f"{name}, until {say.moment(shift.end, asked.now)}", shift.end))
        else:
            shown.append(Shift(f"{say.moment(shift.start, asked.now)} to {say.moment(shift.end, asked.now)}", name))
    return tuple(shown)


def _swaps(asked: Asked, known: Names) -> tuple[SwapLine, ...]:
    """Those that the one who looks asked or is asked."""
    found = []
    for each in list_swaps(asked.connection, asked.actor):
        if asked.person_id not in (each.asked_by, each.asked_of):
            continue
        span = f"{say.moment(each.starts_at, asked.now)} to {say.moment(each.ends_at, asked.now)}"
        if each.back_starts_at and each.back_ends_at:
            span += f", for {say.moment(each.back_starts_at, asked.now)} to {say.moment(each.back_ends_at, asked.now)}"
        mine = each.asked_of == asked.person_id
        who = f"{known.of(each.asked_by)} asks you" if mine else f"You asked {known.of(each.asked_of)}"
        reason = f": {each.reason}" if each.reason else ""
        found.append(SwapLine(each.id, f"{who} to take {known.of(each.schedule_id)}", f"{span}{reason}", mine))
    return tuple(found)


def _shadows(asked: Asked, known: Names) -> tuple[ShadowLine, ...]:
    return tuple(
        ShadowLine(
            each.id,
            f"{known.of(each.person_id)} shadows {known.of(each.of_person) if each.of_person else 'whoever has it'}",
            f"{known.of(each.schedule_id)}, {say.moment(each.starts_at, asked.now)} to {say.moment(each.ends_at, asked.now)}",
            asked.responds and (each.person_id == asked.person_id or asked.actor.may(Right.MANAGER)),
        )
        for each in list_shadows(asked.connection, asked.actor, asked.now)
    )


def _leaves(asked: Asked, known: Names) -> tuple[LeaveLine, ...]:
    return tuple(
        LeaveLine(
            each.id,
            known.of(each.person_id),
            f"{say.moment(each.starts_at, asked.now)} to {say.moment(each.ends_at, asked.now)}"
            + (f": {each.note}" if each.note else ""),
            asked.responds and (each.person_id == asked.person_id or asked.actor.may(Right.MANAGER)),
        )
        for each in list_leaves(asked.connection, asked.actor, asked.now)
    )


def _policies(organisation: Organisation, known: Names) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    found = []
    for policy in organisation.policies.values():
        steps, at = [], timedelta()
        for step in policy.steps:
            who = say.listed(known.of(target.id) for target in step.page)
            steps.append(Step(say.duration(at), who, say.listed(target.kind for target in step.page).capitalize()))
            at += step.wait
        steps.append(
            Step(
                say.duration(at),
                f"Start again, {say.figure(policy.repeat, 'time')}" if policy.repeat else "Last resort",
                "Then the last resort, every 15 min without end",
            )
        )
        found.append((policy.name, tuple(steps)))
    return tuple(found)


SCREEN = Screen("/oncall", "oncall", "oncall.html", load, ("oncall/body.html",))
