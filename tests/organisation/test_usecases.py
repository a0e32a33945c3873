"""Plan and apply on a real database: what would change, what does, what is refused, and what stays as it was."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tocsin.clock import SimulatedClock
from tocsin.errors import Conflict, Forbidden, Invalid
from tocsin.identity.accounts import all_accounts, create_account
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.organisation import queries, usecases
from tocsin.organisation.load import texts_of
from tocsin.organisation.mistakes import WrongFiles
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.schedule import Rotation, Schedule
from tocsin.organisation.model.team import Team
from tocsin.organisation.plan import Plan
from tocsin.organisation.usecases import ApplyFiles, RemoveObject, SaveObject
from tocsin.store.database import Database
from tocsin.store.tables.engine import tasks
from tocsin.store.tables.identity import accounts, audit
from tocsin.store.tables.oncall import overrides

EXAMPLE = texts_of(Path(__file__).parents[2] / "docs/examples/larkfield")
DANA = person("dana", "Dana Okafor", Right.MANAGER)
SMALL = {
    "a.yaml": """\
organisation: {name: Small, last_resort: [mara], default_policy: payments}
people:
  mara: {name: Mara Lindqvist, email: mara@example.com, time_zone: Europe/Stockholm}
  kofi: {name: Kofi Mensah, email: kofi@example.com}
schedules:
  payments:
    name: Payments
    rotations: [{people: [mara, kofi], starts: 2026-11-06, time_zone: UTC}]
policies:
  payments: {name: Payments, steps: [{page: [{schedule: payments}]}]}
