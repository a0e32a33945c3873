"""POST to the secret URL: what is answered, and that a 2xx is on disk."""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, create_engine, func, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tocsin.alerts.queries import alerts, groups
from tocsin.alerts.usecases import create_first_integration, fold_received
from tocsin.clock import SimulatedClock
from tocsin.engine.loop import Loop
from tocsin.engine.work import Registry
from tocsin.errors import Conflict, Forbidden, NotFound
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.intake import handlers, queries
from tocsin.intake.keeping import bodies_in
from tocsin.intake.routes import Known, routes
from tocsin.intake.usecases import (
    CreateIntegration,
    create_integration,
    disable_integration,
    discard_set_aside,
    enable_integration,
    replay_set_aside,
    rotate_integration,
)
from tocsin.intake.writer import Writer
from tocsin.store.columns import is_postgresql
from tocsin.store.database import Database
from tocsin.store.tables.intake import bodies

DANA = person("dana", "Dana Okafor", Right.RESPONDER)
LIMIT = 20_000


@dataclass
class Door:
    """A running intake with one generic integration."""

    database: Database
    client: TestClient
    secret: str
    id: str

    def post(self, body: Any, path: str | None = None, **more: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path or f"/in/{self.secret}", content=content, **more)

    def keys(self) -> list[str]:
        return sorted(alert.dedup_key for alert in self.database.read(lambda c: alerts(c, SYSTEM, limit=1000)))

    def do(self, sqlite: str, postgresql: str) -> None:
        def run(connection: Connection, _: Any) -> None:
            for statement in (postgresql if is_postgresql(connection) else sqlite).split(";;"):
                connection.exec_driver_sql(statement)

        self.database.write(run)


@pytest.fixture
def door(database: Database) -> Iterator[Door]:
    integration, secret = database.write(create_first_integration)
    app = Starlette(routes=routes(Known(database), Writer(database, fold_received), LIMIT))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Door(database, client, secret, integration.id)


def alert(key: str = "disk", **more: Any) -> dict[str, Any]:
    return {"dedup_key": key, "title": "Disk is full", **more}


def test_an_alert_is_accepted_and_stands_in_the_list(door: Door) -> None:
    answer = door.post(alert())
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "set_aside": []})
    assert door.keys() == ["disk"]


def test_the_first_integration_is_told_again_with_the_same_secret(door: Door) -> None:
    assert door.database.write(create_first_integration)[1] == door.secret


