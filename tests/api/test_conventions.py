"""What holds for every route: who asks, errors with their field, keys, pages of a list, the description."""

from datetime import timedelta

from starlette.testclient import TestClient

from tests.api.conftest import token_for
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import Right
from tocsin.identity.sessions import session_of, start_session
from tocsin.store.database import Database

Headers = dict[str, str]


def test_nobody_is_told_to_sign_in(api: TestClient) -> None:
    answer = api.get("/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "/api/v1/problems/sign-in-needed"


def test_a_token_says_who_it_is(api: TestClient, dana: Headers) -> None:
    assert api.get("/me", headers=dana).json()["person"] == "dana"


def test_a_wrong_token_is_refused(api: TestClient) -> None:
    assert api.get("/me", headers={"Authorization": "Bearer toc_nothing"}).status_code == 401


def test_a_wrong_field_is_named(api: TestClient, dana: Headers) -> None:
    answer = api.post("/tokens", json={"name": "ci", "scopes": ["everything"]}, headers=dana)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "scopes"
    assert "freeze:read" in answer.json()["detail"]


def test_a_missing_and_an_unknown_field_are_both_named(api: TestClient, dana: Headers) -> None:
    problem = api.post("/tokens", json={"scopes": ["read"], "colour": "red"}, headers=dana).json()
    assert {mistake["field"]: mistake["message"] for mistake in problem["errors"]} == {
        "name": "is missing",
        "colour": "is not a field here",
    }


def test_a_body_that_is_no_json_is_unreadable(api: TestClient, dana: Headers) -> None:
    answer = api.post("/tokens", content=b'{"name":', headers={**dana, "Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/api/v1/problems/unreadable"
    assert [one["field"] for one in answer.json()["errors"]] == [""]


def test_an_unknown_route_is_a_problem_too(api: TestClient, dana: Headers) -> None:
    answer = api.get("/nonsense", headers=dana)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_responder_may_not_invite(api: TestClient, kofi: Headers) -> None:
    answer = api.post("/invitations", json={"person": "amara", "name": "Amara"}, headers=kofi)
    assert answer.status_code == 403
    assert "admin" in answer.json()["detail"]


def test_a_token_reaches_no_further_than_its_scopes(api: TestClient, database: Database) -> None:
    reader = token_for(database, "ida", Right.ADMIN, "read")
    assert api.get("/people", headers=reader).status_code == 200
    assert api.post("/invitations", json={"person": "amara", "name": "Amara"}, headers=reader).status_code == 403


def test_the_same_key_does_it_once_and_the_secret_is_told_once(api: TestClient, dana: Headers) -> None:
    headers = {**dana, "Idempotency-Key": "make-ci"}
    first = api.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=headers)
    second = api.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201), (first.text, second.text)
    assert second.headers["idempotent-replay"] == "true"
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["token"].startswith("toc_")
    assert second.json()["token"] is None
    names = [token["name"] for token in api.get("/tokens", headers=dana).json()["items"]]
    assert names.count("ci") == 1


def test_the_same_key_for_something_else_is_refused(api: TestClient, dana: Headers) -> None:
    headers = {**dana, "Idempotency-Key": "k"}
    api.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=headers)
    assert api.post("/tokens", json={"name": "cd", "scopes": ["read"]}, headers=headers).status_code == 409


def test_two_people_may_use_the_same_key(api: TestClient, dana: Headers, kofi: Headers) -> None:
    body = {"name": "ci", "scopes": ["read"]}
    assert api.post("/tokens", json=body, headers={**dana, "Idempotency-Key": "k"}).status_code == 201
    assert api.post("/tokens", json=body, headers={**kofi, "Idempotency-Key": "k"}).json()["token"]


def test_a_refused_command_leaves_its_key_free(api: TestClient, dana: Headers) -> None:
    headers = {**dana, "Idempotency-Key": "k"}
    assert api.post("/tokens", json={"name": "ci", "scopes": ["wrong"]}, headers=headers).status_code == 422
    assert api.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=headers).status_code == 201


def test_a_list_is_read_page_by_page_without_gap_or_double(api: TestClient, dana: Headers) -> None:
    for number in range(7):
        api.post("/tokens", json={"name": f"t{number}", "scopes": ["read"]}, headers=dana)
    seen, cursor = [], None
    while True:
        page = api.get("/audit", params={"limit": 3, **({"cursor": cursor} if cursor else {})}, headers=dana).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) >= 7
    assert seen == sorted(seen, reverse=True)


def test_a_made_up_cursor_is_named(api: TestClient, dana: Headers) -> None:
    answer = api.get("/audit?cursor=!!!", headers=dana)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_a_token_runs_out(api: TestClient, dana: Headers, clock: SimulatedClock) -> None:
    made = api.post("/tokens", json={"name": "ci", "scopes": ["read"], "expires_in": "1h30m"}, headers=dana).json()
    header = {"Authorization": f"Bearer {made['token']}"}
    assert api.get("/me", headers=header).status_code == 200
    clock.advance(timedelta(minutes=91))
    assert api.get("/me", headers=header).status_code == 401


def test_a_browser_s_session_may_read_and_writes_only_with_its_csrf_token(
    api: TestClient, database: Database, dana: Headers
) -> None:
    secret = database.write(lambda c, now: start_session(c, "dana", now))
    csrf = database.read(lambda c: session_of(c, secret, database.clock.now()).csrf)
    cookie = {"Cookie": f"tocsin_session={secret}"}
    body = {"name": "ci", "scopes": ["read"]}
    assert api.get("/me", headers=cookie).json()["kind"] == "person"
    assert api.post("/tokens", json=body, headers=cookie).status_code == 403
    assert api.post("/tokens", json=body, headers={**cookie, "X-CSRF-Token": "wrong"}).status_code == 403
    assert api.post("/tokens", json=body, headers={**cookie, "X-CSRF-Token": csrf}).status_code == 201


def test_answers_are_for_programs_and_stay_in_no_cache(api: TestClient, dana: Headers) -> None:
    headers = api.get("/me", headers=dana).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_what_no_database_can_hold_is_refused_at_the_door(api: TestClient, dana: Headers) -> None:
    body = '{"name": "a\\u0000b", "scopes": ["read"]}'
    answer = api.post("/tokens", content=body, headers={**dana, "Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "name"
    assert api.get("/people/a%00b", headers=dana).status_code == 404
    innocent = '{"name": "a backslash: \\\\u0000", "scopes": ["read"]}'
    assert (
        api.post("/tokens", content=innocent, headers={**dana, "Content-Type": "application/json"}).status_code == 201
    )


def test_instants_are_answered_in_utc_with_a_z(api: TestClient, dana: Headers) -> None:
    assert api.get("/people/dana", headers=dana).json()["created_at"].endswith("Z")


def test_the_description_names_every_route_and_needs_nothing_from_elsewhere(api: TestClient) -> None:
    described = api.get("/openapi.json").json()
    page = api.get("/docs").text
    assert described["openapi"].startswith("3.")
    for path in described["paths"]:
        assert path in page
    assert "//" not in page.replace("http://", "").split("<h1>")[0]
