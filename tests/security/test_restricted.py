"""A restricted incident is seen by its members alone: on every face, in every list and every count."""

import asyncio
import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.security.restricted import WORD, Secret
from tests.security.world import Visitor, World
from tocsin.identity.keys import keys_of
from tocsin.paging.links import make_token
from tocsin.web.forms.registry import FORMS
from tocsin.web.pages.registry import SCREENS

ASKED_WITH = {
    "/incidents": ("?state=all", f"?state=all&q={WORD}", "?state=all&q=INC-2"),
    "/alerts": ("", f"?label=what={WORD}-alert", "?group={group}"),
    "/groups": ("?state=all", "?state=all&service=checkout-api"),
    "/pages": ("?state=all", "?state=all&person=dana", "?state=all&incident={number}"),
    "/freeze": ("?service=checkout-api", "?service=checkout-api&change=fix-1", "?service=checkout-api&change=c1"),
    "/followups": ("", "?state=all", "?owner=dana"),
    "/changes": ("", "?service=checkout-api"),
    "/audit": ("?limit=200",),
    "/postmortems": ("", "?state=draft"),
}


def outsiders(world: World) -> list[Visitor]:
    """Everybody who is no member."""
    return [
        world.session("kofi"), world.session("mira"), world.token(None, "admin"), world.nobody(),
    ]  # fmt: skip


def values_for(secret: Secret) -> dict[str, list[str]]:
    """What stands for each name in a path, as somebody would know it who was a member once."""
    one = secret.ids
    return {
        "number": [str(secret.number)], "evidence_id": [one["evidence"]], "evidence": [one["evidence"]],
        "alert": [one["alert"]], "group": [one["group"]], "page": one["pages"].split(), "person": ["dana", "kofi"],
        "service": ["checkout-api"], "schedule": ["checkout"], "item": ["x"], "decision": [one["decision"]],
        "update": [one["update"]], "question": ["vendor"], "engagement": ["1"], "check": [one["check"]],
        "followup": [one["followup"]], "method": ["x"], "override": ["x"], "silence": ["x"], "integration": [one["integration"]],
        "token": ["x"], "id": ["x"], "method_id": ["x"], "section": ["summary"], "secret": ["x"],
    }  # fmt: skip


def filled(path: str, secret: Secret) -> Iterator[str]:
    """The path with every known id in it."""
    names = re.findall(r"\{(\w+)(?::\w+)?\}", path)
    known = values_for(secret)
    for chosen in product(*(known.get(name, ["x"]) for name in names)):
        done = path
        for name, value in zip(names, chosen, strict=True):
            done = re.sub(rf"\{{{name}(?::\w+)?\}}", value, done)
        yield done


def api_paths(world: World, method: str) -> list[str]:
    """Every route of the API that takes this method, as OpenAPI lists them."""
    told = world.client.get("/api/v1/openapi.json").json()
    return [path for path, methods in told["paths"].items() if method in methods]


def crawl(world: World, secret: Secret) -> Iterator[str]:
    """Every address that can be asked with GET."""
    for path in api_paths(world, "get"):
        for place in filled(path, secret):
            for query in ("", *ASKED_WITH.get(path, ())):
                yield "/api/v1" + place + query.format(number=secret.number, **secret.ids)
    for screen in SCREENS:
        yield from filled(screen.path, secret)
    for form in FORMS:
        if form.show:
            yield from filled(form.path, secret)
    yield from (
        "/alerts?tab=history",
        f"/incidents?q={WORD}",
        "/incidents?state=all",
        "/incidents?state=closed",
        "/oncall?days=14",
    )
    yield from (
        f"/incidents/new?group={secret.ids['group']}",
        "/status",
        "/status.json",
        "/status/feed.xml",
        "/metrics",
        "/readyz",
    )
    yield from ("/api/v1/openapi.json", "/api/v1/docs", "/sign-in")


def test_the_night_is_there_for_its_member(world: World, secret: Secret) -> None:
    dana = world.session("dana")
    for place in (f"/incidents/{secret.number}", "/", "/incidents", f"/postmortems/{secret.number}", "/alerts"):
        assert WORD in dana.ask("GET", place).text, place
    for place in (
        "/incidents",
        f"/incidents/{secret.number}/timeline",
        "/followups",
        "/freezes",
        f"/integrations/{secret.ids['integration']}/payloads",
        "/groups?state=all",
        "/pages?state=all",
    ):
        assert WORD in dana.api("GET", place).text, place
    assert f"{WORD}-bytes" in dana.api("GET", f"/incidents/{secret.number}/evidence/{secret.ids['evidence']}").text
    assert WORD in world.token("dana", "read").api("GET", "/incidents").text


