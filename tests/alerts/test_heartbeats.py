"""Something must be heard of every so often; its silence is an alert that pages, and its return ends it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.intake.conftest import Street, street
from tocsin.alerts import heartbeats as rules
from tocsin.alerts.heartbeats import Heartbeat
from tocsin.alerts.queries.heartbeats import heartbeats, secret_of_heartbeat
from tocsin.alerts.usecases.heartbeats import (
    CreateHeartbeat,
    create_heartbeat,
    pause_heartbeat,
    remove_heartbeat,
    resume_heartbeat,
)
from tocsin.clock import SimulatedClock
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Right, person

__all__ = ["street"]


class Backup:
    """A nightly backup that tells that it ran."""

    def __init__(self, street: Street, **more: Any) -> None:
        self.street = street
        told = {"name": "nightly backup", "every": timedelta(hours=24), "grace": timedelta(hours=1), **more}
        command = CreateHeartbeat(**{"service": "checkout-api", **told})
        made, self.secret = street.database.write(lambda c, now: create_heartbeat(c, SYSTEM, command, now))
        self.id = made.id

    def beat(self, method: str = "GET") -> httpx.Response:
        answer = httpx.request(method, f"{self.street.url}/heartbeat/{self.secret}", timeout=30)
        self.street.settle()
        return answer

    def do(self, use_case: Any) -> Any:
        return self.street.database.write(lambda c, now: use_case(c, SYSTEM, self.id, now))

    @property
    def now(self) -> Heartbeat:
        return next(each for each in self.street.database.read(lambda c: heartbeats(c, SYSTEM)) if each.id == self.id)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_whatever_asks_for_its_url_lives(street: Street, method: str) -> None:
    backup = Backup(street)
    assert backup.now.state == "new"
    assert backup.beat(method).status_code == 200
    assert (backup.now.state, backup.now.last_at) == ("good", street.clock.now())


def test_silence_pages_and_the_next_beat_ends_it(street: Street) -> None:
    backup = Backup(street)
    backup.beat()
    street.pass_time(hours=24, minutes=59)
    assert street.states() == {}
    street.pass_time(minutes=1, seconds=1)
    assert street.states() == {backup.id: "firing"}
    (alert,) = street.alerts()
    assert (alert.title, alert.service, alert.severity) == ("No heartbeat of nightly backup", "checkout-api", "error")
    assert [page.state for page in street.pages()] == ["open"]
    street.pass_time(hours=48)
    assert len(street.alerts()) == 1, "one silence is one alert"
    backup.beat()
    assert street.states() == {backup.id: "resolved"}
    street.pass_time(hours=25, minutes=1)
    assert len(street.alerts()) == 2, "and a second silence another"


def test_beats_in_time_page_nobody(street: Street) -> None:
    backup = Backup(street, every=timedelta(minutes=5), grace=timedelta(seconds=30))
    for _ in range(8):
        backup.beat()
        street.pass_time(minutes=5, seconds=29)
    assert street.alerts() == []


def test_before_its_first_beat_nothing_is_awaited(street: Street) -> None:
    Backup(street)
    street.pass_time(days=60)
    assert street.alerts() == []


def test_while_tocsin_was_away_it_could_not_be_heard(street: Street) -> None:
    backup = Backup(street, every=timedelta(minutes=5), grace=timedelta(minutes=1))
    backup.beat()
    street.clock.advance(timedelta(hours=3))  # nobody was there to run what was due
    street.settle()
    assert street.alerts() == []
    street.pass_time(minutes=6, seconds=1)
    assert street.states() == {backup.id: "firing"}


def test_a_paused_one_is_not_awaited_until_its_next_beat(street: Street) -> None:
    backup = Backup(street)
    backup.beat()
    street.pass_time(hours=25, seconds=1)
    backup.do(pause_heartbeat)
    assert street.states() == {backup.id: "resolved"}
    backup.beat()
    street.pass_time(days=9)
    backup.do(resume_heartbeat)
    street.pass_time(days=9)
    assert len(street.alerts()) == 1
    backup.beat()
    street.pass_time(hours=25, seconds=1)
    assert [alert.state for alert in street.alerts()] == ["firing", "resolved"]


def test_a_removed_one_is_unknown_and_its_alert_over(street: Street) -> None:
    backup = Backup(street)
    backup.beat()
    street.pass_time(hours=25, seconds=1)
    backup.do(remove_heartbeat)
    assert street.states() == {backup.id: "resolved"}
    assert backup.beat().status_code == 404
    street.pass_time(days=3)
    assert len(street.alerts()) == 1
    with pytest.raises(NotFound):
        backup.do(pause_heartbeat)


def test_its_url_is_shown_to_managers_alone(street: Street) -> None:
    backup = Backup(street)
    assert street.database.read(lambda c: secret_of_heartbeat(c, SYSTEM, backup.id)) == backup.secret
    kofi = person("kofi", "Kofi Mensah", Right.RESPONDER)
    with pytest.raises(Forbidden):
        street.database.read(lambda c: secret_of_heartbeat(c, kofi, backup.id))


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"every": timedelta(seconds=29)}, {"every": timedelta(days=32)}, {"grace": timedelta(-1)},
     {"severity": "awful"}],
)  # fmt: skip
def test_what_makes_no_heartbeat_is_refused(street: Street, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        Backup(street, **wrong)
    assert [mistake.field for mistake in caught.value.mistakes] == list(wrong)
    Backup(street)
    with pytest.raises(Conflict):
        Backup(street)


spans = st.timedeltas(timedelta(0), timedelta(days=2))


@given(st.lists(st.tuples(st.booleans(), spans), max_size=30))
def test_it_is_late_exactly_when_it_was_not_heard_of_for_long_enough(moves: list[tuple[bool, timedelta]]) -> None:
    now = SimulatedClock().now()
    every, grace = timedelta(hours=6), timedelta(hours=1)
    present = Heartbeat("a", "a", None, "error", every, grace, "new", now)
    last = None
    for beats, pause in moves:
        if beats:
            present, last = rules.beaten(present, now), now
        for _ in range(2):  # the deadlines that come due in the pause, each at its own moment
            due = present.due_at
            if due is not None and due <= now + pause:
                present = rules.looked_at(present, due, due)
        now += pause
        assert (present.state == "late") == (last is not None and now >= last + every + grace)
        assert [each.due_at for each in rules.wanted(present)] == ([present.due_at] if present.due_at else [])
