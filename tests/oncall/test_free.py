"""Who could fill a gap."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.oncall.queries import gaps_between
from tocsin.oncall.queries.free import free_for
from tocsin.oncall.usecases.leave import AddLeave, add_leave
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database

ORGANISATION = """
people:
  dana: {name: Dana Okafor, email: dana@larkfield.example}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example}
  ines: {name: Ines Duarte, email: ines@larkfield.example}
  ravi: {name: Ravi Menon, email: ravi@larkfield.example}
teams:
  payments: {name: Payments, members: [kofi, ines]}
schedules:
  days:
    name: Days
    team: payments
    rotations: [{people: [dana, kofi], starts: 2026-11-02, time_zone: UTC, hours: {begin: "09:00", end: "21:00"}}]
  nights:
    name: Nights
    rotations: [{people: [kofi], starts: 2026-11-02, time_zone: UTC, hours: {begin: "21:00", end: "23:00"}}]
organisation: {name: Larkfield, last_resort: [ravi]}
"""


def free(database: Database, now: datetime) -> tuple[str, ...]:
    def ask(connection: Connection) -> tuple[str, ...]:
        gap = next(each for each in gaps_between(connection, "days", now, now + timedelta(days=2)) if each.start > now)
        return free_for(connection, [("days", gap)])["days", gap]

    return database.read(ask)


def test_those_of_the_rotation_and_the_team_who_have_no_duty_and_are_not_away(database: Database) -> None:
    now = database.clock.now()
    database.write(lambda c, at: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": ORGANISATION}), at))
    assert free(database, now) == ("dana", "ines"), "Kofi has the other schedule in it, Ravi is of neither"
    manager = person("ravi", "Ravi", Right.MANAGER)
    leave = AddLeave("ines", now, now + timedelta(days=3))
    database.write(lambda c, at: add_leave(c, manager, leave, at))
    assert free(database, now) == ("dana",)


def test_without_gaps_nobody_is_asked_for(database: Database) -> None:
    assert database.read(lambda c: free_for(c, [])) == {}