def test_no_address_tells_an_outsider_anything(world: World, secret: Secret) -> None:
    told: dict[str, list[str]] = {}
    places = list(dict.fromkeys(crawl(world, secret)))
    assert len(places) > 100
    for visitor, place in product(outsiders(world), places):
        if place.startswith("/api/") or not visitor.headers.get("Authorization"):
            answer = visitor.ask("GET", place)
            assert answer.status_code < 500, (visitor.name, place, answer.text[:500])
            said = answer.text + json.dumps(dict(answer.headers))
            for asked in (place, place.replace("/", "%2F")):
                said = said.replace(asked, "")  # what was asked for may be said back
            said = said.replace(f"{WORD}&", "").replace(f'value="{WORD}"', "").replace(f"“{WORD}”", "")
            if found := secret.told_in(said):
                told.setdefault(f"{visitor.name}: {place} ({answer.status_code})", []).extend(found)
    assert not told, "\n".join(f"{place} tells {found[:6]}" for place, found in sorted(told.items()))


def test_what_is_hidden_is_answered_like_what_is_not_there(world: World, secret: Secret) -> None:
    missing = 9_999_999
    wrong = []
    for visitor in (world.token("kofi", "respond"), world.token(None, "admin")):
        for method in ("get", "post", "put", "patch", "delete"):
            for path in api_paths(world, method):
                if "{number}" not in path:
                    continue
                for place in filled(path, secret):
                    other = place.replace(f"/incidents/{secret.number}", f"/incidents/{missing}")
                    body = None if method == "get" else BODIES.get(path.split("{number}")[1], {})
                    hidden, absent = (visitor.api(method.upper(), at, body) for at in (place, other))
                    same = (hidden.status_code, hidden.text.replace(str(secret.number), "N")) == (
                        absent.status_code, absent.text.replace(str(missing), "N").replace(str(secret.number), "N"),
                    )  # fmt: skip
                    if not same or hidden.status_code not in (403, 404, 422):
                        wrong.append(
                            (visitor.name, method, place, hidden.status_code, hidden.text[:200], absent.text[:200])
                        )
    assert not wrong, "\n".join(map(str, wrong))


def test_forms_on_a_hidden_incident_find_nothing(world: World, secret: Secret) -> None:
    kofi, mira = world.session("kofi"), world.session("mira")
    wrong = []
    for visitor, form in product((kofi, mira), FORMS):
        if "{number" not in form.path:
            continue
        place = next(filled(form.path, secret))
        fields = dict.fromkeys(("text", "title", "reason", "known", "doing", "next", "command", "expected"), "x")
        hidden = visitor.send(place, **{k: f"{v}{place}" if k == "command" else v for k, v in fields.items()})
        if hidden.status_code == 404 or (hidden.status_code == 403 and form.right > 2 and visitor is kofi):
            continue
        if secret.told_in(hidden.text.replace(place, "")) or hidden.status_code not in (422, 303):
            wrong.append((visitor.name, place, hidden.status_code))
    assert not wrong, wrong


def test_nothing_was_written_by_all_this(world: World, secret: Secret) -> None:
    people = {
        entry["actor"]["person"]
        for entry in world.session("dana").call("GET", f"/incidents/{secret.number}/timeline?limit=200")["items"]
    }
    assert people <= {"dana", None}


def test_a_pipeline_hears_that_it_is_held_and_nothing_more(world: World, secret: Secret) -> None:
    pipeline = world.token(None, "freeze:read")
    told = pipeline.call("GET", "/freeze?service=checkout-api")
    assert told["held"] and told["incident"] is None
    assert not secret.told_in(json.dumps(told))
    assert not pipeline.call("GET", "/freeze?service=ledger")["held"]


def test_counts_leave_it_out(world: World, secret: Secret) -> None:
    for visitor in (world.session("kofi"), world.session("mira")):
        assert len(visitor.call("GET", "/incidents?state=all")["items"]) == 2
        overview = visitor.ask("GET", "/").text
        assert "Sev1" not in overview
        assert "Deploys are held" not in overview
    assert len(world.session("dana").call("GET", "/incidents?state=all")["items"]) == 4


def test_who_was_paged_sees_next_to_nothing(world: World, secret: Secret) -> None:
    page = secret.ids["page"]
    token = world.database.read(lambda c: make_token(keys_of(c), page, "kofi"))
    shown = world.nobody().ask("GET", f"/p/{token}")
    assert shown.status_code == 200
    assert "restricted" in shown.text
    assert not secret.told_in(shown.text)
    kofi = world.session("kofi")
    listed = kofi.call("GET", "/pages")["items"]
    mine = next(each for each in listed if each["id"] == page)
    assert mine["hidden"]
    assert not secret.told_in(json.dumps(mine))
    for what in ("declare", "not-an-incident", "over"):
        answer = world.nobody().ask("POST", f"/p/{token}", data={"do": what, "severity": "1"})
        assert not secret.told_in(answer.text), what


def test_a_link_about_its_alerts_tells_nothing_and_declares_nothing(world: World, secret: Secret) -> None:
    for page in secret.ids["pages"].split():
        token = world.database.read(lambda c, page=page: make_token(keys_of(c), page, "kofi"))
        for answer in (
            world.nobody().ask("GET", f"/p/{token}"),
            world.nobody().ask("POST", f"/p/{token}", data={"do": "declare", "severity": "1"}),
            world.nobody().ask("POST", f"/p/{token}", data={"do": "over"}),
        ):
            assert not secret.told_in(answer.text)
            assert answer.status_code != 303


