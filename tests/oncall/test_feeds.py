"""Calendars that subscribe: at a secret address, for whom it was made, until it is taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.oncall.test_usecases import DANA, KOFI, MARA, larkfield
from tocsin.clock import SimulatedClock
from tocsin.errors import Forbidden, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Actor
from tocsin.oncall.queries.feeds import FeedKind, list_feeds
from tocsin.oncall.routes import routes
from tocsin.oncall.usecases.feeds import make_feed, remove_feed
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database
from tocsin.store.tables.oncall import calendar_feeds

__all__ = ["larkfield"]


@pytest.fixture
def calendars(larkfield: Database) -> TestClient:
    return TestClient(Starlette(routes=routes(larkfield)))


def make(database: Database, actor: Actor, kind: FeedKind, subject: str = "") -> tuple[str, str]:
    return database.write(lambda c, now: make_feed(c, actor, kind, subject, now))


def events(calendars: TestClient, secret: str) -> list[tuple[str, datetime, datetime]]:
    answer = calendars.get(f"/calendar/{secret}.ics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    found = Calendar.from_ical(answer.content).walk("VEVENT")
    return [(str(event["summary"]), event.decoded("dtstart"), event.decoded("dtend")) for event in found]


def test_a_person_sees_their_own_shifts_fifteen_days_back_and_half_a_year_ahead(
    larkfield: Database, calendars: TestClient, clock: SimulatedClock
) -> None:
    found = events(calendars, make(larkfield, KOFI, "person", "kofi")[1])
    assert found
    assert all(summary.startswith("Kofi Mensah on call") for summary, _, _ in found)
    assert min(end for _, _, end in found) > clock.now() - timedelta(days=15)
    assert max(start for _, start, _ in found) > clock.now() + timedelta(days=150)
    assert max(start for _, start, _ in found) < clock.now() + timedelta(days=180)


def test_a_schedule_is_everybodys_and_gaps_are_nobodys(larkfield: Database, calendars: TestClient) -> None:
    everybody = {summary for summary, _, _ in events(calendars, make(larkfield, MARA, "schedule", "payments")[1])}
    assert {"Mara Lindqvist on call: Payments", "Kofi Mensah on call: Payments"} <= everybody
    lonely = """
people: {mara: {name: Mara Lindqvist, email: mara@larkfield.example}}
schedules:
  nights:
    name: Nights
    rotations:
      - {people: [mara], starts: 2026-11-01, time_zone: UTC, hours: {begin: "20:00", end: "08:00"}}
organisation: {last_resort: [mara]}
"""
    larkfield.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": lonely}), now))
    gaps = events(calendars, make(larkfield, MARA, "gaps")[1])
    assert gaps[0] == (
        "Nobody on call: Nights",
        datetime(2026, 11, 20, 8, tzinfo=UTC),
        datetime(2026, 11, 20, 20, tzinfo=UTC),
    )


def test_an_address_that_was_taken_back_leads_nowhere(larkfield: Database, calendars: TestClient) -> None:
    feed, secret = make(larkfield, MARA, "schedule", "payments")
    with pytest.raises(NotFound):
        larkfield.write(lambda c, now: remove_feed(c, KOFI, feed, now))
    larkfield.write(lambda c, now: remove_feed(c, MARA, feed, now))
    assert calendars.get(f"/calendar/{secret}.ics").status_code == 404
    assert calendars.get("/calendar/guessed.ics").status_code == 404
    assert larkfield.read(lambda c: list_feeds(c, MARA)) == []


def test_anothers_shifts_need_a_managers_right_and_whoever_is_not_known_has_none(larkfield: Database) -> None:
    with pytest.raises(Forbidden):
        make(larkfield, KOFI, "person", "mara")
    assert make(larkfield, DANA, "person", "mara")
    with pytest.raises(Invalid):
        make(larkfield, DANA, "person", "nobody")
    with pytest.raises(NotFound):
        make(larkfield, DANA, "schedule", "nosuch")


def test_only_the_hash_of_an_address_is_kept_and_others_do_not_see_it(larkfield: Database) -> None:
    _, secret = make(larkfield, MARA, "schedule", "payments")
    assert secret not in str(larkfield.read(lambda c: c.execute(select(calendar_feeds)).all()))
    assert larkfield.read(lambda c: list_feeds(c, KOFI)) == []
    assert [row.kind for row in larkfield.read(lambda c: list_feeds(c, DANA))] == ["schedule"]


def test_a_shift_keeps_its_name_while_time_passes(
    larkfield: Database, calendars: TestClient, clock: SimulatedClock
) -> None:
    secret = make(larkfield, MARA, "schedule", "payments")[1]
    kept: list[dict[datetime, str]] = []
    for _ in range(2):
        found = Calendar.from_ical(calendars.get(f"/calendar/{secret}.ics").content).walk("VEVENT")
        kept.append({event.decoded("dtstart"): str(event["uid"]) for event in found})
        clock.advance(timedelta(days=9))
    both = kept[0].keys() & kept[1].keys()
    assert len(both) > 20
    assert all(kept[0][start] == kept[1][start] for start in both)
    assert len(set(kept[0].values())) == len(kept[0])
