"""Below another site's path: behind a proxy that takes the path away, and behind one that leaves it on."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tocsin.demo.children import free_port
from tocsin.demo.installation import Installation

BASE = "/tocsin"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A real server that knows that it is shown below /tocsin."""
    port = free_port()
    env = {"TOCSIN_BASE_PATH": BASE, "TOCSIN_PUBLIC_URL": f"http://127.0.0.1:{port}{BASE}"}
    installation = Installation(tmp_path_factory.mktemp("house"), port=port, env=env)
    try:
        yield installation.start()
    finally:
        installation.stop()


@pytest.mark.parametrize("left_on", ["", BASE], ids=["taken away", "left on"])
def test_every_face_answers_on_the_path_that_the_proxy_sends(house: Installation, left_on: str) -> None:
    at = f"{house.url}{left_on}"
    assert httpx.get(f"{at}/healthz").status_code == 200
    assert httpx.get(f"{at}/status").status_code == 200
    headers = {"Authorization": f"Bearer {house.token}"}
    assert httpx.get(f"{at}/api/v1/incidents", headers=headers).status_code == 200
    asked = httpx.get(f"{at}/incidents")
    assert asked.status_code == 303
    assert asked.headers["location"].startswith(f"{BASE}/sign-in")
    page = httpx.get(f"{at}/sign-in")
    style = next(part for part in page.text.split('"') if part.startswith(f"{BASE}/static/") and ".css" in part)
    assert httpx.get(f"{at}{style.removeprefix(BASE)}").status_code == 200


def test_the_printed_links_lead_in_and_the_session_holds_below_the_path(house: Installation) -> None:
    link = next(word for word in house.output.split() if "/sign-in/" in word)
    assert link.startswith(f"{house.url}{BASE}/sign-in/")
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(link)
        token = page.text.partition('name="csrf"')[2].partition('value="')[2].partition('"')[0]
        entered = browser.post(link, data={"csrf": token})
        assert entered.status_code == 200, entered.text
        assert entered.url.path.startswith(BASE)
        assert browser.get(f"{house.url}{BASE}/incidents").url.path == f"{BASE}/incidents"
        assert {cookie.path for cookie in browser.cookies.jar} == {BASE}


def test_alerts_come_in_below_the_path_and_the_page_link_opens(house: Installation) -> None:
    assert f"{BASE}/in/" in house.alert_url
    answer = httpx.post(house.alert_url, content=json.dumps({"title": "Disk full", "dedup_key": "disk"}))
    assert answer.status_code == 202
    house.child.wait_until(lambda: "acknowledge: http" in house.output, 10, "the page on the server's own output")
    link = house.output.partition("acknowledge: ")[2].split()[0]
    assert link.startswith(f"{house.url}{BASE}/p/")
    assert httpx.get(link).status_code == 200


def test_a_path_that_only_begins_alike_is_another_one(house: Installation) -> None:
    assert httpx.get(f"{house.url}{BASE}x/healthz").status_code == 404
