"""A schedule that is read from a calendar: fetched over HTTP, kept while its address is away, told if not understood."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from tests.oncall.test_imported import calendar, event
from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clock import SimulatedClock
from tocsin.engine.claims import next_due
from tocsin.engine.loop import Loop
from tocsin.engine.work import Registry
from tocsin.errors import Conflict, Forbidden
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.oncall import handlers, queries
from tocsin.oncall.queries.ahead import doubles_and_overlaps
from tocsin.oncall.queries.imported import CalendarState, calendar_state, calendar_troubles
from tocsin.oncall.usecases import AddOverride, add_override
from tocsin.oncall.usecases.editing import SaveSchedule, save_schedule
from tocsin.oncall.usecases.importing import fetch_calendar
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything, planned
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database
from tocsin.store.tables.engine import tasks

DANA = event("Dana Okafor", "DTSTART:20261119T120000Z", "DTEND:20261120T000000Z")
KOFI = event("kofi@larkfield.example", "DTSTART:20261120T000000Z", "DTEND:20261120T120000Z", uid="two")
ORGANISATION = """
people:
  dana: {name: Dana Okafor, email: dana@larkfield.example}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example}
  ines: {name: Ines Duarte, email: ines@larkfield.example}
teams:
  payments: {name: Payments, members: [ines]}
schedules:
  payments:
    name: Payments
    team: payments
    calendar: {url: "URL", time_zone: Europe/Madrid}
organisation: {name: Larkfield, last_resort: [ines]}
"""
MANAGER = person("ines", "Ines Duarte", Right.MANAGER)


class CalendarServer:
    """Serves one file, with an ETag; answers what it is told to."""

    def __init__(self) -> None:
        self.content, self.status, self.asked = calendar(DANA, KOFI), 200, []  # type: ignore[var-annotated]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(dict(self.headers))
                etag = f'"{hash(outer.content)}"'
                same = outer.status == 200 and self.headers.get("If-None-Match") == etag
                self.send_response(304 if same else outer.status)
                self.send_header("ETag", etag)
                body = b"" if same else outer.content
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/private-1f3a/basic.ics"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class World:
    """The schedule, its calendar's server, and a loop that runs what is due."""

    def __init__(self, database: Database, clock: SimulatedClock, server: CalendarServer) -> None:
        self.database, self.clock, self.server = database, clock, server
        registry = Registry()
        handlers.register(registry, GuardedHttp(Allowed.parse(["127.0.0.1"])))
        for kind in ("open_page", "withdraw_page", "look_at_reachability", "alerting_changed"):
            registry.task(kind, lambda *_: None)
        self.loop = Loop(database, registry, clock, "node", lambda *_: None)
        self.runner = asyncio.Runner()
        self.apply(ORGANISATION.replace("URL", server.url))

    def apply(self, text: str) -> None:
        self.database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": text}), now))
        self.settle()

    def settle(self) -> None:
        self.runner.run(self.loop.run_due())

    def pass_time(self, **by: float) -> None:
        until = self.clock.now() + timedelta(**by)
        while (due := self.database.read(next_due)) is not None and due <= until:
            self.clock.set(max(due, self.clock.now() + timedelta(microseconds=1)))
            self.settle()
        self.clock.set(until)
        self.settle()

    def who(self, at: datetime | None = None) -> str | None:
        moment = at or self.clock.now()
        found = self.database.read(lambda c: queries.who_is_on_call(c, "payments", moment))
        (duty,) = self.database.read(lambda c: queries.duties(c, moment))
        assert duty.now.person == found
        return found

    @property
    def state(self) -> CalendarState:
        found = self.database.read(lambda c: calendar_state(c, "payments", everything(c).schedules["payments"]))
        assert found is not None
        return found

    def told(self) -> list[str]:
        kept = select(tasks.c.payload).where(tasks.c.kind == "open_page")
        titles = [str(row["title"]) for row in self.database.read(lambda c: c.execute(kept).scalars().all())]
        return [title for title in titles if "calendar of" in title]


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    made = CalendarServer()
    yield made
    made.stop()


