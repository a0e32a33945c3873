"""What can be read of incidents, by whom."""

from datetime import timedelta

from tests.incidents.conftest import DANA, KOFI, House
from tocsin.incidents import queries, usecases
from tocsin.incidents.decide import Declare


def declare(house: House, title: str, severity: int = 2, **more: object) -> str:
    command = Declare(title=title, severity=severity, **more)  # type: ignore[arg-type]
    return house.write(lambda c, now: usecases.declare(c, DANA, command, now)).state.incident.id


def test_lists_filter_and_go_on_where_they_ended(house: House) -> None:
    declare(house, "Checkout fails", services=("checkout-api",))
    gone = declare(house, "Search is slow", 3, services=("search",))
    declare(house, "A drill", practice=True)
    house.write(lambda c, now: usecases.cancel(c, DANA, gone, "noise", now))

    def numbers(**asked: object) -> list[int]:
        found = house.read(lambda c: queries.incidents_list(c, KOFI, **asked))  # type: ignore[arg-type]
        return [row.number for row in found]

    assert numbers() == [3, 2, 1]
    assert numbers(state="open") == [3, 1]
    assert numbers(state="closed") == [2]
    assert numbers(severity=3) == [2]
    assert numbers(service="checkout-api") == [1]
    assert numbers(practice=True) == [3]
    assert numbers(text="SEARCH") == [2]
    assert numbers(limit=1, below=3) == [2]


def test_a_restricted_incident_is_in_no_list_count_or_clock_of_others(house: House) -> None:
    declare(house, "Breach", 1, restricted=True)
    for actor, seen in ((DANA, 1), (KOFI, 0)):
        assert len(house.read(lambda c, actor=actor: queries.incidents_list(c, actor))) == seen  # type: ignore[misc]
        assert house.read(lambda c, actor=actor: queries.open_by_severity(c, actor)) == {1: seen, 2: 0, 3: 0}  # type: ignore[misc]
        clocks = house.read(lambda c, actor=actor: queries.running_clocks(c, actor, house.clock.now()))  # type: ignore[misc]
        assert bool(clocks) is bool(seen)


def test_clocks_of_all_incidents_come_soonest_first(house: House) -> None:
    declare(house, "One")
    house.clock.advance(timedelta(minutes=1))
    declare(house, "Two", 1)
    found = house.read(lambda c: queries.running_clocks(c, KOFI, house.clock.now()))
    assert [clock.due_at for _, clock in found] == sorted(clock.due_at for _, clock in found)
    assert {row.number for row, _ in found} == {1, 2}


def test_the_timeline_is_told_in_sentences_and_the_document_is_its_view(house: House) -> None:
    incident_id = declare(house, "Checkout fails")
    house.write(lambda c, now: usecases.assign_role(c, DANA, incident_id, "commander", "kofi", now))
    lines = house.read(lambda c: queries.timeline_of(c, KOFI, incident_id))
    assert lines[0].sentence == "declared INC-1 as Sev2: Checkout fails"
    assert lines[-1].sentence == "made Kofi Mensah incident commander."
    text = house.read(lambda c: queries.document_of(c, KOFI, incident_id, house.clock.now()))
    assert all(line.entry.actor.name in text for line in lines)
    assert "# INC-1: Checkout fails" in text