def test_a_live_page_tells_an_outsider_nothing(world: World, secret: Secret) -> None:
    dana = world.session("dana")

    def change() -> None:
        dana.call("POST", f"/incidents/{secret.number}/notes", {"text": f"{WORD}-live"})

    for visitor in (world.session("kofi"), world.session("mira")):
        for place in ("/", "/incidents", "/alerts", "bell", f"/pages/{secret.ids['page']}"):
            status, heard = listen(world, visitor, place, change)
            assert status == 200 or place.startswith("/pages"), place
            assert not secret.told_in(heard), place
        assert listen(world, visitor, f"/incidents/{secret.number}", change)[0] == 401
    assert f"{WORD}-live" in listen(world, dana, f"/incidents/{secret.number}", change)[1]
    assert listen(world, world.nobody(), "/", change)[0] == 401


def test_who_was_a_member_gets_no_old_answer_again(world: World, secret: Secret) -> None:
    dana, kofi = world.session("dana"), world.session("kofi")
    at = f"/incidents/{secret.number}"
    dana.call("POST", f"{at}/members", {"person": "kofi", "member": True})
    note = {"text": f"{WORD}-of-kofi"}
    first = kofi.api("POST", f"{at}/notes", note, headers={"Idempotency-Key": "k-1"})
    assert first.status_code == 201
    dana.call("POST", f"{at}/members", {"person": "kofi", "member": False})
    again = kofi.api("POST", f"{at}/notes", note, headers={"Idempotency-Key": "k-1"})
    assert again.status_code == 404, again.text
    assert not secret.told_in(again.text.replace(at, ""))


def listen(world: World, visitor: Visitor, place: str, change: Any) -> tuple[int, str]:
    """What a stream of live parts says at first and after a change: (status, everything heard)."""
    portal = world.client.portal
    assert portal is not None
    heard: list[str] = []
    status: list[int] = []
    scope = {
        "type": "http", "method": "GET", "path": "/live", "raw_path": b"/live", "query_string": f"page={place}".encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in visitor.headers.items()],
        "scheme": "http", "server": ("tocsin.example", 80), "client": ("127.0.0.1", 1), "root_path": "", "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
    }  # fmt: skip

    async def run() -> None:
        over = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            else:
                heard.append(message.get("body", b"").decode())

        stream = asyncio.create_task(world.client.app(scope, receive, send))  # type: ignore[arg-type]
        for _ in range(200):
            if len(heard) > 2 or stream.done():
                break
            await asyncio.sleep(0.005)
        if not stream.done():
            await asyncio.to_thread(change)
            await asyncio.sleep(0.25)
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)

    portal.call(run)
    return (status or [0])[0], "".join(heard).replace("\\/", "/").encode().decode("unicode_escape", "replace")


BODIES: dict[str, dict[str, Any]] = {
    "/title": {"title": "x"}, "/severity": {"severity": 1, "reason": "x"}, "/phase": {"phase": "resolved", "reason": "x"},
    "/gates/override": {"phase": "resolved", "reason": "x"}, "/roles": {"role": "commander"},
    "/roles/release": {"role": "commander"}, "/roles/handover": {"role": "commander", "to": "kofi"},
    "/roles/accept": {"role": "commander"}, "/roles/decline": {"role": "commander"}, "/deputy": {"person": "kofi"},
    "/notes": {"text": "x"}, "/corrections": {"corrects": 1, "text": "x"}, "/checklist": {"step": "x"},
    "/groups": {"group": "x"}, "/merge": {"into": 1}, "/cancel": {"reason": "x"}, "/runbook": {},
    "/restricted": {"restricted": False, "reason": "x"}, "/members": {"person": "kofi"}, "/redactions": {"entry": 1},
    "/symptoms": {"text": "x"}, "/impact": {"customers": "x"}, "/links": {"url": "https://example.com/"},
    "/suspects": {"change_id": "c1", "suspect": True}, "/evidence": {"title": "x", "text": "x"},
    "/decisions": {"command": "x", "expected": "x", "by": "5m"},
    "/decisions/{decision}/output": {"exit_code": 0}, "/decisions/{decision}/result": {"actual": "x", "matched": "matched"},
    "/decisions/{decision}/more-time": {"by": "5m"}, "/flags": {}, "/freeze": {}, "/freeze/release": {},
    "/freeze/allow": {"change_id": "c", "reason": "x"}, "/updates": {"known": "x"}, "/updates/{update}/approve": {},
    "/updates/{update}/reject": {"reason": "x"}, "/questions/{question}": {"answer": True},
    "/escalations": {"team": "ledger", "why": "x"}, "/vendors": {"vendor": "paylane"},
    "/vendors/{engagement}": {"text": "x"}, "/checks": {"name": "x", "kind": "person", "query": "x"},
    "/checks/{check}": {"reason": "x"}, "/checks/{check}/word": {"verdict": "pass"},
    "/postmortem": {"section": "summary", "text": "x"}, "/postmortem/schedule": {}, "/postmortem/publish": {},
    "/artifacts": {"what": "logs", "available": True}, "/followups": {"title": "x", "what": "tests"},
}  # fmt: skip