@pytest.fixture
def world(database: Database, clock: SimulatedClock, server: CalendarServer) -> Iterator[World]:
    made = World(database, clock, server)
    yield made
    made.runner.close()


def test_a_schedule_has_whom_its_calendar_names(world: World) -> None:
    assert world.who() == "dana"
    assert world.who(datetime(2026, 11, 20, 3, tzinfo=UTC)) == "kofi"
    assert world.who(datetime(2026, 11, 21, tzinfo=UTC)) is None
    window = world.clock.now(), world.clock.now() + timedelta(days=2)
    found = world.database.read(lambda c: queries.shifts_between(c, "payments", *window))
    assert [(each.person, each.source) for each in found] == [("dana", "calendar"), ("kofi", "calendar")]
    (gap,) = world.database.read(lambda c: queries.gaps_between(c, "payments", *window))
    assert gap.start == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert (world.state.host, world.state.shifts, world.state.error) == ("127.0.0.1", 2, None)


def test_an_override_comes_before_it_and_a_rotation_fills_what_it_leaves(world: World) -> None:
    more = "    rotations: [{people: [ines], starts: 2026-11-02, time_zone: UTC}]\n"
    world.apply(ORGANISATION.replace("URL", world.server.url).replace("organisation:", f"{more}organisation:"))
    assert world.who(datetime(2026, 11, 21, tzinfo=UTC)) == "ines"
    begins, ends = world.clock.now() + timedelta(hours=1), world.clock.now() + timedelta(hours=2)
    override = AddOverride("payments", "kofi", begins, ends, "")
    world.database.write(lambda c, now: add_override(c, MANAGER, override, now))
    assert world.who(begins) == "kofi"
    assert world.who(ends) == "dana"


def test_it_is_fetched_again_each_quarter_and_what_is_the_same_is_not_sent(world: World) -> None:
    world.pass_time(minutes=31)
    assert len(world.server.asked) == 3
    assert all("If-None-Match" in each for each in world.server.asked[1:])
    assert world.state.fetched_at is not None
    assert world.state.fetched_at > world.clock.now() - timedelta(minutes=2)
    world.server.content = calendar(event("kofi", "DTSTART:20261119T120000Z", "DTEND:20261120T000000Z"))
    world.pass_time(minutes=15)
    assert world.who() == "kofi"


def test_what_was_read_stays_in_force_while_the_address_is_away_and_its_team_is_told(world: World) -> None:
    world.server.status = 503
    world.pass_time(minutes=16)
    assert (world.who(), world.state.error) == ("dana", "its address answers 503")
    (trouble,) = world.database.read(lambda c: calendar_troubles(c, world.clock.now()))
    assert (trouble.kind, trouble.schedule_id, trouble.said) == ("calendar", "payments", "its address answers 503")
    assert world.told() == ["The calendar of Payments can't be read"]
    world.pass_time(hours=2)
    assert len(world.told()) == 1, "once a day"
    world.server.status = 200
    world.pass_time(minutes=16)
    assert world.state.error is None
    assert world.database.read(lambda c: calendar_troubles(c, world.clock.now())) == []


def test_what_nobody_here_understands_is_told(world: World) -> None:
    world.server.content = calendar(DANA, event("Danah", "DTSTART:20261121T000000Z", "DTEND:20261122T000000Z", uid="x"))
    world.pass_time(minutes=16)
    assert "nobody here is called as in 'Danah'" in world.state.problems[0]
    assert world.told() == ["The calendar of Payments is not wholly understood"]


def test_what_has_passed_is_never_changed_by_it(world: World) -> None:
    began = world.clock.now()
    world.pass_time(minutes=5)
    world.server.content = calendar(event("kofi", "DTSTART:20261119T120000Z", "DTEND:20261120T000000Z"))
    world.pass_time(minutes=11)
    assert (world.who(began), world.who()) == ("dana", "kofi")


def test_another_address_is_another_calendar(world: World) -> None:
    other = CalendarServer()
    other.status = 404
    world.apply(ORGANISATION.replace("URL", other.url))
    assert world.who() is None
    assert world.state.error == "its address answers 404"
    other.stop()


