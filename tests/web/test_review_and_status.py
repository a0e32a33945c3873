"""After the response: the postmortem by forms; and what the public and the uninvited see."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.testclient import TestClient

from tests.web.conftest import Browser, signed_in
from tocsin.identity.actor import Right, person
from tocsin.organisation.model.fields import Target
from tocsin.paging.usecases import page_person
from tocsin.paging.usecases.climbing import page_one
from tocsin.parts import Parts
from tocsin.store.database import Database
from tocsin.store.tables.paging import pages
from tocsin.store.tables.timeline import incidents
from tocsin.web.app import Face
from tocsin.web.session import COOKIE


@pytest.fixture
def resolved(dana: Browser) -> Browser:
    """A Sev3 that somebody moved to resolved, over its gates."""
    dana.send("/incidents/new", title="Search is stale", severity="3", services="checkout-api")
    dana.send("/incidents/1/do/role", role="commander", person="dana")
    for phase in ("mitigating", "restoring", "watching", "resolved"):
        dana.send("/incidents/1/do/phase", phase=phase, reason="seen by eye", override="yes")
    return dana


def test_an_overridden_gate_is_shown_for_ever(resolved: Browser) -> None:
    page = resolved.get("/incidents/1")
    assert "overrode the gate" in page
    assert "seen by eye" in page


def test_nothing_asks_for_causes_before_the_service_is_restored(dana: Browser) -> None:
    dana.send("/incidents/new", title="Search is stale", severity="3")
    page = dana.get("/postmortems/1")
    assert "The incident is still open." in page
    assert "What made this possible" not in page


def test_a_resolved_incident_asks_for_its_story_and_follow_ups(resolved: Browser) -> None:
    page = resolved.get("/postmortems/1")
    assert "What made this possible" in page
    assert "The shape of INC-1" in page
    page = resolved.send("/postmortems/1/section", section="contributing", text="The index **lagged** <b>badly</b>.")
    assert "<strong>lagged</strong>" in page
    assert "<b>badly</b>" not in page
    resolved.send(
        "/incidents/1/do/followup", title="Alert on index lag", kind="detection", owner="dana", due="2026-12-01"
    )
    assert "Alert on index lag" in resolved.get("/postmortems/1")
    assert "Alert on index lag" in resolved.client.get("/postmortems/1.md").text


def test_the_room_prints_as_one_document(resolved: Browser) -> None:
    assert "Search is stale" in resolved.get("/incidents/1/print")
    answer = resolved.client.get("/incidents/1/document.md")
    assert answer.headers["content-type"].startswith("text/markdown")
    assert "overrode the gate" in answer.text


def test_the_status_page_shows_what_was_approved_and_nothing_internal(dana: Browser, web: TestClient) -> None:
    dana.send("/incidents/new", title="checkout-api pool exhausted", severity="1", services="checkout-api")
    dana.send("/incidents/1/do/role", role="commander", person="dana")
    page = dana.send(
        "/incidents/1/do/update",
        audience="external",
        headline="Some card payments fail",
        know="Some card payments fail.",
        doing="We are on it.",
        next="We will post again soon.",
        components="checkout-api",
        next_in="30m",
    )
    assert "asks for approval" in page
    assert "Some card payments fail" not in web.get("/status").text
    update = page.split('name="update" value="')[1].split('"')[0]
    dana.send("/incidents/1/do/approve", update=update, approve="yes", reason="I am alone tonight")
    web.cookies.clear()
    public = web.get("/status").text
    assert "Some card payments fail" in public
    assert "Card payments" in public
    assert "pool exhausted" not in public
    assert "INC-1" not in public
    assert "Dana" not in public


def test_the_status_page_puts_what_was_typed_without_full_stops_into_sentences_and_says_nothing_twice(
    dana: Browser,
) -> None:
    dana.send("/incidents/new", title="pool exhausted", severity="1", services="checkout-api")
    dana.send("/incidents/1/do/role", role="commander", person="dana")
    words = {"headline": "Some card payments fail", "know": "Some card payments fail", "doing": "we undo a change"}
    page = dana.send("/incidents/1/do/update", audience="external", next="More at 15:00", next_in="30m", **words)
    update = page.split('name="update" value="')[1].split('"')[0]
    dana.send("/incidents/1/do/approve", update=update, approve="yes", reason="I am alone tonight")
    assert "We undo a change. More at 15:00." in dana.get("/status")
    dana.send("/incidents/1/do/phase", phase="resolved", reason="drill", override="yes")
    earlier = dana.get("/status").split("Earlier")[1]
    assert earlier.count("Some card payments fail") == 1


def test_who_is_called_into_a_restricted_incident_is_rung_and_told_nothing_of_it(
    dana: Browser, web: TestClient, database: Database
) -> None:
    dana.send("/incidents/new", title="Tokens in a log", severity="1", services="checkout-api", restricted="yes")

    def page(connection: Connection, now: datetime) -> None:
        who = person("dana", "Dana", Right.ADMIN)
        incident = connection.execute(select(incidents.c.id)).scalar_one()
        to = (Target(person="kofi"),)
        made = page_person(connection, who, to, "Tokens in a log", now, incident_id=incident, restricted=True)
        page_one(connection, connection.execute(select(pages).where(pages.c.id == made)).one(), "kofi", now)

    database.write(page)
    web.cookies.clear()
    kofi = signed_in(web, database, "kofi", "Kofi Mensah", Right.RESPONDER)
    seen = kofi.get("/")
    assert "A page for you: You are needed in a restricted incident" in seen
    assert "Tokens in a log" not in seen


@pytest.mark.parametrize(("practice", "band"), [(True, "Practice: Fire drill"), (False, "Fire drill")])
def test_a_page_of_a_practice_says_so_before_anything_else(
    dana: Browser, database: Database, practice: bool, band: str
) -> None:
    who = person("dana", "Dana", Right.ADMIN)

    def page(connection: Connection, now: datetime) -> None:
        made = page_person(connection, who, (Target(person="dana"),), "Fire drill", now, practice=practice)
        page_one(connection, connection.execute(select(pages).where(pages.c.id == made)).one(), "dana", now)

    database.write(page)
    assert f"A page for you: {band}" in dana.get("/")


def test_a_restricted_incident_is_not_there_for_others(dana: Browser, web: TestClient, database: Database) -> None:
    dana.send("/incidents/new", title="Keys leaked", severity="1", restricted="yes")
    assert "Keys leaked" in dana.get("/")
    kofi = signed_in(web, database, "kofi", "Kofi Mensah", Right.ADMIN)
    assert "Keys leaked" not in kofi.get("/")
    assert "Nothing is on fire" in kofi.get("/")
    assert "Keys leaked" not in kofi.get("/incidents?q=keys")
    kofi.get("/incidents/1", 404)
    kofi.get("/incidents/1/do/severity", 404)
    kofi.get("/postmortems/1", 404)


def test_a_viewer_may_look_and_not_touch(dana: Browser, web: TestClient, database: Database) -> None:
    dana.send("/incidents/new", title="Search is stale", severity="3")
    viewer = signed_in(web, database, "ines", "Inês Duarte", Right.VIEWER)
    page = viewer.get("/incidents/1")
    assert "Post update" not in page
    assert "Declare incident" not in viewer.get("/")
    viewer.get("/incidents/new", 403)
    viewer.get("/settings/audit", 403)


def test_a_live_stream_tells_only_what_changed(dana: Browser, parts: Parts, web: TestClient) -> None:
    dana.send("/incidents/new", title="Search is stale", severity="3")
    face = Face(parts)
    cookie = f"{COOKIE}={web.cookies[COOKIE]}".encode()
    csrf = dana.csrf()

    async def watch() -> tuple[list[str], list[str]]:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/live",
            "headers": [(b"cookie", cookie)],
            "query_string": b"page=/incidents/1",
            "server": ("tocsin.example", 80),
            "scheme": "http",
            "root_path": "",
        }
        answer = await face.live.stream(Request(scope))
        events = answer.body_iterator.__aiter__()  # type: ignore[attr-defined]
        first: list[str] = []
        while not first or "room/entries.html" not in first[-1]:
            first.append(await asyncio.wait_for(anext(events), 10))
        # nav and the band of ringing pages close the first reading
        first += [await asyncio.wait_for(anext(events), 10) for _ in range(2)]
        await asyncio.sleep(0.3)
        await asyncio.to_thread(web.post, "/incidents/1/do/note", data={"csrf": csrf, "text": "news"})
        changed: list[str] = []
        while not changed or "room/entries.html" not in changed[-1]:
            changed.append(await asyncio.wait_for(anext(events), 10))
        await events.aclose()
        return first, changed

    first, changed = asyncio.run(watch())
    assert first[0].startswith("retry: 2000\nevent: beat\n")
    assert "news" in changed[-1]
    for untouched in ("room/roles.html", "room/criteria.html", "room/decisions.html", "room/evidence.html"):
        assert not any(untouched in event for event in changed)


def test_without_a_session_there_is_no_stream(web: TestClient) -> None:
    assert web.get("/live?page=/").status_code == 401
