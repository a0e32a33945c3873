"""Every screen opens, with data and without, and says nothing that is not there."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import ORGANISATION, Browser
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import SYSTEM
from tocsin.organisation.model.schedule import Rotation
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database
from tocsin.web.forms.registry import FORMS
from tocsin.web.pages.registry import SCREENS
from tocsin.web.reading.calendar import days_of, notes_of

PLAIN = [screen.path for screen in SCREENS if "{" not in screen.path]


def test_every_screen_opens_for_an_administrator(dana: Browser) -> None:
    for path in PLAIN:
        assert "<h1" in dana.get(path), path


def test_every_screen_opens_while_an_incident_runs(dana: Browser) -> None:
    dana.send("/incidents/new", title="Card payments fail", severity="1", services="checkout-api")
    for path in [
        *PLAIN,
        "/incidents/1",
        "/postmortems/1",
        "/catalog/checkout-api",
        "/alerts?tab=history",
        "/incidents?q=card&state=open",
    ]:
        assert "<h1" in dana.get(path), path


def test_no_two_forms_share_a_path() -> None:
    paths = [form.path for form in FORMS]
    assert len(paths) == len(set(paths))


def test_what_is_not_there_is_a_page_that_says_so(dana: Browser) -> None:
    assert "There is nothing here" in dana.get("/incidents/99", 404)
    assert "There is nothing here" in dana.get("/catalog/nope", 404)


@pytest.mark.parametrize("path", ["/status", "/sign-in"])
def test_some_pages_need_no_session(web: TestClient, path: str) -> None:
    assert web.get(path).status_code == 200


def test_an_invited_person_is_called_as_the_organisation_calls_them(dana: Browser) -> None:
    page = dana.send("/settings/people/invite", id="ines", name="Ravioli", email="x@larkfield.example", right="viewer")
    assert "Ravioli" not in page
    assert "Ravioli" not in dana.get("/settings/people")


def test_an_invitation_signs_in_once_and_sets_a_password(dana: Browser, web: TestClient) -> None:
    page = dana.send("/settings/people/invite", name="Sam Whitlock", email="sam@larkfield.example", right="responder")
    link = page.replace("<span>", "").replace("</span>", "").split("http://tocsin.example")[1].split("<")[0].strip()
    web.cookies.clear()
    assert "Welcome, Sam Whitlock" in web.get(link).text
    assert "Welcome, Sam Whitlock" in web.get(link).text  # looking uses nothing
    assert web.post(link, data={"password": "a long enough one"}).status_code == 200
    assert web.get("/incidents", follow_redirects=False).status_code == 200
    web.cookies.clear()
    assert web.get(link).status_code == 410
    answer = web.post(
        "/sign-in", data={"email": "sam@larkfield.example", "password": "a long enough one", "next": "/oncall"}
    )
    assert "On call" in answer.text


def test_a_wrong_password_does_not_say_which_half_was_wrong(web: TestClient, larkfield: None) -> None:
    answer = web.post("/sign-in", data={"email": "nobody@larkfield.example", "password": "guess"})
    assert answer.status_code == 401
    assert "do not go together" in answer.text


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(web: TestClient, place: str) -> None:
    page = web.get("/sign-in", params={"next": place}).text
    assert 'name="next" value="/"' in page


def test_a_token_is_told_once(dana: Browser) -> None:
    page = dana.send("/settings/tokens", name="laptop", scope="respond")
    assert "toc_" in page
    assert "toc_" not in dana.get("/settings/me")


def test_an_override_stands_on_the_calendar_and_can_be_taken_back(dana: Browser) -> None:
    page = dana.send(
        "/oncall/override",
        schedule="checkout",
        person="kofi",
        starts_at="2026-11-19 16:00",
        ends_at="2026-11-19 18:00",
        reason="dentist",
    )
    assert "dentist" in page
    override = page.split('name="override" value="')[1].split('"')[0]
    assert "dentist" not in dana.send("/oncall/override/cancel", override=override)


def test_who_is_on_call_may_be_asked_for_any_moment(dana: Browser) -> None:
    assert "Kofi Mensah" in dana.get("/oncall?at=2026-11-24 10:00")
    assert "is no time" in dana.get("/oncall?at=someday")


def test_a_calendar_address_is_told_once_and_can_be_taken_back(dana: Browser) -> None:
    page = dana.send("/oncall/feeds", of="person:dana")
    assert re.search(r"/calendar/[\w-]{40,}\.ics", page)
    listed = dana.get("/oncall")
    assert "Dana Okafor's shifts" in html.unescape(listed)
    assert "/calendar/" not in listed
    feed = listed.split('name="feed" value="')[1].split('"')[0]
    assert 'name="feed"' not in dana.send("/oncall/feeds/remove", feed=feed)


def test_who_is_on_call_and_can_not_be_reached_stands_on_the_page(dana: Browser) -> None:
    page = dana.get("/oncall")
    assert "To mend in the next 30 days" in page
    assert "Kofi Mensah has no verified method" in page


def test_what_duty_cost_stands_on_the_page(dana: Browser, clock: SimulatedClock) -> None:
    clock.advance(timedelta(days=1))
    page = dana.get("/oncall")
    assert "Load, the last four weeks" in page
    assert "h at weekends" in page


def test_the_week_in_which_clocks_change_says_so(dana: Browser, database: Database) -> None:
    assert "shifts keep to its clock" not in dana.get("/oncall?week=2026-10-19")
    in_berlin = ORGANISATION.replace(
        "starts: 2026-11-02, time_zone: UTC", "starts: 2026-11-02, time_zone: Europe/Berlin"
    )
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"larkfield.yaml": in_berlin}), now))
    assert "Sun 25: in Berlin 1 hour comes twice; shifts keep to its clock." in dana.get("/oncall?week=2026-10-19")
    assert "Sun 28: in Berlin 1 hour is left out" in dana.get("/oncall?week=2027-03-22")


def test_a_page_may_be_simulated_for_any_moment(dana: Browser) -> None:
    page = dana.get("/oncall/simulate?to=checkout-api&at=tue 03:00&severity=critical")
    assert "Tue 03:00" in page
    assert "Kofi Mensah" in page
    assert "Last resort" in page
    assert "Inês Duarte" in page
    assert "only an open screen" in page
    assert "is no time" in dana.get("/oncall/simulate?at=someday")
    assert "there is no person, team, schedule" in dana.get("/oncall/simulate?to=nobody")


def test_the_runbook_stands_beside_what_tocsin_does(dana: Browser) -> None:
    page = dana.get("/runbook")
    assert "Enforced" in page
    assert 'id="s5-1"' in page
    assert "yaml tocsin" not in page


def test_an_integration_is_told_with_a_line_to_try_only_where_there_is_one(dana: Browser) -> None:
    dana.send("/settings/integrations/new", name="prometheus", sender="alertmanager")
    assert "Try it" not in dana.get("/settings/integrations")
    dana.send("/settings/integrations/new", name="scripts", sender="generic")
    assert dana.get("/settings/integrations").count("Try it") == 1


def test_the_days_of_a_week_tell_of_clocks_and_holidays() -> None:
    start = datetime(2027, 3, 22, tzinfo=UTC)
    resting = {"people": ["dana"], "starts": "2026-11-02", "time_zone": "Europe/Berlin"}
    layers = [
        Rotation.model_validate({**resting, "holidays": {"country": "DE", "subdivision": "BE"}}),
        Rotation.model_validate(resting),
    ]
    notes = notes_of(layers, start)
    assert [note.text for note in notes] == [
        "Fri 26: Good Friday, a public holiday in DE-BE.",
        "Sun 28: in Berlin 1 hour is left out; shifts keep to its clock.",
    ]
    heads = days_of(start, start, notes)
    assert [head.label for head in heads if head.noted] == ["Fri 26", "Sun 28"]
    assert [head.label for head in heads if head.weekend] == ["Sat 27", "Sun 28"]
    assert notes_of(layers[1:], start - timedelta(days=7)) == ()
