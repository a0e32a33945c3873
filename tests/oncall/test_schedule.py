"""Schedules: rotations in layers, overrides on top, gaps, and who is next."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.oncall import schedule as schedules
from tocsin.oncall.schedule import Gap, Override
from tocsin.organisation.model.schedule import Hours, Rotation, Schedule

EPOCH = datetime(2026, 10, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def payments(**more: object) -> Schedule:
    rotation = {"people": ["mara", "kofi"], "starts": "2026-11-13", "handover": "09:00", "time_zone": "UTC"}
    return Schedule.model_validate({"name": "Payments", "rotations": [rotation | more]})


def override(start: str, end: str, person: str, made: str = "2026-11-01T00:00", id: str = "o") -> Override:
    return Override(at(start), at(end), person, at(made), id)


clock_times = st.sampled_from(["00:00", "08:00", "09:30", "20:00"])
rotations = st.builds(
    lambda people, days, starts, handover, hours: Rotation.model_validate(
        {
            "people": people,
            "every": f"{days} days",
            "starts": (EPOCH + timedelta(days=starts)).date(),
            "handover": handover,
            "time_zone": "Europe/Berlin",
            "hours": hours,
        }
    ),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
    st.sampled_from([1, 2, 7]),
    st.integers(-3, 6),
    clock_times,
    st.none()
    | st.builds(
        lambda begin, end, days: Hours.model_validate({"begin": begin, "end": end, "days": sorted(days)}),
        clock_times,
        clock_times,
        st.sets(st.sampled_from(["mon", "tue", "sat", "sun"]), min_size=1),
    ),
)
layered = st.lists(rotations, max_size=3).map(lambda layers: Schedule(name="Any", rotations=tuple(layers)))
hours_of_window = st.integers(-30, 30 * 24)
overriding = st.lists(
    st.tuples(hours_of_window, st.integers(1, 100), st.sampled_from("xyz"), st.integers(0, 3)), max_size=5
).map(
    lambda many: [
        Override(EPOCH + start * HOUR, EPOCH + (start + length) * HOUR, person, EPOCH + made * HOUR, str(place))
        for place, (start, length, person, made) in enumerate(many)
    ]
)


@given(schedule=layered, overrides=overriding, begin=hours_of_window, length=st.integers(1, 400))
def test_shifts_and_gaps_agree_with_asking_at_every_half_hour(
    schedule: Schedule, overrides: list[Override], begin: int, length: int
) -> None:
    start, end = EPOCH + begin * HOUR, EPOCH + (begin + length) * HOUR
    shifts = schedules.final_shifts(schedule, overrides, start, end)
    gaps = schedules.gaps(schedule, overrides, start, end)
    edges = sorted([(shift.start, shift.end) for shift in shifts] + [(gap.start, gap.end) for gap in gaps])
    assert all(begins < ends for begins, ends in edges)
    assert edges[0][0] == start and edges[-1][1] == end
    assert all(one[1] == other[0] for one, other in itertools.pairwise(edges)), "shifts and gaps tile the time"
    for step in range(length * 2):
        moment = start + step * HOUR / 2
        told = next((shift.person for shift in shifts if shift.covers(moment)), None)
        assert told == schedules.who(schedule, overrides, moment)


@given(schedule=layered, overrides=overriding, hours=hours_of_window)
def test_until_and_next_are_what_asking_later_gives(schedule: Schedule, overrides: list[Override], hours: int) -> None:
    now = EPOCH + hours * HOUR
    answer = schedules.on_call(schedule, overrides, now)
    assert answer.person == schedules.who(schedule, overrides, now)
    if answer.until is None:
        later = [now + timedelta(days=days, hours=days) for days in range(0, 110, 3)]
        assert {schedules.who(schedule, overrides, moment) for moment in later} == {answer.person}
    else:
        last = answer.until - timedelta(minutes=1)
        assert schedules.who(schedule, overrides, last) == answer.person
        after = schedules.who(schedule, overrides, answer.until)
        assert after == answer.next_person != answer.person


def test_an_override_takes_its_hours_and_no_more() -> None:
    shifts = schedules.final_shifts(
        payments(),
        [override("2026-11-14T10:00", "2026-11-14T16:00", "dana")],
        at("2026-11-13T09:00"),
        at("2026-11-21T09:00"),
    )
    assert [(f"{shift.start:%d %H}", shift.person, shift.source) for shift in shifts] == [
        ("13 09", "mara", "rotation"),
        ("14 10", "dana", "override"),
        ("14 16", "mara", "rotation"),
        ("20 09", "kofi", "rotation"),
    ]


def test_of_two_overrides_the_one_made_last_counts() -> None:
    early = override("2026-11-14T10:00", "2026-11-14T16:00", "dana", made="2026-11-02T00:00", id="a")
    late = override("2026-11-14T12:00", "2026-11-14T20:00", "petra", made="2026-11-03T00:00", id="b")
    assert schedules.who(payments(), [late, early], at("2026-11-14T13:00")) == "petra"
    assert schedules.who(payments(), [late, early], at("2026-11-14T11:00")) == "dana"


def test_the_second_rotation_fills_what_the_first_leaves() -> None:
    office = {
        "people": ["ravi"],
        "starts": "2026-11-02",
        "time_zone": "UTC",
        "hours": {"begin": "09:00", "end": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]},
    }
    rest = {"people": ["yuki"], "starts": "2026-11-02", "time_zone": "UTC"}
    schedule = Schedule.model_validate({"name": "Database", "rotations": [office, rest]})
    assert schedules.who(schedule, [], at("2026-11-19T12:00")) == "ravi"
    assert schedules.who(schedule, [], at("2026-11-19T17:00")) == "yuki"
    assert schedules.who(schedule, [], at("2026-11-21T12:00")) == "yuki"
    assert schedules.gaps(schedule, [], at("2026-11-19T00:00"), at("2026-11-26T00:00")) == ()


def test_a_gap_is_told_with_its_edges() -> None:
    schedule = payments(hours={"begin": "08:00", "end": "20:00"})
    assert schedules.gaps(schedule, [], at("2026-11-21T12:00"), at("2026-11-22T12:00")) == (
        Gap(at("2026-11-21T20:00"), at("2026-11-22T08:00")),
    )
    now = schedules.on_call(schedule, [], at("2026-11-21T12:00"))
    assert (now.person, now.until, now.next_person) == ("kofi", at("2026-11-21T20:00"), None)
    night = schedules.on_call(schedule, [], at("2026-11-21T21:00"))
    assert (night.person, night.until, night.next_person) == (None, at("2026-11-22T08:00"), "kofi")


def test_one_person_alone_is_on_call_until_further_notice() -> None:
    alone = schedules.on_call(payments(people=["dana"]), [], at("2026-11-19T14:00"))
    assert (alone.person, alone.until, alone.next_person) == ("dana", None, None)


def test_a_handover_to_oneself_is_two_shifts_but_no_change_of_person() -> None:
    schedule = payments(people=["dana"])
    assert len(schedules.final_shifts(schedule, [], at("2026-11-13T09:00"), at("2026-11-27T09:00"))) == 2