WITHOUT = ORGANISATION.replace('    calendar: {url: "URL", time_zone: Europe/Madrid}\n', "")
RENAMED = ORGANISATION.replace(
    "  payments:\n    name: Payments\n", "  money:\n    was: [payments]\n    name: Payments\n"
)


def test_what_passed_by_a_calendar_stays_when_it_goes(world: World) -> None:
    began = world.clock.now()
    world.pass_time(minutes=5)
    world.apply(WITHOUT)
    assert (world.who(began), world.who()) == ("dana", None)
    other = CalendarServer()
    other.content = calendar(event("kofi", "DTSTART:20261119T120000Z", "DTEND:20261120T000000Z"))
    world.pass_time(minutes=5)
    world.apply(ORGANISATION.replace("URL", other.url))
    between = began + timedelta(minutes=7)
    assert (world.who(began), world.who(between), world.who()) == ("dana", None, "kofi")
    other.stop()


def test_what_passed_by_another_address_stays_until_then(world: World) -> None:
    began = world.clock.now()
    world.pass_time(minutes=5)
    other = CalendarServer()
    other.status = 404
    world.apply(ORGANISATION.replace("URL", other.url))
    assert (world.who(began), world.who()) == ("dana", None)
    other.status, other.content = 200, calendar(KOFI)
    world.pass_time(minutes=15)
    assert (world.who(began), world.who(datetime(2026, 11, 20, 3, tzinfo=UTC))) == ("dana", "kofi")
    other.stop()


def test_a_schedule_by_another_name_keeps_its_calendar(world: World) -> None:
    began = world.clock.now()
    world.pass_time(minutes=5)
    world.apply(RENAMED.replace("URL", world.server.url))

    def who(at: datetime) -> str | None:
        return world.database.read(lambda c: queries.who_is_on_call(c, "money", at))

    assert (who(began), who(world.clock.now()), who(datetime(2026, 11, 20, 3, tzinfo=UTC))) == ("dana", "dana", "kofi")


def test_a_rotation_of_the_time_before_stays_what_it_was(world: World) -> None:
    """A calendar tells also of weeks gone by, when a rotation had it."""
    rotation = "    rotations: [{people: [ines], starts: 2026-11-02, time_zone: UTC}]\n"
    world.apply(WITHOUT.replace("organisation:", f"{rotation}organisation:"))
    world.pass_time(minutes=10)
    began = world.clock.now() - timedelta(minutes=5)
    assert world.who(began) == "ines"
    world.apply(ORGANISATION.replace("URL", world.server.url))
    assert (world.who(began), world.who()) == ("ines", "dana")


def test_who_left_had_it_until_then(world: World) -> None:
    began = world.clock.now()
    world.pass_time(minutes=5)
    gone = ORGANISATION.replace("dana@larkfield.example}", "dana@larkfield.example, active: false}")
    world.apply(gone.replace("URL", world.server.url))
    assert (world.who(began), world.who()) == ("dana", None)


def test_who_joins_is_found_though_the_calendar_is_the_same(world: World) -> None:
    world.server.content = calendar(event("Zoe Lind", "DTSTART:20261119T000000Z", "DTEND:20261121T000000Z"))
    world.pass_time(minutes=16)
    assert world.who() is None
    zoe = "  zoe: {name: Zoe Lind, email: zoe@larkfield.example}\nteams:"
    world.apply(ORGANISATION.replace("teams:", zoe).replace("URL", world.server.url))
    world.pass_time(minutes=16)
    assert world.who() == "zoe"


def test_an_override_over_a_calendars_shift_is_no_trouble(world: World) -> None:
    begins, ends = world.clock.now() + timedelta(hours=1), world.clock.now() + timedelta(hours=2)
    override = AddOverride("payments", "kofi", begins, ends, "")
    world.database.write(lambda c, now: add_override(c, MANAGER, override, now))
    assert world.database.read(lambda c: doubles_and_overlaps(c, world.clock.now())) == []


