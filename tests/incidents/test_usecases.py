"""What people and rows do with an incident, on both engines."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.incidents.conftest import ADMIN, DANA, KOFI, SANA, VIEWER, House, actor
from tocsin.engine.tasks import owe
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound, TocsinError
from tocsin.identity.actor import SYSTEM
from tocsin.incidents import usecases
from tocsin.incidents.command import Changed
from tocsin.incidents.decide import Declare
from tocsin.incidents.queries import state_of
from tocsin.store.tables.alerts import claims, groups
from tocsin.store.tables.paging import page_log, pages
from tocsin.store.tables.timeline import entries, incidents
from tocsin.timeline import chain
from tocsin.timeline.facts.incidents import RoleAssigned
from tocsin.timeline.facts.paging import PageRecorded
from tocsin.timeline.journal import link_of
from tocsin.timeline.state import IncidentState


def declare(house: House, severity: int = 2, **more: object) -> str:
    command = Declare(title="Checkout fails", severity=severity, services=("checkout-api",), **more)  # type: ignore[arg-type]
    return house.write(lambda c, now: usecases.declare(c, DANA, command, now)).state.incident.id


def state(house: House, incident_id: str) -> IncidentState:
    return house.read(lambda c: state_of(c, SYSTEM, incident_id))


def acknowledge(house: House, page_id: str, person: str) -> None:
    """As paging does it: the log row and the task that copies it."""

    def write(connection, now) -> None:  # type: ignore[no-untyped-def]
        from tocsin.paging.page import LogRow
        from tocsin.paging.usecases.ledger import change, lock_page, write_log

        row = change(connection, lock_page(connection, page_id), state="acknowledged", acknowledged_at=now)
        write_log(connection, row, LogRow("acknowledged", person=person, method="email"), now)

    house.write(write)


def test_declaring_by_hand_opens_the_room_and_pages_the_commander_from_the_schedule(house: House) -> None:
    incident_id = declare(house)
    house.run()
    now = state(house, incident_id).incident
    assert (now.number, now.phase, now.channel) == (1, "triage", "INC-1")
    wanted = {page.subject_id.partition(":")[2]: page for page in house.pages(subject_kind="role")}
    assert set(wanted) == {"commander", "communications", "operations"}
    assert wanted["commander"].policy["steps"][0]["page"][0]["schedule"] == "incident-commanders"
    assert wanted["operations"].policy_id == "shop"


def test_who_acknowledges_the_page_for_command_takes_it_and_the_others_are_told(house: House) -> None:
    incident_id = declare(house)
    house.run()
    (page,) = (page for page in house.pages(subject_kind="role") if page.subject_id.endswith(":commander"))
    house.clock.advance(timedelta(seconds=40))
    acknowledge(house, page.id, "kofi")
    house.run()
    now = state(house, incident_id)
    assert now.incident.roles["commander"].person == "kofi"
    assert "kofi" in now.incident.members
    assert house.pages(id=page.id)[0].state == "ended"
    took = next(entry for entry in house.entries(incident_id) if isinstance(entry.fact, RoleAssigned))
    assert took.actor.name == "Kofi Mensah"


def test_a_late_acknowledgement_takes_no_role_from_who_has_it(house: House) -> None:
    incident_id = declare(house)
    house.run()
    (page,) = (page for page in house.pages(subject_kind="role") if page.subject_id.endswith(":commander"))
    acknowledge(house, page.id, "kofi")
    house.write(lambda c, now: usecases.assign_role(c, DANA, incident_id, "commander", None, now))
    house.run()
    assert state(house, incident_id).incident.roles["commander"].person == "dana"


def test_declaring_from_a_group_brings_its_services_labels_pages_and_claims(house: House) -> None:
    paged_at = house.clock.now()
    group_id = house.group(("checkout-api", "payments"))
    house.clock.advance(timedelta(minutes=3))
    changed = house.write(
        lambda c, now: usecases.declare(c, DANA, Declare("High error rate", 1, group_ids=(group_id,)), now)
    )
    house.run()
    incident_id = changed.state.incident.id
    now = state(house, incident_id)
    assert now.triage.services == ("checkout-api", "payments")
    assert now.incident.first_paged_at == paged_at == now.incident.clock_start
    told = sorted(entry.happened_at for entry in house.entries(incident_id) if entry.kind == "page")
    assert told[:3] == [paged_at] * 3
    assert now.incident.milestones["acknowledged"].at == paged_at
    held = house.read(lambda c: set(c.execute(select(claims.c.kind, claims.c.key)).all()))
    assert {tuple(row) for row in held} == {
        ("service", "checkout-api"),
        ("service", "payments"),
        ("group", f"default\n{group_id}"),
    }
    assert house.read(lambda c: c.execute(select(groups.c.incident_id)).scalar()) == incident_id


def test_one_group_is_in_one_open_incident_and_a_hidden_one_is_not_named(house: House) -> None:
    group_id = house.group()
    command = Declare("Breach", 1, group_ids=(group_id,))
    house.write(lambda c, now: usecases.declare(c, DANA, command, now))
    with pytest.raises(Conflict, match="is in INC-1 already"):
        house.write(lambda c, now: usecases.declare(c, KOFI, command, now))
    incident_id = house.read(lambda c: c.execute(select(incidents.c.id)).scalar_one())
    house.write(lambda c, now: usecases.restrict(c, DANA, incident_id, True, now))
    with pytest.raises(NotFound):
        house.write(lambda c, now: usecases.declare(c, KOFI, command, now))
    other = declare(house)
    assert state(house, other).incident.number == 2  # what was refused took no number


def test_a_rule_declares_once(house: House) -> None:
    group_id = house.group()
    payload = {"group_id": group_id, "severity": "sev2", "rule": "checkout-down"}
    for key in ("one", "two"):
        house.write(lambda c, now, key=key: owe(c, "declare_group", "group", group_id, payload, now, key=key))  # type: ignore[misc]
    house.run()
    rows = house.read(lambda c: c.execute(select(incidents)).all())
    assert len(rows) == 1
    declared = house.entries(rows[0].id)[0]
    assert declared.fact.model_dump()["by_rule"] == "checkout-down"
    assert declared.fact.model_dump()["labels"] == {"env": "prod", "host": "a"}


def test_alerts_added_later_pin_their_services_runbook(house: House) -> None:
    incident_id = declare(house)
    before = state(house, incident_id).incident.bundle_digest
    group_id = house.group(("search",))
    house.write(lambda c, now: usecases.link_group(c, DANA, incident_id, group_id, now))
    again = house.write(lambda c, now: usecases.link_group(c, DANA, incident_id, group_id, now))
    assert again.entries == ()
    assert state(house, incident_id).incident.bundle_digest == before  # search has no runbook and no checks of its own
    assert ("service", "search") in [
        tuple(row) for row in house.read(lambda c: c.execute(select(claims.c.kind, claims.c.key)).all())
    ]


def test_a_group_is_told_at_most_once_a_minute(house: House) -> None:
    group_id = house.group()
    changed = house.write(lambda c, now: usecases.declare(c, DANA, Declare("x", 3, group_ids=(group_id,)), now))
    incident_id = changed.state.incident.id
    for firing in range(2, 8):
        house.write(
            lambda c, now, firing=firing: (  # type: ignore[misc]
                c.execute(groups.update().values(firing=firing, total=firing)),
                owe(c, "incident_group", "group", group_id, {"group_id": group_id}, now),
            )
        )
        house.after(seconds=10)
    house.after(minutes=2)
    told = [entry for entry in house.entries(incident_id) if entry.kind == "group_changed"]
    assert len(told) == 2
    assert state(house, incident_id).incident.groups[group_id].firing == 7


def test_who_called_the_alerts_of_a_group_over_stands_on_the_timeline_once(house: House) -> None:
    group_id = house.group()
    changed = house.write(lambda c, now: usecases.declare(c, DANA, Declare("x", 3, group_ids=(group_id,)), now))
    for values in ({"state": "closing", "firing": 0, "resolved_by": "kofi"}, {"state": "closed"}):
        house.write(
            lambda c, now, values=values: (  # type: ignore[misc]
                c.execute(groups.update().values(**values)),
                owe(c, "incident_group", "group", group_id, {"group_id": group_id}, now),
            )
        )
        house.after(minutes=2)
    told = [entry.fact for entry in house.entries(changed.state.incident.id) if entry.kind == "group_changed"]
    assert [fact.sentence(lambda who: who.capitalize()) for fact in told] == [
        "was told by Kofi that the alerts of a group are over.",
        "saw the alerts of a group stay resolved.",
    ]


def test_a_command_without_the_right_is_refused_and_a_viewer_sees_but_changes_nothing(house: House) -> None:
    incident_id = declare(house)
    with pytest.raises(Forbidden, match="this needs responder"):
        house.write(lambda c, now: usecases.add_note(c, VIEWER, incident_id, "hello", now))
    assert house.read(lambda c: state_of(c, VIEWER, incident_id)).incident.number == 1


def test_a_restricted_incident_does_not_exist_for_others(house: House) -> None:
    incident_id = declare(house, restricted=True)
    for work in (
        lambda c, now: usecases.add_note(c, KOFI, incident_id, "x", now),
        lambda c, now: usecases.assign_role(c, KOFI, incident_id, "commander", None, now),
        lambda c, now: usecases.cancel(c, ADMIN, incident_id, "x", now),
    ):
        with pytest.raises(NotFound):
            house.write(work)
    house.write(lambda c, now: usecases.add_member(c, DANA, incident_id, "kofi", now))
    house.write(lambda c, now: usecases.add_note(c, KOFI, incident_id, "x", now))


def test_command_is_handed_over_with_the_other_persons_yes(house: House) -> None:
    incident_id = declare(house)
    house.write(lambda c, now: usecases.assign_role(c, DANA, incident_id, "commander", None, now))
    with pytest.raises(Conflict, match="Dana Reyes is already incident commander"):
        house.write(lambda c, now: usecases.assign_role(c, KOFI, incident_id, "commander", None, now))
    house.write(lambda c, now: usecases.offer_handover(c, DANA, incident_id, "commander", "kofi", now))
    with pytest.raises(Conflict, match="offered to Kofi Mensah"):
        house.write(lambda c, now: usecases.accept_handover(c, SANA, incident_id, "commander", now))
    house.write(lambda c, now: usecases.accept_handover(c, KOFI, incident_id, "commander", now))
    assert state(house, incident_id).incident.roles["commander"].person == "kofi"
    with pytest.raises(Invalid, match="Did you mean 'kofi'"):
        house.write(lambda c, now: usecases.assign_role(c, KOFI, incident_id, "operations", "kofy", now))


def test_an_empty_role_shouts_again_and_again_until_somebody_has_it(house: House) -> None:
    incident_id = declare(house, severity=3)
    house.run()
    house.after(minutes=3)
    house.after(minutes=10)
    now = state(house, incident_id).incident
    assert now.role_shouts == {"commander": 2}
    shouted = [entry.fact for entry in house.entries(incident_id) if entry.kind == "role_shouted"]
    assert shouted[0].model_dump()["candidate"] == "kofi"
    above = house.pages(subject_kind="deadline")
    assert [page.policy["steps"][0]["page"][0]["person"] for page in above] == ["ada"]
    house.write(lambda c, at: usecases.assign_role(c, DANA, incident_id, "commander", None, at))
    house.run()
    house.after(minutes=30)
    assert state(house, incident_id).incident.role_shouts == {"commander": 2}
    assert {page.state for page in house.pages()} == {"ended"}


def test_tocsin_away_for_two_hours_shouts_once_not_forty_times(house: House) -> None:
    incident_id = declare(house, severity=3)
    house.clock.advance(timedelta(hours=2))
    house.run()
    assert state(house, incident_id).incident.role_shouts == {"commander": 1}
    assert house.kinds(incident_id).count("first_five_ended") == 1


def test_the_first_five_minutes_end_once_and_say_what_is_open(house: House) -> None:
    incident_id = declare(house)
    house.run()
    house.after(minutes=5)
    house.after(minutes=5)
    ended = [entry.fact for entry in house.entries(incident_id) if entry.kind == "first_five_ended"]
    assert [fact.model_dump()["open_steps"] for fact in ended] == [("acknowledged", "commander", "held", "flag")]


def test_data_or_auth_by_label_pages_security_and_legal(house: House) -> None:
    incident_id = declare(house, labels={"category": "data"})
    house.run()
    assert set(state(house, incident_id).comms.teams) == {"security", "legal"}
    assert {page.subject_id.rpartition(":")[2] for page in house.pages(subject_kind="team")} == {"security", "legal"}
    assert "data_or_auth" in state(house, incident_id).incident.questions


def test_cancelling_ends_pages_and_claims(house: House) -> None:
    incident_id = declare(house)
    house.run()
    house.write(lambda c, now: usecases.cancel(c, DANA, incident_id, "a test alert", now))
    house.run()
    assert {page.state for page in house.pages()} == {"ended"}
    assert house.read(lambda c: c.execute(select(claims)).all()) == []
    with pytest.raises(Conflict, match="is cancelled"):
        house.write(lambda c, now: usecases.rename(c, DANA, incident_id, "x", now))
    house.write(lambda c, now: usecases.add_note(c, DANA, incident_id, "It was the load test.", now))


def test_merging_moves_groups_services_and_members(house: House) -> None:
    group_id = house.group(("search",))
    first = declare(house)
    second = house.write(
        lambda c, now: usecases.declare(c, KOFI, Declare("Search fails", 2, group_ids=(group_id,)), now)
    ).state.incident.id
    house.write(lambda c, now: usecases.merge(c, KOFI, second, first, now, reason="one cause"))
    house.run()
    ended, survivor = state(house, second), state(house, first)
    assert (ended.incident.phase, ended.incident.merged_into) == ("merged", 1)
    assert survivor.incident.absorbed == (2,)
    assert survivor.triage.services == ("checkout-api", "search")
    assert group_id in survivor.incident.groups and "kofi" in survivor.incident.members
    assert set(house.read(lambda c: c.execute(select(claims.c.incident_id)).scalars().all())) == {first}
    assert house.pages(group_id=group_id)[0].incident_id == first


def test_a_restricted_incident_is_not_merged_into_an_open_one(house: House) -> None:
    first, second = declare(house), declare(house, restricted=True)
    with pytest.raises(Conflict, match="is restricted"):
        house.write(lambda c, now: usecases.merge(c, DANA, second, first, now))
    with pytest.raises(NotFound):
        house.write(lambda c, now: usecases.merge(c, KOFI, first, second, now))


def test_a_gate_not_met_is_a_conflict_and_an_override_is_shown(house: House) -> None:
    incident_id = declare(house)
    with pytest.raises(Conflict, match="No mitigating action has begun"):
        house.write(lambda c, now: usecases.change_phase(c, DANA, incident_id, "mitigating", now, reason="go"))
    house.write(
        lambda c, now: usecases.change_phase(c, DANA, incident_id, "mitigating", now, reason="go", override=True)
    )
    now = state(house, incident_id)
    assert now.incident.phase == "mitigating"
    assert now.recovery.overrides[0].missing == ("No mitigating action has begun.",)


def test_a_redaction_removes_the_text_everywhere_and_keeps_the_chain_whole(house: House) -> None:
    secret = "the password is hunter2-hunter2"
    incident_id = declare(house)
    house.run()
    house.write(lambda c, now: usecases.add_note(c, DANA, incident_id, secret, now))
    house.write(lambda c, now: usecases.rename(c, DANA, incident_id, f"Checkout: {secret}", now))
    seqs = {entry.kind: entry.seq for entry in house.entries(incident_id)}
    house.write(lambda c, now: c.execute(pages.update().values(detail=f"INC-1: {secret}!")))
    house.write(lambda c, now: c.execute(page_log.update().values(data={"text": f"“{secret}”", "n": 1})))
    with pytest.raises(Forbidden):
        house.write(lambda c, now: usecases.redact_entry(c, DANA, incident_id, seqs["noted"], now))
    changed = house.write(lambda c, now: usecases.redact_entry(c, ADMIN, incident_id, seqs["noted"], now))
    assert changed.state.incident.phase == "triage"
    with pytest.raises(Conflict, match="no text that could be redacted"):
        house.write(lambda c, now: usecases.redact_entry(c, ADMIN, incident_id, seqs["noted"], now))

    def dump(connection) -> str:  # type: ignore[no-untyped-def]
        from tocsin.store.tables import metadata

        return "".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))

    assert "hunter2" not in house.read(dump)
    rows = house.read(lambda c: c.execute(select(entries).order_by(entries.c.seq)).all())
    redactions = {seqs["noted"]: ["text"], seqs["renamed"]: ["title"]}
    prev = chain.GENESIS
    for row in rows:
        assert chain.faults(link_of(row), prev, redactions) == []
        prev = row.hash


def test_fifty_writers_at_once_lose_nothing_and_duplicate_nothing(house: House) -> None:
    incident_id = declare(house)
    failures: list[TocsinError] = []

    def write(number: int) -> None:
        try:
            house.write(lambda c, now: usecases.add_note(c, DANA, incident_id, f"note {number}", now))
            house.write(lambda c, now: usecases.assign_role(c, actor("kofi"), incident_id, "operations", None, now))
        except TocsinError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    told = house.entries(incident_id)
    assert [entry.seq for entry in told] == list(range(1, len(told) + 1))
    assert sorted(entry.fact.model_dump()["text"] for entry in told if entry.kind == "noted") == sorted(
        f"note {number}" for number in range(50)
    )
    assert sum(isinstance(entry.fact, RoleAssigned) for entry in told) == 1


def test_two_who_take_command_at_once_get_two_answers(house: House) -> None:
    incident_id = declare(house)
    answers: list[Changed | TocsinError] = []

    def take(person: str) -> None:
        try:
            answers.append(
                house.write(lambda c, now: usecases.assign_role(c, actor(person), incident_id, "commander", None, now))
            )
        except TocsinError as error:
            answers.append(error)

    threads = [threading.Thread(target=take, args=(person,)) for person in ("dana", "kofi")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(answer).__name__ for answer in answers) == ["Changed", "Conflict"]


def test_a_page_is_copied_onto_the_timeline_with_its_own_time(house: House) -> None:
    group_id = house.group()
    at = house.clock.now()
    house.clock.advance(timedelta(minutes=10))
    changed = house.write(lambda c, now: usecases.declare(c, KOFI, Declare("x", 3, group_ids=(group_id,)), now))
    house.run()
    told = [entry for entry in house.entries(changed.state.incident.id) if isinstance(entry.fact, PageRecorded)]
    mine = [entry for entry in told if entry.fact.model_dump()["purpose"] == "group"]
    assert {entry.happened_at for entry in mine} == {at}
    assert all(entry.recorded_at > entry.happened_at for entry in mine)


def test_an_offer_without_an_answer_is_asked_for_again_and_ends_with_the_answer(house: House) -> None:
    incident_id = declare(house, severity=3)
    house.write(lambda c, now: usecases.assign_role(c, DANA, incident_id, "commander", None, now))
    house.write(lambda c, now: usecases.offer_handover(c, DANA, incident_id, "commander", "kofi", now))
    house.run()
    told = house.pages(subject_kind="deadline")
    assert [(page.urgency, page.policy["steps"][0]["page"][0]["person"]) for page in told] == [("notify", "kofi")]
    house.after(minutes=2)
    assert [page.urgency for page in house.pages(subject_kind="deadline")] == ["notify", "page"]
    house.write(lambda c, now: usecases.decline_handover(c, KOFI, incident_id, "commander", now))
    house.run()
    assert {page.state for page in house.pages(subject_kind="deadline")} == {"ended"}
    assert state(house, incident_id).incident.roles["commander"].person == "dana"


def test_an_answered_offer_is_not_asked_for_again(house: House) -> None:
    incident_id = declare(house, severity=3, restricted=True)
    house.write(lambda c, now: usecases.assign_role(c, DANA, incident_id, "commander", None, now))
    house.write(lambda c, now: usecases.offer_handover(c, DANA, incident_id, "commander", "kofi", now))
    house.run()
    house.write(lambda c, now: usecases.accept_handover(c, KOFI, incident_id, "commander", now))
    house.after(minutes=5)
    assert [page.urgency for page in house.pages(subject_kind="deadline")] == ["notify"]


def test_practice_takes_no_real_alerts(house: House) -> None:
    group_id = house.group()
    command = Declare("A drill", 3, group_ids=(group_id,), practice=True)
    with pytest.raises(Invalid, match="page nobody"):
        house.write(lambda c, now: usecases.declare(c, DANA, command, now))
    incident_id = declare(house, practice=True)
    with pytest.raises(Conflict, match="page nobody"):
        house.write(lambda c, now: usecases.link_group(c, DANA, incident_id, group_id, now))


def test_a_redaction_reaches_entries_that_repeat_the_text(house: House) -> None:
    incident_id = house.write(
        lambda c, now: usecases.declare(c, DANA, Declare("Token abc-secret-1 leaked", 1), now)
    ).state.incident.id
    house.run()
    assert any("abc-secret-1" in (page.title + page.detail) for page in house.pages())
    house.write(lambda c, now: usecases.redact_entry(c, ADMIN, incident_id, 1, now))
    assert state(house, incident_id).incident.title == "[redacted]"

    def texts(connection) -> str:  # type: ignore[no-untyped-def]
        rows = [
            *connection.execute(select(entries.c.texts)),
            *connection.execute(select(pages.c.title, pages.c.detail)),
        ]
        return "".join(str(row) for row in rows)

    assert "abc-secret-1" not in house.read(texts)
