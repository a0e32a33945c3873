"""Who is on call by somebody else's calendar: files of the shapes that other products write, read as shifts."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Invalid
from tocsin.oncall.imported import MOST_SELDOM, ImportedShift, Known, from_json, kept, read, to_json

NOW = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
PEOPLE = (
    Known("dana", "Dana Okafor", "dana@larkfield.example"),
    Known("kofi", "Kofi Mensah", "kofi.mensah@larkfield.example"),
    Known("ines", "Inês Duarte", "ines@larkfield.example"),
)
BERLIN = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""


def calendar(*events: str, zone: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Larkfield//EN\n{zone}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def event(summary: str, start: str, end: str, more: str = "", uid: str = "one") -> str:
    return f"UID:{uid}\nDTSTAMP:20260301T000000Z\n{start}\n{end}\nSUMMARY:{summary}\n{more}"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shifts(content: bytes, zone: str = "UTC") -> list[tuple[datetime, datetime, str]]:
    return [(each.start, each.end, each.person) for each in read(content, zone, PEOPLE, NOW).shifts]


def test_a_weekly_event_in_its_own_zone_keeps_its_wall_clock_over_the_change() -> None:
    """As Google Calendar writes it: a zone, a rule, an exception, and one that was moved."""
    weekly = event(
        "Dana Okafor",
        "DTSTART;TZID=Europe/Berlin:20260323T090000",
        "DTEND;TZID=Europe/Berlin:20260323T170000",
        "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260406T090000",
    )
    moved = event(
        "Kofi Mensah",
        "DTSTART;TZID=Europe/Berlin:20260414T100000",
        "DTEND;TZID=Europe/Berlin:20260414T120000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260413T090000",
    )
    assert shifts(calendar(weekly, moved, zone=BERLIN)) == [
        (at("2026-03-23T08:00"), at("2026-03-23T16:00"), "dana"),
        (at("2026-03-30T07:00"), at("2026-03-30T15:00"), "dana"),
        (at("2026-04-14T08:00"), at("2026-04-14T10:00"), "kofi"),
    ]


@pytest.mark.parametrize(
    ("summary", "more", "person"),
    [
        ("On Call - Dana Okafor - Primary", "", "dana"),  # as PagerDuty's export
        ("On call", "ATTENDEE;CN=Kofi:mailto:Kofi.Mensah@larkfield.example", "kofi"),  # as Google's guests
        ("ines@larkfield.example", "", "ines"),  # as Opsgenie's export
        ("[L1] dana", "", "dana"),  # as Grafana OnCall's
        ("INÊS DUARTE (backup of Payments)", "", "ines"),
        ("kofi", "", "kofi"),
    ],
)
def test_a_person_is_found_by_attendee_or_summary(summary: str, more: str, person: str) -> None:
    found = shifts(calendar(event(summary, "DTSTART:20260401T000000Z", "DTEND:20260402T000000Z", more)))
    assert found == [(at("2026-04-01T00:00"), at("2026-04-02T00:00"), person)]


def test_whole_days_and_times_without_a_zone_are_of_the_schedules() -> None:
    day = event("dana", "DTSTART;VALUE=DATE:20260329", "DTEND;VALUE=DATE:20260330")
    floating = event("kofi", "DTSTART:20260401T090000", "DTEND:20260401T100000", uid="two")
    assert shifts(calendar(day, floating), "Europe/Berlin") == [
        (at("2026-03-28T23:00"), at("2026-03-29T22:00"), "dana"),  # 23 hours: the clocks change
        (at("2026-04-01T07:00"), at("2026-04-01T08:00"), "kofi"),
    ]


def test_what_names_nobody_is_told_and_left_out() -> None:
    content = calendar(
        event("Danah", "DTSTART:20260401T000000Z", "DTEND:20260402T000000Z"),
        event("kofi", "DTSTART:20260402T000000Z", "DTEND:20260403T000000Z", uid="two"),
    )
    found = read(content, "UTC", PEOPLE, NOW)
    assert [each.person for each in found.shifts] == ["kofi"]
    assert found.problems == ("nobody here is called as in 'Danah': neither its attendee nor its summary",)


def test_two_at_once_are_told_and_what_was_cancelled_counts_for_nothing() -> None:
    content = calendar(
        event("dana", "DTSTART:20260401T000000Z", "DTEND:20260403T000000Z"),
        event("kofi", "DTSTART:20260402T000000Z", "DTEND:20260404T000000Z", uid="two"),
        event("ines", "DTSTART:20260402T000000Z", "DTEND:20260404T000000Z", "STATUS:CANCELLED", uid="three"),
        event("ines", "DTSTART:20260402T000000Z", "DTEND:20260404T000000Z", "TRANSP:TRANSPARENT", uid="four"),
    )
    found = read(content, "UTC", PEOPLE, NOW)
    assert [each.person for each in found.shifts] == ["dana", "kofi"]
    assert "dana and kofi are both on call from 2026-04-02 00:00 UTC" in found.problems[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>Sign in</html>", "no iCalendar file"),
        (b"", "no iCalendar file"),
        (b"\xff\xfe\x00BEGIN", "no iCalendar file"),
        (calendar(event("dana", "DTSTART:20260401T000000Z", "DTEND:20260402T000000Z"))[:-15], "not whole"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n", "can't be read"),
        (calendar(*[event("dana", "DTSTART:20260401T0Z", "DTEND:20260402T0Z", uid=f"{n}") for n in range(2001)]), "2001 events"),
        (
            calendar(
                *[
                    event("dana" if n % 2 else "kofi", f"DTSTART:20260401T{n:02}0000Z", f"DTEND:20260401T{n:02}3000Z",
                          "RRULE:FREQ=DAILY", uid=f"{n}")
                    for n in range(24)
                ]
            ),
            "more than 5000 shifts",
        ),
    ],
)  # fmt: skip
def test_what_is_no_calendar_or_far_too_much_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read(content, "UTC", PEOPLE, NOW)


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=MINUTELY;COUNT=1000000000",
        "RRULE:FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=" + ",".join(str(n) for n in range(60)),
        "RRULE:FREQ=YEARLY;BYSECOND=" + ",".join(str(n) for n in range(60)),
    ],
)
def test_a_rule_that_nobody_can_work_is_told_and_left_out(rule: str) -> None:
    found = read(
        calendar(event("dana", "DTSTART:20260401T000000Z", "DTEND:20260401T000001Z", rule)), "UTC", PEOPLE, NOW
    )
    assert found.shifts == ()
    assert "repeats more than 24 times a day" in found.problems[0]


def test_a_rule_without_end_is_read_as_far_as_it_is_looked_ahead() -> None:
    found = shifts(calendar(event("dana", "DTSTART:20200101T000000Z", "DTEND:20200101T120000Z", "RRULE:FREQ=DAILY")))
    assert NOW - timedelta(days=36) <= found[0][0] <= NOW - timedelta(days=34)
    assert NOW + timedelta(days=399) <= found[-1][0] <= NOW + timedelta(days=401)


@given(
    st.dates(date(2026, 2, 25), date(2026, 4, 20)),
    st.integers(0, 23),
    st.integers(1, 12),
    st.sampled_from([1, 2, 7]),
    st.integers(1, 12),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Auckland"]),
)
def test_every_few_days_is_the_same_wall_clock_each_time(day, hour, length, every, count, zone) -> None:  # type: ignore[no-untyped-def]
    """Against counting on the wall clock by hand; hours that a change doubles or skips are left to the library."""
    start = datetime.combine(day, datetime.min.time()).replace(hour=hour)
    rule = f"RRULE:FREQ=DAILY;INTERVAL={every};COUNT={count}"
    end = start + timedelta(hours=length)
    content = calendar(event("dana", f"DTSTART:{start:%Y%m%dT%H%M%S}", f"DTEND:{end:%Y%m%dT%H%M%S}", rule))
    tz = ZoneInfo(zone)
    expected = []
    for turn in range(count):
        walls = [moment + timedelta(days=every * turn) for moment in (start, end)]
        before = [wall - timedelta(hours=26) for wall in walls]
        if len({wall.replace(tzinfo=tz).utcoffset() for wall in (*walls, *before)}) > 1:
            return
        expected.append(tuple(wall.replace(tzinfo=tz).astimezone(UTC) for wall in walls))
    found = [(begins, ends) for begins, ends, _ in shifts(content, zone)]
    assert found == [span for span in expected if span[1] > NOW - timedelta(days=35)]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("RRULE:FREQ=NEVER", "how the event 'Dana Okafor' repeats can't be read"),
        ("RRULE:COUNT=3", "how the event 'Dana Okafor' repeats can't be read"),
        ("RRULE:FREQ=DAILY;UNTIL=whenever", "how the event 'Dana Okafor' repeats can't be read"),
        ("RRULE:FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=0,5,10,15,20,25,30,35,40", "repeats more than 24 times a day"),
        ("RRULE:FREQ=SECONDLY", "repeats more than 24 times a day"),
    ],
)
def test_a_rule_that_is_broken_is_told_and_left_out_and_the_rest_is_read(broken: str, told: str) -> None:
    bad = event("Dana Okafor", "DTSTART:20260326T090000Z", "DTEND:20260326T170000Z", broken, uid="bad")
    good = event("Kofi Mensah", "DTSTART:20260327T090000Z", "DTEND:20260327T170000Z")
    found = read(calendar(bad, good), "UTC", PEOPLE, NOW)
    assert [each.person for each in found.shifts] == ["kofi"]
    assert told in " ".join(found.problems)


def test_rules_that_are_sought_for_long_are_few() -> None:
    never = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    many = [
        event("Dana Okafor", "DTSTART:20260326T090000Z", "DTEND:20260326T170000Z", never, uid=str(n))
        for n in range(MOST_SELDOM + 1)
    ]
    found = read(calendar(*many), "UTC", PEOPLE, NOW)
    assert found.problems == ("more than 20 events repeat by days of the month or year; only the first are followed",)


_WHOLE = calendar(
    event("Dana Okafor", "DTSTART;TZID=Europe/Berlin:20260323T090000", "DTEND;TZID=Europe/Berlin:20260323T170000",
          "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260406T090000\nATTENDEE:mailto:x@y.example"),
    zone=BERLIN,
).decode()  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 6), st.text(max_size=4)), max_size=6))
def test_a_calendar_that_is_damaged_anywhere_is_read_or_refused_in_words(damage: list[tuple[int, int, str]]) -> None:
    text = _WHOLE
    for place, length, other in damage:
        text = text[:place] + other + text[place + length :]
    with suppress(Invalid):
        found = read(text.encode("utf-8", "replace"), "UTC", PEOPLE, NOW)
        assert {each.person for each in found.shifts} <= {each.id for each in PEOPLE}


SHIFTS = st.lists(
    st.builds(
        lambda start, length, person: ImportedShift(
            NOW + timedelta(hours=start), NOW + timedelta(hours=start + length), person
        ),
        st.integers(-60, 60), st.integers(1, 20), st.sampled_from(["dana", "kofi"]),
    )
).map(sorted)  # fmt: skip


@given(SHIFTS, SHIFTS, st.integers(-60, 60))
def test_what_was_so_stays_and_what_comes_is_as_the_calendar_says(before, fresh, hour) -> None:  # type: ignore[no-untyped-def]
    def who(some: object, moment: datetime) -> set[str]:
        return {each.person for each in some if each.start <= moment < each.end}  # type: ignore[attr-defined]

    moment = NOW + timedelta(hours=hour, minutes=30)
    held = kept(before, fresh, NOW)
    assert who(held, moment) == who(before if moment < NOW else fresh, moment)
    assert from_json(to_json(held)) == list(held)
