"""An incident with the real paging beside it: demands for roles become pages, answers become roles."""

import pytest

from tests.incidents.conftest import DANA, KOFI, SANA, House, make_house
from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import SYSTEM
from tocsin.incidents import handlers, usecases
from tocsin.incidents.decide import Declare
from tocsin.incidents.queries import state_of
from tocsin.mitigation import handlers as mitigation
from tocsin.paging import handlers as paging
from tocsin.paging.methods import Means
from tocsin.paging.usecases import acknowledge_page
from tocsin.store.database import Database
from tocsin.timeline.state import IncidentState


@pytest.fixture
def house(database: Database, clock: SimulatedClock) -> House:
    """Larkfield with paging by screen."""
    means = Means(http=GuardedHttp(Allowed.parse([])), smtp=None, print_line=lambda _: None)
    return make_house(
        database, clock, lambda registry: paging.register(registry, means, "https://t.example"), handlers.register,
        mitigation.register,
    )  # fmt: skip


def state(house: House, incident_id: str) -> IncidentState:
    return house.read(lambda c: state_of(c, SYSTEM, incident_id))


def live(house: House) -> dict[str, str]:
    return {page.subject_id.partition(":")[2]: page.id for page in house.pages() if page.state == "open"}


def test_a_page_for_command_reaches_the_schedules_person_and_their_yes_is_command(house: House) -> None:
    command = Declare("Checkout fails", 2, services=("checkout-api",))
    incident_id = house.write(lambda c, now: usecases.declare(c, DANA, command, now)).state.incident.id
    house.run()
    paged = [entry.fact.model_dump() for entry in house.entries(incident_id) if entry.kind == "page"]
    assert ("commander", "kofi") in {(fact["role"], fact["person"]) for fact in paged if fact["event"] == "step"}
    page_id = live(house)["commander"]
    answer = house.write(lambda c, now: acknowledge_page(c, KOFI, page_id, now, via="link"))
    assert answer.yours
    house.run()
    now = state(house, incident_id)
    assert now.incident.roles["commander"].person == "kofi"
    assert "commander" not in live(house)
    assert "held" in now.incident.milestones
    assert now.paging.pages[page_id].state == "ended"


def test_security_called_in_belongs_to_the_restricted_incident_after_the_yes(house: House) -> None:
    command = Declare("Keys leaked", 1, services=("checkout-api",), restricted=True, labels={"category": "security"})
    incident_id = house.write(lambda c, now: usecases.declare(c, DANA, command, now)).state.incident.id
    house.run()
    assert "sana" not in state(house, incident_id).incident.members
    page_id = live(house)["security"]
    house.write(lambda c, now: acknowledge_page(c, SANA, page_id, now, via="link"))
    house.run()
    assert "sana" in state(house, incident_id).incident.members
    house.read(lambda c: state_of(c, SANA, incident_id))


def test_the_timeline_says_who_answered_the_page(house: House) -> None:
    command = Declare("Checkout fails", 2, services=("checkout-api",))
    incident_id = house.write(lambda c, now: usecases.declare(c, DANA, command, now)).state.incident.id
    house.run()
    page_id = live(house)["commander"]
    house.write(lambda c, now: acknowledge_page(c, KOFI, page_id, now, via="link"))
    house.run()
    (answered,) = [e for e in house.entries(incident_id) if e.kind == "page" and e.fact.event == "acknowledged"]
    assert (answered.actor.kind, answered.actor.id) == ("person", "kofi")
    assert answered.fact.sentence(str) == "acknowledged the page by link."
    attempts = [e for e in house.entries(incident_id) if e.kind == "page" and e.fact.event == "attempt"]
    assert {entry.actor.name for entry in attempts} == {"Tocsin"}


def test_when_it_is_over_nobody_is_paged_any_more(house: House) -> None:
    command = Declare("Checkout fails", 2, services=("checkout-api",))
    incident_id = house.write(lambda c, now: usecases.declare(c, DANA, command, now)).state.incident.id
    house.run()
    assert live(house)
    house.write(lambda c, now: usecases.cancel(c, DANA, incident_id, "noise", now))
    house.run()
    assert not live(house)
    assert state(house, incident_id).mitigation.held == {}
    house.after(hours=3)
    assert not live(house)
