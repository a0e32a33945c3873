"""Times so far away that no calendar reckons with them are refused in words, wherever one is asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import token_for
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.store.database import Database
from tocsin.web.instants import parse_instant
from tocsin.web.reading.calendar import asked_week, monday

FAR = ("0001-01-01T00:00:00Z", "1970-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
EDGES = ("1971-01-01T00:00:00Z", "2200-12-31T23:59:59.999999Z")
NEAR = "2026-11-20T12:00:00Z"


def asked_for_times(api: TestClient) -> Iterator[tuple[str, str]]:
    """Every query parameter that is an instant, with its address."""
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            shapes = parameter.get("schema", {})
            if any(each.get("format") == "date-time" for each in (shapes, *shapes.get("anyOf", ()))):
                yield path.removeprefix("/api/v1"), parameter["name"]


def test_every_question_about_a_far_time_is_answered_or_refused_with_its_field(
    organisation: None, database: Database, api: TestClient
) -> None:
    headers = token_for(database, "dana", Right.ADMIN)
    asked = list(asked_for_times(api))
    assert len(asked) >= 8
    for path, name in asked:
        address = path.replace("{schedule_id}", "checkout").replace("{schedule}", "checkout")
        needed = {"schedule": "checkout"} if path.endswith("/free") else {}
        for at in FAR:
            answer = api.get(address, params={**needed, name: at}, headers=headers)
            assert answer.status_code in (404, 422), (path, name, at, answer.text)
            if answer.status_code == 422 and "errors" in answer.json():
                assert name in {one["field"] for one in answer.json()["errors"]}
        for at in EDGES:
            assert api.get(address, params={**needed, name: at}, headers=headers).status_code < 500, (path, name, at)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/overrides", {"schedule": "checkout", "person": "kofi", "starts_at": NEAR, "ends_at": FAR[3]}),
        ("/oncall/leaves", {"starts_at": NEAR, "ends_at": FAR[3]}),
        ("/oncall/leaves", {"starts_at": EDGES[1], "ends_at": EDGES[1]}),
        ("/oncall/shadows", {"schedule": "checkout", "starts_at": FAR[3], "ends_at": FAR[3]}),
        ("/silences", {"match": {"job": "x"}, "reason": "x", "until": FAR[3]}),
        ("/silences", {"match": {"job": "x"}, "reason": "x", "for": "999999w"}),
        ("/silences", {"match": {"job": "x"}, "reason": "x", "for": "P999999W"}),
        ("/route/test", {"payload": "{}", "sender": "generic", "at": FAR[3]}),
        ("/policies/checkout/simulate", {"at": FAR[3]}),
    ],
)
def test_what_is_to_hold_at_a_far_time_is_refused(
    organisation: None, database: Database, api: TestClient, path: str, body: dict[str, Any]
) -> None:
    answer = api.post(path, json=body, headers=token_for(database, "dana", Right.ADMIN))
    assert answer.status_code in (404, 405, 422), answer.text
    assert answer.status_code == 422 or "simulate" in path


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01T00:00:00+14:00", "2201-01-01 00:00"])
def test_what_people_write_is_held_to_the_same_years(text: str, clock: Any) -> None:
    with pytest.raises(Invalid, match="1971 to 2200") as refused:
        parse_instant(text, clock.now(), "at")
    assert [one.field for one in refused.value.mistakes] == ["at"]


def test_a_far_week_of_the_calendar_is_the_present_one(clock: Any) -> None:
    now = clock.now()
    assert [asked_week(text, now) for text in ("9999-12-27", "0001-01-01", "2201-01-05", "")] == [monday(now)] * 4
    assert asked_week("2026-12-02", now).date().isoformat() == "2026-11-30"
