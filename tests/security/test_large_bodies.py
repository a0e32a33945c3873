"""No address reads a body without end: whether it says its length or comes in pieces."""

from collections.abc import Iterator

import pytest

from tests.security.world import World

MIB = 1 << 20


def endless() -> Iterator[bytes]:
    """Pieces of a body that says no length."""
    for _ in range(200):
        yield b"x" * MIB


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/incidents", "application/json"),
        ("/api/v1/organisation/plan", "application/json"),
        ("/incidents/new", "application/x-www-form-urlencoded"),
        ("/incidents/new", "multipart/form-data; boundary=b"),
    ],
)
def test_a_body_without_end_is_refused_before_it_fills_the_memory(world: World, path: str, kind: str) -> None:
    answer = world.session("mira").ask("POST", path, content=endless(), headers={"Content-Type": kind})
    assert answer.status_code == 413
    assert "16,777,216 bytes" in answer.text


def test_a_promised_length_over_the_limit_is_refused_unread(world: World) -> None:
    mira = world.session("mira")
    answer = mira.ask("POST", "/api/v1/incidents", content=b"{}", headers={"Content-Length": str(17 * MIB)})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"


def test_evidence_may_be_larger_than_all_else(world: World) -> None:
    mira = world.session("mira")
    big = {"Content-Length": str(30 * MIB), "Content-Type": "application/json"}
    assert mira.ask("POST", "/api/v1/incidents/1/evidence", content=b"{}", headers=big).status_code != 413
    big["Content-Length"] = str(36 * MIB)
    assert mira.ask("POST", "/api/v1/incidents/1/evidence", content=b"{}", headers=big).status_code == 413
