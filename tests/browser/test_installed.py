"""Tocsin on a home screen: installable, paged by notifications, acknowledged from them, honest without a connection."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, Worker, expect

from tests.browser.conftest import accessibility_findings
from tests.browser.test_screens import fire, sign_in
from tests.standins.pushservice import PushServiceStandin
from tocsin.demo.installation import Installation


@pytest.fixture
def service() -> Iterator[PushServiceStandin]:
    """A browser without a network has no push service of its own."""
    standin = PushServiceStandin(lambda: datetime.now(UTC))
    standin.start()
    yield standin
    standin.stop()


class Phone:
    """A browser in which the worker runs, and what is pushed to it."""

    def __init__(self, page: Page, tocsin: Installation, service: PushServiceStandin) -> None:
        self.page, self.tocsin, self.service = page, tocsin, service
        page.context.grant_permissions(["notifications"], origin=tocsin.url)
        self.cdp = page.context.new_cdp_session(page)
        self.registration = ""
        self.cdp.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        self.cdp.send("ServiceWorker.enable")
        page.expose_function("subscription", lambda key: service.subscribe(key.rstrip("=")))
        page.add_init_script(
            """PushManager.prototype.subscribe = async (how) => {
                 const key = btoa(String.fromCharCode(...how.applicationServerKey)).replaceAll('+', '-').replaceAll('/', '_');
                 return JSON.parse(await window.subscription(key));
               };"""
        )

    def _registered(self, event: dict[str, Any]) -> None:
        for each in event["registrations"]:
            if not each["isDeleted"]:
                self.registration = each["registrationId"]

    @property
    def worker(self) -> Worker:
        return self.page.context.service_workers[0]

    def deliver(self, number: int) -> dict[str, Any]:
        """What Tocsin pushed reaches the worker, as a push service would hand it on."""
        for _ in range(200):
            if len(self.service.told) > number:
                break
            self.page.wait_for_timeout(50)
        told = self.service.told[number][0]
        command = {"origin": self.tocsin.url, "registrationId": self.registration, "data": json.dumps(told)}
        count = "self.pushes ?? (self.addEventListener('push', () => { self.pushes += 1; }), self.pushes = 0)"
        before = self.worker.evaluate(count)
        for _ in range(20):  # what DevTools delivers to a worker that is about to sleep is lost now and then
            self.cdp.send("ServiceWorker.deliverPushMessage", command)
            self.page.wait_for_timeout(250)
            if self.worker.evaluate(count) > before:
                break
        return told

    def notifications(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.worker.evaluate(
            "async () => (await self.registration.getNotifications()).map(n => ({title: n.title, body: n.body, tag: n.tag}))"
        )
        return found

    def wait_for_title(self, title: str) -> dict[str, Any]:
        for _ in range(100):
            for each in self.notifications():
                if each["title"] == title:
                    return each
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no notification {title!r}; there are {self.notifications()}")


def subscribed(page: Page, tocsin: Installation, service: PushServiceStandin) -> Phone:
    phone = Phone(page, tocsin, service)
    sign_in(page, tocsin)
    page.goto(f"{tocsin.url}/settings/me")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.get_by_role("button", name="Page me in this browser").click()
    expect(page.get_by_text("Enter the code that was sent")).to_be_visible()
    assert phone.deliver(0)["kind"] == "code"
    expect(page.get_by_text("Verified. Pages come that way")).to_be_visible()
    return phone


def test_it_can_be_installed(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    page.goto(f"{tocsin.url}/")
    manifest = page.request.get(f"{tocsin.url}/manifest.webmanifest")
    assert manifest.headers["content-type"].startswith("application/manifest+json")
    for icon in manifest.json()["icons"]:
        assert page.request.get(f"{tocsin.url}{icon['src']}").headers["content-type"] == "image/png"
    cdp = page.context.new_cdp_session(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert cdp.send("Page.getInstallabilityErrors")["installabilityErrors"] in (
        [],
        [{"errorId": "in-incognito", "errorArguments": []}],
    )


def test_a_page_is_acknowledged_from_its_notification(
    page: Page, tocsin: Installation, service: PushServiceStandin
) -> None:
    phone = subscribed(page, tocsin, service)
    assert accessibility_findings(page) == []
    fire(tocsin, "Checkout fails", "checkout")
    told = phone.deliver(1)
    assert phone.wait_for_title("Checkout fails")["tag"] == told["tag"]
    client = tocsin.client
    assert client.get("/pages")["items"][0]["state"] == "open", "a notification that is only seen changes nothing"
    phone.worker.evaluate("(page) => answer(page, 'acknowledge')", told)
    phone.wait_for_title("You have it")
    (item,) = client.get("/pages?state=all")["items"]
    assert item["state"] == "acknowledged"


def test_without_a_connection_it_says_that_nothing_was_acknowledged(
    page: Page, tocsin: Installation, service: PushServiceStandin
) -> None:
    phone = subscribed(page, tocsin, service)
    fire(tocsin, "Checkout fails", "checkout")
    told = phone.deliver(1)
    phone.wait_for_title("Checkout fails")
    tocsin.stop()
    phone.worker.evaluate("(page) => { self.setTimeout = (done) => done(); return answer(page, 'acknowledge'); }", told)
    assert "goes on to the next person" in phone.wait_for_title("NOT acknowledged: no connection")["body"]
    page.goto(f"{tocsin.url}/p/{told['token']}")
    expect(page.get_by_role("heading", name="Tocsin can't be reached from here")).to_be_visible()
    assert accessibility_findings(page) == []


def test_a_subscription_that_the_browser_changes_follows_though_it_does_not_name_the_old_one(
    page: Page, tocsin: Installation, service: PushServiceStandin
) -> None:
    phone = subscribed(page, tocsin, service)
    kept = "async () => (await (await (await caches.open('subscription')).match('/push/mine')).json())"
    key = phone.worker.evaluate(kept)["key"]
    made = json.loads(service.subscribe(key.rstrip("=")))
    phone.worker.evaluate("(made) => renew({ oldSubscription: null, newSubscription: made })", made)
    assert phone.worker.evaluate(kept)["subscription"] == made, "and once more when it changes again"
    service.gone.add("b0")
    fire(tocsin, "Checkout fails", "checkout")
    phone.deliver(1)
    assert phone.wait_for_title("Checkout fails")
