"""The rules of the review, on values alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from tocsin.review.decide import followup_kind, propose_meeting
from tocsin.review.invitation import Guest, invitation

MOMENTS = st.timedeltas(timedelta(0), timedelta(days=2000)).map(lambda past: datetime(2026, 1, 1, tzinfo=UTC) + past)


@given(MOMENTS, st.integers(min_value=2, max_value=200))
def test_the_meeting_lies_ahead_and_before_the_postmortem_is_due(now: datetime, hours: int) -> None:
    due_at = now + timedelta(hours=hours)
    assert now < propose_meeting(now, due_at) <= due_at


@given(MOMENTS)
def test_with_two_days_from_a_monday_to_a_wednesday_it_is_on_a_weekday_afternoon(now: datetime) -> None:
    monday = now - timedelta(days=now.weekday())
    meeting = propose_meeting(monday, monday + timedelta(hours=48))
    assert meeting.weekday() < 5 and meeting.hour == 14


@given(MOMENTS, st.text(min_size=1, max_size=80).filter(str.isprintable), st.integers(min_value=0, max_value=10_000))
def test_any_title_and_name_survive_the_calendar_entry(at: datetime, words: str, sequence: int) -> None:
    made = invitation(
        incident_id="i1",
        number=7,
        title=words,
        meeting_at=at,
        sequence=sequence,
        organizer="tocsin@larkfield.example",
        guests=[Guest("Dana Reyes", "dana@larkfield.example")],
        url="http://tocsin.example/postmortems/7",
        now=at,
    )
    assert all(len(line) <= 75 for line in made.split(b"\r\n"))
    (event,) = Calendar.from_ical(made).walk("VEVENT")
    assert str(event["SUMMARY"]) == f"Postmortem of INC-7: {words}"
    assert event.decoded("DTSTART") == at.replace(microsecond=0)
    assert event["SEQUENCE"] == sequence


def test_each_spelling_of_defence_is_one_kind() -> None:
    spellings = ("defence", "defense", "Defense-in-depth", "defence_in_depth")
    assert {followup_kind(word) for word in spellings} == {"defence"}
