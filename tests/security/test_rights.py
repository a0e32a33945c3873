"""What a user may do is decided by the use case: the API, asked by everybody who may not, and every form of the web."""

import re
from collections.abc import Iterator
from itertools import product

import pytest

from tests.security.restricted import Secret
from tests.security.test_restricted import BODIES, api_paths, filled
from tests.security.world import Visitor, World
from tocsin.identity.actor import Right
from tocsin.web.forms.registry import FORMS
from tocsin.web.pages.registry import SCREENS

WRITES = ("post", "put", "patch", "delete")
HARMLESS = frozenset(
    {
        "/runbook/check",
        "/runbook/explain",
        "/runbook/simulate",
        "/organisation/plan",
        "/schedules/{schedule}/preview",
    }
)
"""Read a text that they are given, and change nothing."""
OWN = frozenset(
    {
        "/tokens", "/tokens/{token}", "/people/{person}/methods", "/people/{person}/rules",
        "/oncall/feeds", "/oncall/feeds/{feed}",
    }
) | {
    f"/methods/{{method}}{end}" for end in ("", "/code", "/verify", "/test")
}  # fmt: skip
"""What a viewer does for themselves: tokens with no more than they may, how to reach them, their own calendars."""
OTHERS: dict[str, dict[str, object]] = {
    "/incidents": {"title": "x", "severity": 3}, "/changes": {"service": "ledger", "summary": "x"},
    "/pages": {"to": "kofi", "text": "x"}, "/pages/{page}/snooze": {"for": "5m"}, "/pages/{page}/notes": {"text": "x"},
    "/pages/{page}/escalate": {}, "/pages/{page}/end": {"reason": "x"}, "/groups/{group}/snooze": {"for": "5m"},
    "/groups/{group}/resolve": {},
    "/silences": {"match": {"a": "b"}, "for": "5m", "reason": "x"}, "/integrations": {"name": "x"},
    "/silences/{silence}": {"for": "5m"},
    "/organisation/apply": {"files": []}, "/organisation/plan": {"files": []}, "/invitations": {"person": "x", "name": "X"},
    "/overrides": {
        "schedule": "checkout", "person": "dana",
        "starts_at": "2026-11-20T00:00:00Z", "ends_at": "2026-11-21T00:00:00Z",
    },
    "/schedules/{schedule}": {"name": "Checkout"}, "/schedules/{schedule}/preview": {"name": "Checkout"},
    "/schedules/{schedule}/calendar/fetch": {}, "/pages/acknowledge": {"pages": ["x"]},
    "/oncall/shadows": {"schedule": "checkout", "person": "kofi", "ends_at": "2099-01-01T00:00:00Z"},
    "/pages/{page}/reassign": {"to": "kofi"},
    "/pages/{page}/responders": {"to": ["kofi"]}, "/pages/{page}/decline": {},
    "/oncall/swaps": {
        "schedule": "checkout", "to": "kofi",
        "starts_at": "2026-11-20T00:00:00Z", "ends_at": "2026-11-21T00:00:00Z",
    },
    "/oncall/leaves": {"starts_at": "2026-11-20T00:00:00Z", "ends_at": "2026-11-21T00:00:00Z"},
    "/people/{person}": {"right": "admin"}, "/people/{person}/methods": {"kind": "email", "target": "x@example.com"},
    "/tokens": {"name": "x", "scopes": ["read"]}, "/followups/{followup}": {"state": "done"},
    "/schedules/{schedule}/handover/notes": {"text": "x"},
    "/oncall/feeds": {"kind": "gaps"}, "/heartbeats": {"name": "x", "every": "5m"}, "/route/test": {"payload": "{}"},
    "/methods/{method}/verify": {"code": "x"}, "/people/{person}/rules": {"rules": []},
}  # fmt: skip


@pytest.fixture(scope="module")
def night(world: World, secret: Secret) -> Iterator[Secret]:
    """Something to be written to; nobody's secret as long as these tests run."""
    dana, at = world.session("dana"), f"/incidents/{secret.number}/restricted"
    dana.call("POST", at, {"restricted": False, "reason": "x"})
    yield secret
    dana.call("POST", at, {"restricted": True, "reason": "x"})


def writes(world: World, night: Secret) -> list[tuple[str, str, str, dict[str, object]]]:
    """Every route that writes: (method, route, path, a body of the right shape)."""
    found = []
    for method in WRITES:
        for route in api_paths(world, method):
            body = BODIES.get(route.split("{number}")[1], {}) if "{number}" in route else OTHERS.get(route, {})
            found.append((method.upper(), route, next(filled(route, night)), body))
    assert len(found) > 70
    return found


def test_a_viewer_changes_nothing(world: World, night: Secret) -> None:
    vera = world.session("vera")
    answered = {}
    for method, route, path, body in writes(world, night):
        if route in HARMLESS | OWN:
            continue
        answered[method, path] = vera.api(method, path, body)
    wrong = {place: answer.text[:300] for place, answer in answered.items() if answer.status_code not in (403, 404)}
    assert not wrong
    assert sum(answer.status_code == 403 for answer in answered.values()) > 55, "most are forbidden, not merely absent"