"""
}


def apply(database: Database, texts: dict[str, str]) -> Plan:
    return database.write(lambda connection, now: usecases.apply_files(connection, DANA, ApplyFiles(texts), now))


def plan(database: Database, texts: dict[str, str]) -> Plan:
    found, mistakes = database.read(lambda connection: queries.planned(connection, texts))
    assert not mistakes
    return found


def told(found: Plan) -> list[str]:
    return [f"{change.action} {change.kind} {change.id}" for change in found.changes]


def mistakes_of(database: Database, texts: dict[str, str]) -> list[str]:
    with pytest.raises(WrongFiles) as wrong:
        apply(database, texts)
    return [str(each) for each in wrong.value.files]


def changed(old: str, new: str) -> dict[str, str]:
    assert old in SMALL["a.yaml"]
    return {"a.yaml": SMALL["a.yaml"].replace(old, new)}


def add_account(database: Database, id: str, email: str) -> None:
    database.write(lambda c, now: create_account(c, SYSTEM, id, id.title(), email, Right.ADMIN, now))


def start(database: Database, id: str = "admin") -> None:
    database.write(
        lambda connection, now: usecases.create_first_organisation(
            connection, id, "Ada", "ada@example.com", "Europe/London", now
        )
    )


def test_the_example_is_applied_once_and_then_changes_nothing(database: Database) -> None:
    first = apply(database, EXAMPLE)
    assert {change.action for change in first.changes} == {"add"}
    organisation = database.read(queries.everything)
    assert organisation.name == "Larkfield"
    assert organisation.policy_for("checkout-api") == "payments"
    assert organisation.policy_for("search") == "platform"
    assert organisation.checks_for("search")[0].source == "http://prometheus.larkfield.internal:9090"
    assert plan(database, EXAMPLE).is_empty
    assert apply(database, EXAMPLE).is_empty
    assert database.read(queries.everything) is organisation
    assert plan(database, database.read(queries.exported)).is_empty


def test_a_plan_tells_each_object_and_field_and_changes_nothing(database: Database) -> None:
    apply(database, SMALL)
    texts = changed("name: Small", "name: Large") | {"b.yaml": "teams:\n  new: {name: New, members: [kofi]}\n"}
    found = plan(database, texts)
    assert told(found) == ["change settings organisation", "add team new"]
    assert found.as_text() == (
        "~ change settings organisation  (a.yaml:1)\n"
        "    name: Small → Large\n"
        "+ add team new  (b.yaml:2)\n"
        "\n"
        "2 changes: add 1, change 1."
    )
    assert found.as_json()[1] == {
        "action": "add",
        "kind": "team",
        "id": "new",
        "was": None,
        "file": "b.yaml",
        "line": 2,
        "fields": [],
    }
    assert database.read(lambda connection: queries.current(connection, "team", "new")) is None


def test_nothing_is_applied_when_anything_is_wrong(database: Database) -> None:
    apply(database, SMALL)
    texts = changed("name: Kofi Mensah", "name: Kofi") | {"b.yaml": "teams:\n  t: {name: T, members: [koffi]}\n"}
    assert mistakes_of(database, texts) == [
        "b.yaml:2: teams.t.members.0: there is no person 'koffi'. Did you mean 'kofi'?"
    ]
    assert database.read(queries.everything).people["kofi"].name == "Kofi Mensah"


def test_who_was_on_call_stays_as_it_was(database: Database, clock: SimulatedClock) -> None:
    apply(database, SMALL)
    before = clock.now()
    clock.advance(timedelta(days=3))
    apply(database, changed("[mara, kofi]", "[kofi]"))

    def people(at: datetime | None) -> tuple[str, ...]:
        found = database.read(lambda connection: queries.current(connection, "schedule", "payments", at))
        assert isinstance(found, Schedule)
        return found.rotations[0].people

    assert people(None) == ("kofi",)
    assert people(before) == ("mara", "kofi")
    assert people(clock.now()) == ("kofi",)
    assert people(clock.now() - timedelta(microseconds=1)) == ("mara", "kofi")
    assert database.read(lambda connection: queries.everything(connection, before)).rules == ()


def test_removing_what_is_in_use_is_refused_with_who_uses_it(database: Database) -> None:
    apply(database, SMALL)
    without = SMALL["a.yaml"].split("schedules:")[0] + "policies:" + SMALL["a.yaml"].split("policies:")[1]
    place = "a.yaml:6: policies.payments.steps.0.page.0.schedule"
    why = "schedule 'payments' is in no file, so this would remove it, but it is used here."
    assert mistakes_of(database, {"a.yaml": without}) == [f"{place}: {why}"]


def test_what_a_screen_uses_can_not_be_removed_by_files(database: Database) -> None:
    apply(database, SMALL | {"b.yaml": "teams:\n  old: {name: Old, members: [kofi]}\n"})
    schedule = Schedule(
        name="Extra", team="old", rotations=(Rotation(people=("mara",), starts=date(2026, 11, 6), time_zone="UTC"),)
    )
    database.write(
        lambda connection, now: usecases.save_object(connection, DANA, SaveObject("schedule", "extra", schedule), now)
    )
    assert mistakes_of(database, SMALL) == [
        ".: teams.old: can't be removed: it is used by schedule 'extra' (made on a screen)."
    ]


def test_apply_removes_what_it_made_and_deactivates_people(database: Database) -> None:
    apply(database, SMALL | {"b.yaml": "vendors:\n  paylane: {name: Paylane}\n"})
    texts = changed("[mara, kofi]", "[mara]")
    texts["a.yaml"] = texts["a.yaml"].replace("  kofi: {name: Kofi Mensah, email: kofi@example.com}\n", "")
    assert told(plan(database, texts)) == [
        "change schedule payments",
        "deactivate person kofi",
        "remove vendor paylane",
    ]
    apply(database, texts)
    organisation = database.read(queries.everything)
    assert organisation.vendors == {}
    assert organisation.person_name("kofi") == "Kofi Mensah"
    assert organisation.active_people == {"mara"}
    assert plan(database, texts).is_empty
    apply(database, SMALL)
    assert database.read(queries.everything).active_people == {"mara", "kofi"}


def test_what_was_made_elsewhere_stays_until_a_file_names_it(database: Database) -> None:
    start(database)
    apply(database, {"v.yaml": "vendors:\n  paylane: {name: Paylane}\n"})
    organisation = database.read(queries.everything)
    assert organisation.last_resort == ("admin",)
    assert set(organisation.schedules) == {"primary", "incident-commanders", "communications"}
    texts = {
        "a.yaml": "people:\n  admin: {name: Ada, email: ada@example.com, time_zone: Europe/London}\n",
        "v.yaml": "vendors:\n  paylane: {name: Paylane}\n",
    }
    assert told(plan(database, texts)) == ["take over person admin"]
    apply(database, texts)
    held = database.read(lambda connection: queries.source(connection, "person", "admin"))
    assert held is not None and (held.origin, held.file, held.line) == ("files", "a.yaml", 2)


def test_the_first_start_makes_somebody_who_is_always_paged(database: Database, clock: SimulatedClock) -> None:
    start(database)
    start(database, "somebody-else")
    organisation = database.read(queries.everything)
    assert set(organisation.people) == {"admin"}
    assert organisation.default_policy_id() == "default"
    from tocsin.oncall import schedule as schedules

    assert schedules.who(organisation.schedules["primary"], [], clock.now()) == "admin"


def test_a_rename_takes_everything_along(database: Database, clock: SimulatedClock) -> None:
    start(database)
    add_account(database, "admin", "ada@example.com")
    taken = {"id": "o", "schedule_id": "primary", "person_id": "admin", "reason": "", "created_by": "admin"}
    later = datetime(2026, 12, 1, tzinfo=UTC)
    database.write(
        lambda c, now: c.execute(
            overrides.insert().values(**taken, created_at=now, starts_at=now, ends_at=later, cancelled_at=None)
        )
    )
    clock.advance(timedelta(hours=1))
    texts = {"a.yaml": "people:\n  ada: {name: Ada King, email: ada@example.com, was: admin}\n"}
    assert told(plan(database, texts))[0] == "rename person ada"
    apply(database, texts)
    organisation = database.read(queries.everything)
    assert organisation.last_resort == ("ada",)
    assert organisation.schedules["primary"].rotations[0].people == ("ada",)
    assert organisation.current_id("person", "admin") == "ada"
    assert set(organisation.people) == {"ada"}
    assert database.read(lambda c: c.execute(select(accounts.c.person_id, accounts.c.name)).all()) == [
        ("ada", "Ada King")
    ]
    assert database.read(lambda c: c.execute(select(overrides.c.person_id)).scalar()) == "ada"
    later_text = {"a.yaml": texts["a.yaml"].replace(", was: admin", "")}
    assert plan(database, later_text).is_empty
    assert database.read(queries.everything).current_id("person", "admin") == "ada"


def test_an_apply_is_audited_and_owes_each_touched_schedule_a_task(database: Database) -> None:
    apply(database, SMALL)
    [row] = database.read(lambda connection: connection.execute(select(audit)).all())
    assert (row.actor_id, row.action) == ("dana", "apply organisation")
    assert {change["id"] for change in row.data["changes"]} == {"organisation", "mara", "kofi", "payments"}
    owed = database.read(lambda connection: connection.execute(select(tasks.c.kind, tasks.c.subject_id)).all())
    assert owed == [("schedule_changed", "payments")]


def test_a_viewer_may_not_apply(database: Database) -> None:
    viewer = person("ines", "Inês Duarte", Right.RESPONDER)
    with pytest.raises(Forbidden, match="needs manager"):
        database.write(lambda connection, now: usecases.apply_files(connection, viewer, ApplyFiles(SMALL), now))


def test_settings_once_in_files_stay_in_files(database: Database) -> None:
    apply(database, SMALL)
    without = "\n".join(SMALL["a.yaml"].splitlines()[1:])
    assert mistakes_of(database, {"a.yaml": without}) == [
        ".: organisation: is needed: without it there is no last resort."
    ]


def test_lines_follow_a_file_that_only_moved_things(database: Database) -> None:
    apply(database, SMALL)
    assert apply(database, {"b.yaml": "# a comment\n" + SMALL["a.yaml"]}).is_empty
    held = database.read(lambda connection: queries.source(connection, "person", "mara"))
    assert held is not None and (held.file, held.line) == ("b.yaml", 4)


def test_what_files_own_is_read_only_on_screens(database: Database) -> None:
    apply(database, SMALL)
    kofi = Person(name="Kofi", email="kofi@example.com")
    with pytest.raises(Conflict, match=r"person 'kofi' comes from a.yaml:4; change it there and apply"):
        database.write(lambda c, now: usecases.save_object(c, DANA, SaveObject("person", "kofi", kofi), now))


def test_a_screen_can_save_and_remove_what_nobody_uses(database: Database) -> None:
    start(database)

    def save(kind: Any, id: str, spec: Any) -> None:
        database.write(lambda c, now: usecases.save_object(c, SYSTEM, SaveObject(kind, id, spec), now))

    save("person", "kofi", Person(name="Kofi", email="kofi@example.com"))
    with pytest.raises(Invalid, match="person 'nobody' does not exist"):
        save("team", "payments", Team(name="Payments", members=("nobody",)))
    save("team", "payments", Team(name="Payments", members=("kofi",)))
    with pytest.raises(Conflict, match="person 'kofi' is used by team 'payments'"):
        database.write(lambda c, now: usecases.remove_object(c, SYSTEM, RemoveObject("person", "kofi"), now))
    database.write(lambda c, now: usecases.remove_object(c, SYSTEM, RemoveObject("team", "payments"), now))
    database.write(lambda c, now: usecases.remove_object(c, SYSTEM, RemoveObject("person", "kofi"), now))
    organisation = database.read(queries.everything)
    assert "payments" not in organisation.teams
    assert not organisation.people["kofi"].active


def test_a_snapshot_of_a_change_that_was_undone_is_never_seen_again(database: Database) -> None:
    apply(database, SMALL)

    def apply_and_fail(connection: Any, now: datetime) -> None:
        usecases.apply_files(connection, DANA, ApplyFiles(changed("name: Small", "name: Undone")), now)
        assert queries.everything(connection).name == "Undone"
        raise Conflict("no")

    with pytest.raises(Conflict):
        database.write(apply_and_fail)
    apply(database, changed("name: Small", "name: Done"))
    assert database.write(lambda connection, _: queries.everything(connection)).name == "Done"


def test_two_applies_at_once_leave_one_of_the_two_whole(database: Database) -> None:
    apply(database, SMALL)
    texts = [
        changed("name: Small", f"name: Name {place}") | {"v.yaml": f"vendors:\n  v{place}: {{name: Vendor {place}}}\n"}
        for place in range(6)
    ]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda each: apply(database, each), texts))
    organisation = database.read(queries.everything)
    [vendor] = organisation.vendors.values()
    assert organisation.name == vendor.name.replace("Vendor", "Name")


def test_an_address_that_another_account_has_is_refused_in_words(database: Database) -> None:
    apply(database, SMALL)
    for id, email in (("mara", "mara@example.com"), ("kofi", "kofi@example.com"), ("gone", "old@example.com")):
        add_account(database, id, email)
    with pytest.raises(Conflict, match=r"'gone' has an account with the address old@example\.com"):
        apply(database, changed("kofi@example.com", "Old@example.com"))
    assert database.read(queries.everything).people["kofi"].email == "kofi@example.com"
    swapped = {"a.yaml": SMALL["a.yaml"].replace("mara@", "x@").replace("kofi@", "mara@").replace("x@", "kofi@")}
    apply(database, swapped)
    kept = database.read(lambda c: {each.person_id: each.email for each in all_accounts(c)})
    assert kept == {"mara": "kofi@example.com", "kofi": "mara@example.com", "gone": "old@example.com"}