def test_a_readable_part_is_kept_and_the_rest_is_told_and_seen(door: Door) -> None:
    answer = door.post({"alerts": [alert("a"), {"title": "no key"}, alert("b"), 7]})
    assert answer.status_code == 202
    told = answer.json()
    assert told["accepted"] == 2
    assert [(part["place"], part["reason"]) for part in told["set_aside"]] == [
        ("alerts[1].dedup_key", "is missing"),
        ("alerts[3]", "expected 'object', got 'int'"),
    ]
    seen = door.database.read(lambda c: queries.set_aside_now(c, DANA))
    assert {view.id for view in seen} == {part["id"] for part in told["set_aside"]}
    assert door.keys() == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"dedup_key": "a",\n "title" "b"}', "line 2, column 10"),
        (b"", "line 1, column 1"),
        (b'{"title": "x"}', "dedup_key"),
        (b'{"alerts": [{"dedup_key": "a", "title": "t", "status": "odd"}]}', "alerts[0].status"),
    ],
)
def test_a_body_of_which_nothing_can_be_read_names_the_place_and_is_seen_by_an_operator(
    door: Door, body: bytes, place: str
) -> None:
    answer = door.post(body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["place"] == place
    assert place in answer.json()["detail"]
    assert [view.place for view in door.database.read(lambda c: queries.set_aside_now(c, DANA))] == [place]
    assert door.database.read(lambda c: queries.integrations_now(c, DANA))[0].refused == 1


@pytest.mark.parametrize(
    "path", ["/in/nothing-here", "/in/generic/nothing-here", "/in/alertmanager/{secret}", "/in/nagios/{secret}"]
)
def test_who_does_not_know_the_url_learns_nothing(door: Door, path: str) -> None:
    answer = door.post(alert(), path.format(secret=door.secret))
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is nothing here")
    assert door.keys() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_looking_at_the_address_says_to_post_and_not_whether_the_secret_is_known(door: Door, method: str) -> None:
    answers = [
        door.client.request(method, path)
        for path in (f"/in/{door.secret}", "/in/nothing", f"/in/generic/{door.secret}", "/in/generic", "/in/a/b")
    ]
    first = answers[0]
    assert (first.status_code, first.headers["allow"]) == (405, "POST")
    assert first.headers["content-type"] == "application/problem+json"
    assert "POST" in first.json()["detail"]
    assert "alertmanager" in first.json()["detail"]
    assert {(each.status_code, each.content, each.headers["allow"]) for each in answers} == {
        (405, first.content, "POST")
    }


def test_the_sender_may_stand_in_the_path_and_the_secret_in_the_header(door: Door) -> None:
    assert door.post(alert("a"), f"/in/generic/{door.secret}").status_code == 202
    assert door.post(alert("b"), "/in/generic", headers={"Authorization": f"Bearer {door.secret}"}).status_code == 202
    assert door.post(alert("c"), "/in/generic").status_code == 404
    assert door.keys() == ["a", "b"]


def test_alertmanager_and_its_incidentio_receiver_come_in_by_one_integration(door: Door) -> None:
    command = CreateIntegration("prometheus", "alertmanager")
    _, secret = door.database.write(lambda c, now: create_integration(c, SYSTEM, command, now))
    message = {"version": "4", "alerts": [{"status": "firing", "fingerprint": "f1", "labels": {"alertname": "A"}}]}
    assert door.post(message, f"/in/{secret}").status_code == 202
    assert door.post(message, "/in/incidentio", headers={"Authorization": f"Bearer {secret}"}).status_code == 202
    assert door.keys() == ["f1"]


def test_what_is_too_large_is_refused_also_when_it_hides_its_length(door: Door) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 1000

    assert door.post(b" " * (LIMIT + 1)).status_code == 413
    assert door.client.post(f"/in/{door.secret}", content=pieces()).status_code == 413


def test_packed_bodies_are_read_and_bombs_refused(door: Door) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert door.post(gzip.compress(json.dumps(alert()).encode()), headers=packed).status_code == 202
    assert door.post(gzip.compress(b" " * 50_000_000), headers=packed).status_code == 413
    assert door.post(b"no gzip", headers=packed).status_code == 400
    assert door.post(b"x", headers={"Content-Encoding": "br"}).status_code == 415
    assert door.keys() == ["disk"]


def test_a_rotated_or_disabled_url_is_unknown_at_once(door: Door) -> None:
    assert door.post(alert()).status_code == 202
    new = door.database.write(lambda c, now: rotate_integration(c, SYSTEM, door.id, now))
    old, door.secret = door.secret, new
    _until(lambda: door.post(alert(), f"/in/{old}").status_code == 404)
    assert door.post(alert()).status_code == 202
    door.database.write(lambda c, now: disable_integration(c, SYSTEM, door.id, now))
    _until(lambda: door.post(alert()).status_code == 404)
    door.database.write(lambda c, now: enable_integration(c, SYSTEM, door.id, now))
    assert door.post(alert()).status_code == 202


def test_no_answer_comes_before_the_commit(door: Door) -> None:
    engine = create_engine(door.database.url.replace("postgresql://", "postgresql+psycopg://"))
    with ThreadPoolExecutor(1) as pool, engine.connect() as other:
        door.post(alert("before"))
        if is_postgresql(other):
            other.exec_driver_sql("LOCK TABLE bodies IN EXCLUSIVE MODE")
        else:
            other.connection.driver_connection.isolation_level = None  # type: ignore[union-attr]
            other.exec_driver_sql("BEGIN IMMEDIATE")
        answer = pool.submit(door.post, alert("held"))
        with pytest.raises(TooLong):
            answer.result(timeout=0.5)
        assert door.keys() == ["before"]
        other.exec_driver_sql("ROLLBACK")
        assert answer.result(timeout=20).status_code == 202
    engine.dispose()
    assert door.keys() == ["before", "held"]


def test_a_commit_that_fails_is_answered_503_and_nothing_of_it_is_kept(door: Door) -> None:
    # everything goes well until COMMIT itself, which a deferred constraint refuses
    door.do(
        "CREATE TABLE none (id INTEGER PRIMARY KEY);;"
        "CREATE TABLE refused (id INTEGER REFERENCES none(id) DEFERRABLE INITIALLY DEFERRED);;"
        "CREATE TRIGGER refuse AFTER INSERT ON bodies BEGIN INSERT INTO refused VALUES (1); END",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;;"
        "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON bodies DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    answer = door.post(alert())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert door.keys() == []
    door.do("DROP TRIGGER refuse", "DROP TRIGGER refuse ON bodies")
    assert door.post(alert()).status_code == 202
    assert door.keys() == ["disk"]


def test_a_full_disk_is_503_and_loud_and_intake_goes_on_when_there_is_room(door: Door) -> None:
    if door.database.is_postgresql:
        return  # no test can fill PostgreSQL's disk; the answer to its error class is the same
    door.do("PRAGMA max_page_count=1", "SELECT 1")
    refused = [door.post(alert(f"k{number}", description="x" * 15_000)) for number in range(40)]
    assert {answer.status_code for answer in refused} >= {503}
    lost = [f"k{number}" for number, answer in enumerate(refused) if answer.status_code != 202]
    assert not set(lost) & set(door.keys())
    door.do("PRAGMA max_page_count=1000000", "SELECT 1")
    assert door.post(alert("after")).status_code == 202


def test_one_signal_that_cannot_be_stored_never_poisons_its_neighbours(door: Door) -> None:
    door.do(
        "CREATE TRIGGER poison BEFORE INSERT ON alerts WHEN NEW.title = 'poison' "
        "BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.title = 'poison' THEN RAISE check_violation USING MESSAGE = 'poisoned'; END IF; RETURN NEW; END $$;;"
        "CREATE TRIGGER poison BEFORE INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION poison()",
    )
    many = [alert(f"k{number}", service=f"s{number % 3}") for number in range(20)]
    many[13]["title"] = "poison"
    answer = door.post({"alerts": many})
    assert answer.status_code == 202
    told = answer.json()
    assert told["accepted"] == 19
    assert [part["reason"] for part in told["set_aside"]] == ["it could not be stored: poisoned"]
    assert len(door.keys()) == 19
    assert sum(group.firing for group in door.database.read(lambda c: groups(c, SYSTEM))) == 19


def test_many_requests_at_once_are_each_kept_and_counted(door: Door) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: door.post(alert(f"k{number}")), range(80)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(door.keys()) == 80
    (view,) = door.database.read(lambda c: queries.integrations_now(c, DANA))
    assert (view.requests, view.signals, view.stale) == (80, 80, 0)


def test_what_was_set_aside_can_be_replayed_when_it_can_be_understood(door: Door) -> None:
    id = door.post({"alerts": [alert("a"), alert("b", status="odd")]}).json()["set_aside"][0]["id"]
    replayed = door.database.write(lambda c, now: replay_set_aside(c, DANA, id, fold_received, now))
    assert (replayed.signals, replayed.problems) == (0, ("alerts[0].status: invalid enum value 'odd'",))
    # the parser learns: here, the body is mended in its place
    door.do(*2 * ("UPDATE set_aside SET content = replace(content, 'odd', 'firing')",))
    replayed = door.database.write(lambda c, now: replay_set_aside(c, DANA, id, fold_received, now))
    assert (replayed.signals, replayed.problems) == (1, ())
    assert door.keys() == ["a", "b"]
    with pytest.raises(Conflict, match="replayed already by dana"):
        door.database.write(lambda c, now: replay_set_aside(c, DANA, id, fold_received, now))


def test_what_was_set_aside_can_be_discarded_and_stays_on_record(door: Door) -> None:
    door.post(b"not json")
    (view,) = door.database.read(lambda c: queries.set_aside_now(c, DANA))
    door.database.write(lambda c, now: discard_set_aside(c, DANA, view.id, now))
    assert door.database.read(queries.waiting_count) == 0
    (ended,) = door.database.read(lambda c: queries.set_aside_now(c, DANA, state="discarded"))
    assert (ended.content, ended.ended_by) == ("not json", "dana")


def test_bodies_are_kept_three_days(door: Door, clock: SimulatedClock) -> None:
    registry = Registry()
    handlers.register(registry)
    registry.task("look_at_group", lambda *_: None)
    loop = Loop(door.database, registry, clock, "test", lambda *_: None)
    body = json.dumps(alert()).encode()
    door.post(body)
    (row,) = door.database.read(lambda c: c.execute(select(bodies)).all())
    assert bodies_in(row.content, row._mapping["index"]) == [body]
    for _ in range(71):
        clock.advance(timedelta(hours=1))
        door.client.portal.call(loop.run_due)  # type: ignore[union-attr]
    assert _bodies(door) == 1
    for _ in range(2):
        clock.advance(timedelta(hours=1))
        door.client.portal.call(loop.run_due)  # type: ignore[union-attr]
    assert _bodies(door) == 0


def test_only_those_who_may_set_up_senders_see_the_secret(door: Door) -> None:
    manager = person("mara", "Mara", Right.MANAGER)
    assert door.database.read(lambda c: queries.secret_of(c, manager, door.id)) == door.secret
    with pytest.raises(Forbidden):
        door.database.read(lambda c: queries.secret_of(c, DANA, door.id))
    with pytest.raises(Forbidden):
        door.database.write(lambda c, now: create_integration(c, DANA, CreateIntegration("x"), now))
    with pytest.raises(Conflict):
        door.database.write(lambda c, now: create_integration(c, manager, CreateIntegration("first"), now))
    with pytest.raises(NotFound):
        door.database.write(lambda c, now: rotate_integration(c, manager, "nowhere", now))


def _bodies(door: Door) -> int:
    return door.database.read(lambda c: c.execute(select(func.count()).select_from(bodies)).scalar_one())


def _until(holds: Any) -> None:
    """NOTIFY travels on its own connection: what it tells is true a moment later."""
    for _ in range(2000):
        if holds():
            return
    raise AssertionError("it never came true")