def test_a_limit_is_told_once_a_week(world: World) -> None:
    world.server.content = calendar(event("Dana Okafor", "DTSTART:20261101T000000Z", "DTEND:20270101T000000Z"))
    limited = ORGANISATION.replace("dana@larkfield.example}", "dana@larkfield.example, limits: {hours_a_week: 20}}")
    world.apply(limited.replace("URL", world.server.url))
    world.pass_time(minutes=16)

    def told() -> list[str]:
        kept = select(tasks.c.payload).where(tasks.c.kind == "open_page")
        titles = [str(row["title"]) for row in world.database.read(lambda c: c.execute(kept).scalars().all())]
        return [title for title in titles if "more duty" in title]

    before = len(told())
    assert before == 1
    world.pass_time(hours=26)  # through another day and its look at what is to be mended
    assert len(told()) == before


def test_a_page_that_is_no_calendar_is_said(world: World) -> None:
    world.server.content = b"<html>Sign in to see this calendar</html>"
    world.pass_time(minutes=16)
    assert world.state.error == "this is no iCalendar file: it does not begin with BEGIN:VCALENDAR"
    assert world.who() == "dana"


def test_an_address_inside_is_refused(database: Database, clock: SimulatedClock, server: CalendarServer) -> None:
    made = World.__new__(World)
    made.database, made.clock, made.server = database, clock, server
    registry = Registry()
    handlers.register(registry, GuardedHttp())
    for kind in ("open_page", "withdraw_page", "look_at_reachability", "alerting_changed"):
        registry.task(kind, lambda *_: None)
    made.loop, made.runner = Loop(database, registry, clock, "node", lambda *_: None), asyncio.Runner()
    made.apply(ORGANISATION.replace("URL", server.url))
    assert server.asked == []
    assert made.state.error is not None
    made.runner.close()


def test_a_person_can_have_it_fetched_now(world: World) -> None:
    world.pass_time(minutes=1)
    responder, viewer = person("kofi", "Kofi", Right.RESPONDER), person("kofi", "Kofi", Right.VIEWER)
    world.database.write(lambda c, now: fetch_calendar(c, responder, "payments", now))
    world.settle()
    assert len(world.server.asked) == 2
    with pytest.raises(Forbidden):
        world.database.write(lambda c, now: fetch_calendar(c, viewer, "payments", now))


def test_the_address_is_shown_to_nobody_and_stays_when_what_is_shown_comes_back(world: World) -> None:
    text = ORGANISATION.partition("schedules:")[0] + "organisation: {name: Larkfield, last_resort: [ines]}\n"
    world.apply(text)
    spec = Schedule.model_validate({"name": "Payments", "calendar": {"url": world.server.url}})
    world.database.write(lambda c, now: save_schedule(c, MANAGER, SaveSchedule("payments", spec), now))
    kept = world.database.read(lambda c: everything(c).schedules["payments"])
    shown = kept.masked()
    assert shown.calendar is not None
    assert shown.calendar.url == "http://127.0.0.1/***"
    renamed = shown.model_copy(update={"name": "Payments, new"})
    world.database.write(lambda c, now: save_schedule(c, MANAGER, SaveSchedule("payments", renamed), now))
    again = world.database.read(lambda c: everything(c).schedules["payments"])
    assert (again.name, again.calendar) == ("Payments, new", kept.calendar)


def test_a_schedule_without_a_calendar_has_none_to_fetch(world: World) -> None:
    world.apply(WITHOUT)
    with pytest.raises(Conflict):
        world.database.write(lambda c, now: fetch_calendar(c, MANAGER, "payments", now))
    world.pass_time(hours=1)
    assert len(world.server.asked) == 1


def test_a_plan_says_that_the_address_changes_and_not_what_it_is(world: World) -> None:
    other = ORGANISATION.replace("URL", "https://calendar.example/secret-9c2e/basic.ics")
    plan, _ = world.database.read(lambda c: planned(c, {"all.yaml": other}))
    assert "calendar:" in plan.as_text()
    assert "secret-9c2e" not in plan.as_text()
    assert "private-1f3a" not in plan.as_text()
