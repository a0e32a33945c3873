"""Overrides, and who is, was and will be on call, on a real database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlalchemy import Connection, select

from tocsin.clock import SimulatedClock
from tocsin.engine.work import Job
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Actor, Right, person
from tocsin.oncall import handlers, policy, queries, usecases
from tocsin.oncall.handovers import HANDOVER
from tocsin.oncall.queries import OverrideRow, feeds
from tocsin.oncall.usecases import AddOverride, CancelOverride
from tocsin.organisation.load import texts_of
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database
from tocsin.store.tables.engine import deadlines
from tocsin.store.tables.identity import audit

EXAMPLE = texts_of(Path(__file__).parents[2] / "docs/examples/larkfield")
MARA = person("mara", "Mara Lindqvist", Right.RESPONDER)
KOFI = person("kofi", "Kofi Mensah", Right.RESPONDER)
DANA = person("dana", "Dana Okafor", Right.MANAGER)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def larkfield(database: Database, clock: SimulatedClock) -> Database:
    clock.set(at("2026-11-01T00:00"))
    database.write(lambda connection, now: apply_files(connection, SYSTEM, ApplyFiles(EXAMPLE), now))
    clock.set(at("2026-11-19T14:27"))
    return database


def add(database: Database, actor: Actor, who: str, start: str, end: str, schedule: str = "payments") -> OverrideRow:
    command = AddOverride(schedule, who, at(start), at(end), "dentist")
    return database.write(lambda connection, now: usecases.add_override(connection, actor, command, now))


def cancel(database: Database, actor: Actor, id: str) -> None:
    database.write(lambda connection, now: usecases.cancel_override(connection, actor, CancelOverride(id), now))


def who(database: Database, when: str, schedule: str = "payments") -> str | None:
    return database.read(lambda connection: queries.who_is_on_call(connection, schedule, at(when)))


def look(database: Database, schedule: str) -> None:
    job = Job("1", "schedule_changed", "schedule", schedule, "k", {}, at("2026-11-19T14:27"), 1)
    database.write(lambda connection, now: handlers.look_at_schedule(connection, job, now))


def test_everybody_who_is_on_call_with_until_and_next(larkfield: Database, clock: SimulatedClock) -> None:
    duties = larkfield.read(lambda connection: queries.duties(connection, clock.now()))
    assert [(duty.name, duty.now.person, duty.until, duty.now.next_person) for duty in duties] == [
        ("Communications", "ines", at("2026-11-23T09:00"), "sam"),
        ("Database", "ravi", at("2026-11-21T20:00"), None),
        ("Incident commander", "dana", at("2026-11-20T09:00"), "petra"),
        ("Payments", "mara", at("2026-11-20T09:00"), "kofi"),
        ("Payments backup", "kofi", at("2026-11-20T09:00"), "tariq"),
        ("Platform", "jonas", at("2026-11-19T20:00"), "alex"),
    ]
    mine = larkfield.read(lambda connection: queries.duties_of(connection, "dana", clock.now()))
    assert [duty.id for duty in mine] == ["incident-commanders"]


@pytest.mark.parametrize("hours", [0, 40, 400])
def test_what_is_asked_of_all_schedules_at_once_is_what_each_says(
    larkfield: Database, clock: SimulatedClock, hours: int
) -> None:
    add(larkfield, DANA, "jonas", "2026-11-20T20:00", "2026-11-21T22:00")  # who is in none of its rotations
    moment, week = clock.now() + timedelta(hours=hours), timedelta(days=7)

    def compare(connection: Connection) -> None:
        duties, known = queries.duties(connection, moment), everything(connection)
        for one in known.people:
            theirs = [duty for duty in duties if duty.now.person == one]
            assert queries.duties_of(connection, one, moment) == theirs
        each = {id: queries.gaps_between(connection, id, moment, moment + week) for id in known.schedules}
        assert queries.gaps_ahead(connection, moment, moment + week) == each
        assert any(each.values()), "a comparison of nothing proves nothing"

    larkfield.read(compare)


def test_a_responder_may_take_a_shift_and_give_their_own_away(larkfield: Database) -> None:
    add(larkfield, KOFI, "kofi", "2026-11-19T16:00", "2026-11-19T18:00")
    assert [who(larkfield, f"2026-11-19T{hour}:00") for hour in (15, 16, 17, 18)] == ["mara", "kofi", "kofi", "mara"]
    add(larkfield, MARA, "tariq", "2026-11-19T20:00", "2026-11-19T22:00")
    with pytest.raises(Forbidden, match="needs manager"):
        add(larkfield, MARA, "tariq", "2026-11-19T20:00", "2026-11-21T22:00")  # from Friday on it is Kofi's
    add(larkfield, DANA, "tariq", "2026-11-20T20:00", "2026-11-21T22:00")
    assert who(larkfield, "2026-11-21T12:00") == "tariq"


def test_an_override_is_audited_and_told(larkfield: Database) -> None:
    told: list[frozenset[str]] = []
    larkfield.listen(told.append)
    row = add(larkfield, KOFI, "kofi", "2026-11-19T16:00", "2026-11-19T18:00")
    assert any("oncall" in topics for topics in told)
    last = larkfield.read(lambda c: c.execute(select(audit).where(audit.c.action == "add override")).one())
    assert (last.actor_id, last.subject, last.data["override"]) == ("kofi", "payments", row.id)


def test_what_has_been_does_not_change(larkfield: Database, clock: SimulatedClock) -> None:
    with pytest.raises(Invalid, match="can't lie in the past"):
        add(larkfield, DANA, "kofi", "2026-11-18T00:00", "2026-11-19T00:00")
    row = add(larkfield, DANA, "kofi", "2026-11-19T10:00", "2026-11-19T18:00")
    assert row.starts_at == clock.now()
    assert who(larkfield, "2026-11-19T12:00") == "mara"
    clock.set(at("2026-11-19T16:00"))
    cancel(larkfield, DANA, row.id)
    assert [who(larkfield, f"2026-11-19T{hour}:30") for hour in (13, 15, 16)] == ["mara", "kofi", "mara"]
    clock.set(at("2026-11-25T00:00"))
    without_mara = EXAMPLE | {"schedules.yaml": EXAMPLE["schedules.yaml"].replace("mara", "kofi")}
    larkfield.write(lambda connection, now: apply_files(connection, SYSTEM, ApplyFiles(without_mara), now))
    assert who(larkfield, "2026-11-19T12:00") == "mara"
    assert who(larkfield, "2026-11-19T15:30") == "kofi"
    shifts = larkfield.read(
        lambda c: queries.shifts_between(c, "payments", at("2026-11-19T12:00"), at("2026-11-20T12:00"))
    )
    assert [shift.person for shift in shifts] == ["mara", "kofi", "mara", "kofi"]


def test_who_leaves_loses_the_overrides_that_are_still_to_come(larkfield: Database, clock: SimulatedClock) -> None:
    add(larkfield, DANA, "owen", "2026-11-19T15:00", "2026-11-19T20:00")
    clock.set(at("2026-11-19T17:00"))
    left = {
        path: text.replace("dana, petra, owen", "dana, petra").replace("owen, dana, petra", "dana, petra")
        for path, text in EXAMPLE.items()
    }
    left["teams.yaml"] = left["teams.yaml"].replace("[owen, petra]", "[petra]")
    left["policies.yaml"] = left["policies.yaml"].replace("person: owen", "person: petra")
    left["people.yaml"] = "\n".join(line for line in left["people.yaml"].splitlines() if "owen" not in line)
    larkfield.write(lambda connection, now: apply_files(connection, SYSTEM, ApplyFiles(left), now))
    assert [who(larkfield, f"2026-11-19T{hour}:30") for hour in (14, 16, 17)] == ["mara", "owen", "mara"]


@pytest.mark.parametrize(
    ("who", "start", "end", "schedule", "error", "why"),
    [
        ("kofee", "2026-11-20T00:00", "2026-11-21T00:00", "payments", Invalid, "Did you mean 'kofi'"),
        ("kofi", "2026-11-21T00:00", "2026-11-20T00:00", "payments", Invalid, "ends after it starts"),
        ("kofi", "2026-11-21T00:00", "2027-11-20T00:00", "payments", Invalid, "at most 92 days"),
        ("kofi", "2026-11-20T00:00", "2026-11-21T00:00", "paymnts", NotFound, "there is no schedule 'paymnts'"),
    ],
)
def test_a_wrong_override_is_refused_with_the_reason(
    larkfield: Database, who: str, start: str, end: str, schedule: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        add(larkfield, DANA, who, start, end, schedule)


def test_an_override_is_taken_back_once_and_only_by_who_may(larkfield: Database, clock: SimulatedClock) -> None:
    row = add(larkfield, DANA, "kofi", "2026-11-19T16:00", "2026-11-19T18:00")
    with pytest.raises(Forbidden):
        cancel(larkfield, MARA, row.id)
    cancel(larkfield, KOFI, row.id)
    cancel(larkfield, KOFI, row.id)
    other = add(larkfield, DANA, "kofi", "2026-11-19T16:00", "2026-11-19T18:00")
    clock.set(at("2026-11-19T19:00"))
    with pytest.raises(Conflict, match="is over"):
        cancel(larkfield, DANA, other.id)
    with pytest.raises(NotFound):
        cancel(larkfield, DANA, "nothing")


def test_the_directory_resolves_a_policy_at_the_moment_of_the_step(larkfield: Database) -> None:
    add(larkfield, DANA, "tariq", "2026-11-19T16:00", "2026-11-19T18:00")

    def paged(when: str) -> tuple[str, ...]:
        def ask(connection: object) -> tuple[str, ...]:
            step = everything(connection).policies["payments"].steps[0]  # type: ignore[arg-type]
            return policy.resolve(step, queries.directory(connection), at(when)).people  # type: ignore[arg-type]

        return larkfield.read(ask)

    assert (paged("2026-11-19T15:59"), paged("2026-11-19T16:00")) == (("mara",), ("tariq",))


def test_feeds_hold_everybodys_shifts_or_ones_own(larkfield: Database, clock: SimulatedClock) -> None:
    add(larkfield, DANA, "kofi", "2026-11-19T16:00", "2026-11-19T18:00")

    def uids(feed: bytes) -> set[str]:
        return {str(event["uid"]) for event in Calendar.from_ical(feed).walk("VEVENT")}

    everybody = larkfield.read(lambda c: feeds.schedule_feed(c, "payments", clock.now()))
    kofis = larkfield.read(lambda c: feeds.person_feed(c, "kofi", clock.now()))
    assert b"SUMMARY:Mara Lindqvist on call: Payments" in everybody
    assert {uid for uid in uids(kofis) if uid.startswith("payments-0")} < uids(everybody)
    later = larkfield.read(lambda c: feeds.schedule_feed(c, "payments", clock.now() + timedelta(hours=7)))
    assert len(uids(everybody) - uids(later)) <= 1


def test_the_next_handover_is_wanted_and_follows_overrides(larkfield: Database, clock: SimulatedClock) -> None:
    def due() -> list[datetime]:
        mine = deadlines.c.subject_id == "payments", deadlines.c.kind == HANDOVER, deadlines.c.state == "waiting"
        return larkfield.read(lambda c: list(c.execute(select(deadlines.c.due_at).where(*mine)).scalars()))

    look(larkfield, "payments")
    assert due() == [at("2026-11-20T09:00")]
    add(larkfield, DANA, "kofi", "2026-11-19T16:00", "2026-11-19T18:00")
    look(larkfield, "payments")
    assert due() == [at("2026-11-19T16:00")]
    look(larkfield, "gone")
    assert due() == [at("2026-11-19T16:00")]


def test_gaps_are_told_before_they_come(larkfield: Database, clock: SimulatedClock) -> None:
    gaps = larkfield.read(lambda c: queries.gaps_between(c, "database", clock.now(), clock.now() + timedelta(days=7)))
    assert [(gap.start, gap.end) for gap in gaps] == [(at("2026-11-21T20:00"), at("2026-11-22T08:00"))]
    add(larkfield, DANA, "yuki", "2026-11-21T20:00", "2026-11-22T08:00", "database")
    assert not larkfield.read(
        lambda c: queries.gaps_between(c, "database", clock.now(), clock.now() + timedelta(days=7))
    )


def test_a_renamed_schedule_and_person_keep_their_history(larkfield: Database, clock: SimulatedClock) -> None:
    add(larkfield, DANA, "kofi", "2026-11-19T16:00", "2026-11-19T18:00")
    clock.set(at("2026-11-19T19:00"))
    renamed = {
        path: text.replace("schedule: payments}", "schedule: card-payments}")
        .replace("mara,", "mia,")
        .replace("  mara: {", "  mia: {was: mara, ")
        .replace(
            "  payments:\n    name: Payments\n    team: payments", "  card-payments:\n    was: payments\n    name: P"
        )
        for path, text in EXAMPLE.items()
    }
    larkfield.write(lambda connection, now: apply_files(connection, SYSTEM, ApplyFiles(renamed), now))
    asked = [f"2026-11-19T{hour}:30" for hour in (14, 16, 18, 20)]
    assert [who(larkfield, when, "card-payments") for when in asked] == ["mia", "kofi", "mia", "mia"]
    assert who(larkfield, "2026-11-12T12:00", "card-payments") == "tariq"
    was = larkfield.read(lambda c: queries.on_call(c, "card-payments", at("2026-11-19T15:00")))
    assert (was.person, was.until, was.next_person) == ("mia", at("2026-11-19T16:00"), "kofi")
    mias = larkfield.read(lambda c: queries.shifts_of_person(c, "mia", at("2026-11-19T12:00"), at("2026-11-19T23:00")))
    assert [(id, shift.start) for id, shift in mias][:2] == [
        ("card-payments", at("2026-11-19T12:00")),
        ("card-payments", at("2026-11-19T18:00")),
    ]
