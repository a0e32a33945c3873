"""What was told while the server was away arrives later: in order, once, and nothing is dropped silently."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cli.errors import Away, Refused
from tocsin.cli.offline.spool import Spool, Told

HERE = "http://tocsin.example"


class Server:
    """Keeps what it is told as the real one does: one effect for each command id, however often it is sent."""

    def __init__(self) -> None:
        self.away = False
        self.lose_answers = False
        self.refusing: set[str] = set()
        self.done: dict[str, tuple[str, dict[str, Any]]] = {}
        self.requests = 0

    def post(self, path: str, body: dict[str, Any], command_id: str) -> dict[str, Any]:
        self.requests += 1
        if self.away:
            raise Away("connection refused")
        if path in self.refusing:
            raise Refused("INC-147 is closed")
        self.done.setdefault(command_id, (path, body))
        if self.lose_answers:
            raise Away("the answer was lost")
        return {"id": f"d-{list(self.done).index(command_id)}"}

    def paths(self) -> list[str]:
        return [path for path, _ in self.done.values()]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def test_nothing_is_lost_while_the_server_is_away_and_all_arrives_in_order(spool: Spool) -> None:
    server = Server()
    server.away = True
    for number in range(5):
        spool.keep(Told(f"/notes/{number}", {}))
    assert spool.hand_over(server.post, HERE).waiting == 5
    assert server.requests == 1
    server.away = False
    assert len(spool.hand_over(server.post, HERE).sent) == 5
    assert server.paths() == [f"/notes/{number}" for number in range(5)]
    assert spool.is_empty()


def test_a_lost_answer_does_not_do_it_twice(spool: Spool) -> None:
    server = Server()
    server.lose_answers = True
    spool.keep(Told("/notes", {"text": "db is slow"}))
    spool.hand_over(server.post, HERE)
    server.lose_answers = False
    spool.hand_over(server.post, HERE)
    spool.hand_over(server.post, HERE)
    assert server.requests == 2
    assert len(server.done) == 1


@settings(max_examples=60)
@given(weather=st.lists(st.sampled_from(["away", "lost", "fine", "tell"]), max_size=25))
def test_in_any_weather_each_is_done_once_and_in_order(
    weather: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool"))
    server = Server()
    told = 0
    for hour in [*weather, "fine"]:
        if hour == "tell":
            spool.keep(Told(f"/notes/{told}", {}))
            told += 1
            continue
        server.away, server.lose_answers = hour == "away", hour == "lost"
        spool.hand_over(server.post, HERE)
    assert server.paths() == [f"/notes/{number}" for number in range(told)]
    assert spool.is_empty()


def test_what_the_server_refuses_is_kept_aside_with_its_reason_and_the_rest_goes_on(spool: Spool) -> None:
    server = Server()
    server.refusing = {"/a"}
    spool.keep(Told("/a", {"text": "kept"}))
    spool.keep(Told("/b", {}))
    outcome = spool.hand_over(server.post, HERE)
    assert server.paths() == ["/b"]
    assert outcome.refused[0][1] == "INC-147 is closed"
    (aside,) = spool.refused()
    assert aside["body"] == {"text": "kept"}
    assert aside["refused_because"] == "INC-147 is closed"


def test_a_result_goes_to_the_decision_that_its_opening_was_given(spool: Spool) -> None:
    server = Server()
    server.away = True
    opening = spool.keep(Told("/decisions", {}))
    spool.keep(Told("/decisions/{answer}/result", {"actual": "back to 0.2%"}, answer_of=opening.command_id))
    spool.hand_over(server.post, HERE)
    server.away = False
    spool.hand_over(server.post, HERE)
    assert server.paths() == ["/decisions", "/decisions/d-0/result"]


def test_a_result_finds_its_decision_also_when_that_was_handed_over_long_before(spool: Spool) -> None:
    server = Server()
    opening = spool.keep(Told("/decisions", {}))
    spool.hand_over(server.post, HERE)
    spool.keep(Told("/decisions/{answer}/result", {}, answer_of=opening.command_id))
    spool.hand_over(server.post, HERE)
    assert server.paths() == ["/decisions", "/decisions/d-0/result"]


def test_a_result_whose_decision_was_refused_is_kept_aside_too(spool: Spool) -> None:
    server = Server()
    server.refusing = {"/decisions"}
    opening = spool.keep(Told("/decisions", {}))
    spool.keep(Told("/decisions/{answer}/result", {}, answer_of=opening.command_id))
    assert len(spool.hand_over(server.post, HERE).refused) == 2
    assert len(spool.refused()) == 2


def test_what_knows_no_incident_waits_until_someone_says_which(spool: Spool) -> None:
    server = Server()
    spool.keep(Told("/incidents/{incident}/notes", {}))
    assert spool.hand_over(server.post, HERE).without_incident == 1
    assert spool.attach("147") == 1
    spool.hand_over(server.post, HERE)
    assert server.paths() == ["/incidents/147/notes"]


def test_the_only_open_incident_is_taken_when_none_was_said(spool: Spool) -> None:
    server = Server()
    spool.keep(Told("/incidents/{incident}/notes", {}))
    spool.hand_over(server.post, HERE, only_incident=lambda: "148")
    assert server.paths() == ["/incidents/148/notes"]


def test_what_was_told_to_one_server_is_not_handed_to_another(spool: Spool) -> None:
    server = Server()
    spool.keep(Told("/notes", {}, server="http://other.example"))
    assert spool.hand_over(server.post, HERE).waiting == 1
    assert server.requests == 0


def test_the_files_are_private_and_whole(spool: Spool) -> None:
    told = spool.keep(Told("/notes", {"text": "ü"}))
    (path,) = spool.directory.glob("*.json")
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_bytes())["command_id"] == told.command_id