def test_a_token_that_only_reads_changes_not_even_ones_own(world: World, night: Secret) -> None:
    kofi, reads = world.session("kofi"), world.token("kofi", "read")
    method = kofi.call("POST", "/people/kofi/methods", {"kind": "webhook", "target": "https://k.example/hook"})["id"]
    token = kofi.call("POST", "/tokens", {"name": "mine", "scopes": ["read"]})["id"]
    for verb, path, body in (
        ("POST", "/people/kofi/methods", {"kind": "webhook", "target": "https://x.example/hook"}),
        ("DELETE", f"/methods/{method}", None), ("POST", f"/methods/{method}/code", None), ("DELETE", f"/tokens/{token}", None),
        ("POST", "/tokens", {"name": "more", "scopes": ["read"]}),
    ):  # fmt: skip
        assert reads.api(verb, path, body).status_code == 403, path
    grown = world.token("kofi", "respond").call("POST", "/tokens", {"name": "more", "scopes": ["admin"]})
    more = Visitor("grown", world.client, {"Authorization": f"Bearer {grown['token']}"})
    assert more.call("GET", "/me")["right"] == "responder"


def test_a_viewer_gives_a_method_to_nobody_else(world: World, night: Secret) -> None:
    answer = world.session("vera").api("POST", "/people/dana/methods", OTHERS["/people/{person}/methods"])
    assert answer.status_code == 403


@pytest.mark.parametrize("scopes", [("read",), ("freeze:read",), ("changes:write",)])
def test_a_token_reaches_no_further_than_its_scopes(world: World, night: Secret, scopes: tuple[str, ...]) -> None:
    wrong = []
    for owner in ("mira", None):
        token = world.token(owner, *scopes)
        for method, route, path, body in writes(world, night):
            if (route == "/changes" and scopes == ("changes:write",)) or (route in HARMLESS and scopes == ("read",)):
                assert token.api(method, path, body).status_code < 300
                continue
            answer = token.api(method, path, body)
            if answer.status_code not in (403, 404):
                wrong.append((owner, method, route, answer.status_code, answer.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("scope", ["freeze:read", "changes:write"])
def test_a_narrow_token_reads_nothing_but_its_own(world: World, night: Secret, scope: str) -> None:
    wrong = []
    for owner in ("mira", None):
        token = world.token(owner, scope)
        for route in api_paths(world, "get"):
            if route in ("/me", "/status", "/organisation/schema") or (route == "/freeze" and scope == "freeze:read"):
                continue
            answer = token.api("GET", next(filled(route, night)) + ("?service=ledger" if route == "/freeze" else ""))
            if answer.status_code not in (403, 404):
                wrong.append((owner, route, answer.status_code, answer.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert world.token(None, "freeze:read").api("GET", "/freeze?service=ledger").status_code == 200


def test_nobody_is_asked_to_sign_in(world: World, night: Secret) -> None:
    nobody = world.nobody()
    wrong = []
    for method, route, path, body in writes(world, night):
        if nobody.api(method, path, body).status_code != 401:
            wrong.append((method, route))
    for route in api_paths(world, "get"):
        open_to_all = route in ("/status", "/organisation/schema")
        if not open_to_all and nobody.api("GET", next(filled(route, night))).status_code != 401:
            wrong.append(("GET", route))
    assert not wrong


def test_a_browsers_write_to_the_api_needs_its_token(world: World, night: Secret) -> None:
    dana = world.session("dana")
    for csrf in ("", "guessed", world.session("dana").csrf):
        answer = dana.ask(
            "POST", f"/api/v1/incidents/{night.number}/notes", json={"text": "forged"}, headers={"X-CSRF-Token": csrf}
        )
        assert answer.status_code == 403


def test_no_form_is_taken_without_its_token(world: World, night: Secret) -> None:
    mira = world.session("mira")
    other = world.session("dana").csrf
    wrong = []
    for form, csrf in product(FORMS, ("", "guessed", other)):
        answer = mira.ask("POST", next(filled(form.path, night)), data={"csrf": csrf, "text": "forged"})
        if answer.status_code != 403:
            wrong.append((form.path, csrf, answer.status_code))
    assert not wrong


def test_a_viewer_sends_no_form(world: World, night: Secret) -> None:
    vera = world.session("vera")
    wrong = []
    for form in FORMS:
        path = next(filled(form.path, night))
        if form.right > Right.VIEWER:
            if vera.send(path, text="x").status_code != 403:
                wrong.append(("POST", path))
            if form.show and vera.ask("GET", path).status_code != 403:
                wrong.append(("GET", path))
    assert not wrong


def test_a_viewer_sees_no_button_that_is_not_theirs(world: World, night: Secret) -> None:
    vera = world.session("vera")
    forms = [(re.sub(r"\{\w+(:\w+)?\}", r"[^/\"?]+", form.path), form.right) for form in FORMS]
    wrong = []
    for screen in SCREENS:
        for place in filled(screen.path, night):
            answer = vera.ask("GET", place)
            for target in re.findall(r'(?:action|href)="([^"#?]+)', answer.text):
                for pattern, right in forms:
                    if right > Right.VIEWER and re.fullmatch(pattern, target):
                        wrong.append((place, target))
    assert not wrong, sorted(set(wrong))


def test_nothing_came_of_all_these_attempts(world: World, night: Secret) -> None:
    dana = world.session("dana")
    told = dana.ask("GET", f"/api/v1/incidents/{night.number}/timeline?limit=200").text
    assert "forged" not in told
    assert not {"vera", "mira"} & {
        entry["actor"]["person"] for entry in dana.call("GET", f"/incidents/{night.number}/timeline?limit=200")["items"]
    }
    people = {each["id"]: each["right"] for each in world.session("mira").call("GET", "/people?limit=200")["items"]}
    assert people["vera"] == "viewer"
