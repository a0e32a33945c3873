"""The story: from a bad deploy to the postmortem, with real Prometheus, Alertmanager and mail, on both databases."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.standins.methods import verified_email
from tests.standins.programs import needs_alertmanager, needs_prometheus
from tests.standins.smtp import SmtpStandin
from tocsin.demo.client import Client, Json, Refused, request
from tocsin.demo.organisation import Pace
from tocsin.demo.world import World

T = TypeVar("T")
PACE = Pace(hold=4, watch=8, sample=2)
PEOPLE = ("ada", "dana", "kofi", "mira")


@pytest.fixture
def world(server_database: str | None, tmp_path: Path, smtp: SmtpStandin) -> Iterator[World]:
    """The shop with a short runbook; everybody reads e-mail."""
    needs_prometheus()
    needs_alertmanager()
    made = World(
        tmp_path,
        pace=PACE,
        step="10s",
        database_url=server_database,
        env=smtp.settings,
        with_phones=False,
        real_monitoring=True,
    )
    try:
        made.start()
        for person in PEOPLE:
            verified_email(made.installation.client, smtp, person, f"{person}@shop.example")
        yield made
    finally:
        made.stop()


def until(ask: Callable[[], T], seconds: float = 60, what: str = "it") -> T:
    """The first true answer; AssertionError when it takes too long."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"{what} did not come about within {seconds:g} s"
        time.sleep(0.2)
    return answer


class Responder:
    """What the people of the shop do, in the order of the runbook."""

    def __init__(self, world: World, smtp: SmtpStandin) -> None:
        self.world = world
        self.smtp = smtp
        self.client: Client = world.installation.client
        self.number = 0

    def break_the_shop(self) -> None:
        assert self.world.shopctl("deploy", "v41").returncode == 0
        assert self.world.shopctl("deploy", "v42").returncode == 0

    def acknowledge_by_mail(self, person: str) -> None:
        mail = self.smtp.wait_for(lambda one: f"{person}@shop.example" in one.recipients and "/p/" in one.text, 60)
        link = next(link for link in mail.links if "/p/" in link)
        status, page = request("GET", link)
        assert status == 200
        assert self.open_pages(), "a GET changes nothing: mail scanners follow links"
        submit_form(link, page, "cknowledge")

    def open_pages(self) -> list[Json]:
        return list(self.client.get("/pages", state="open")["items"])

    def declare(self) -> None:
        groups = self.client.get("/groups", state="open")["items"]
        body = {"title": "Card payments fail", "severity": 2, "services": ["checkout"], "group_ids": [groups[0]["id"]]}
        self.number = int(self.client.post("/incidents", body)["incident"]["number"])

    def post(self, path: str, /, **body: object) -> Json:
        return self.client.post(f"/incidents/{self.number}/{path}", body)

    @property
    def incident(self) -> Json:
        return self.client.get(f"/incidents/{self.number}")

    @property
    def kinds(self) -> list[str]:
        items = self.client.get(f"/incidents/{self.number}/timeline", limit="200", order="asc")["items"]
        return [str(item["kind"]) for item in items]

    def take_command(self) -> None:
        for page in self.open_pages():
            self.client.post(f"/pages/{page['id']}/acknowledge")
        if "commander" not in self.incident["roles"]:
            self.post("roles", role="commander", person="ada")

    def roll_back(self) -> None:
        self.post("freeze/allow", change_id="rollback-v41", reason="It is the fix.")
        installation = self.world.installation
        told = ["--incident", str(self.number), "--expect", "fewer than 5% fail", "--by", "2m", "--what", "rollback"]
        ran = installation.tocsin(
            "run", *told, "--", *self.world.shopctl_command("rollback"), env=self.world.shop_env()
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        decision = self.client.get(f"/incidents/{self.number}/decisions")["items"][0]
        assert "shopctl" in decision["command"]
        assert decision["exit_code"] == 0
        self.post(f"decisions/{decision['id']}/result", actual="v41 runs; payments go through", matched="matched")

    def wait_for_phase(self, *phases: str, seconds: float = 90) -> None:
        until(lambda: self.incident["phase"] in phases, seconds, f"phase {' or '.join(phases)}")


def submit_form(link: str, page: str, button: str) -> None:
    """Press the button of a form without JavaScript: a plain form post of its fields."""
    forms = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if button in form]
    assert forms, page
    action = re.search(r'action="([^"]+)"', forms[0])
    origin = re.match(r"https?://[^/]+", link)
    assert origin
    fields = {
        name: value
        for tag in re.findall(r"<(?:input|button)[^>]*>", forms[0])
        if (name := attribute(tag, "name")) and (value := attribute(tag, "value")) is not None
    }
    target = attribute(action.group(), "action") if action else ""
    post_form(link if not target else target if target.startswith("http") else origin.group() + target, fields)


def attribute(tag: str, name: str) -> str | None:
    """An attribute's value in a tag."""
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found.group(1).replace("&amp;", "&") if found else None


def post_form(url: str, fields: dict[str, str]) -> None:
    """A form post, as a browser sends it."""
    import http.client
    from urllib.parse import urlencode, urlsplit

    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"{parts.scheme}://{parts.netloc}"}
    connection.request("POST", f"{parts.path}?{parts.query}".rstrip("?"), urlencode(fields), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status in (200, 302, 303), f"{url}: {answer.status} {text[:500]}"


def test_the_story(world: World, smtp: SmtpStandin) -> None:
    us = Responder(world, smtp)
    us.break_the_shop()
    us.acknowledge_by_mail("dana")
    page = until(lambda: us.client.get("/pages", state="acknowledged")["items"], 10, "an acknowledged page")[0]
    assert page["acknowledged_by"] == "dana"

    us.declare()
    us.take_command()
    assert us.incident["roles"]["commander"]["person"] == "ada"
    until(lambda: "deploys_held" in us.kinds, 20, "the freeze")
    refused = world.shopctl("deploy", "v43")
    assert refused.returncode == 1
    assert str(us.number) in refused.stdout

    us.post("questions/data_or_auth", answer=False)
    us.post("flags", note="no flag covers payments")
    us.post("symptoms", text="Four payments in ten fail.")
    us.post("phase", phase="triage")
    us.post(
        "updates",
        audience="internal",
        known="Payments fail.",
        doing="Rolling back.",
        next="The numbers.",
        next_in="15m",
    )
    us.roll_back()

    with pytest.raises(Refused) as gate:
        us.post("phase", phase="resolved")
    assert gate.value.status in (409, 422)
    us.wait_for_phase("watching", "resolved")
    until(lambda: "watch_passed" in us.kinds, PACE.watch + 60, "the end of the watch")
    if us.incident["phase"] == "watching":
        us.post("phase", phase="resolved")
    us.wait_for_phase("resolved", "review")
    until(lambda: "deploys_released" in us.kinds, 20, "the thaw")
    assert world.shopctl("deploy", "v43").returncode == 0

    invited = smtp.wait_for(lambda mail: mail.calendar is not None and "ada@shop.example" in mail.recipients, 30)
    assert "BEGIN:VEVENT" in (invited.calendar or "")
    until(lambda: "postmortem_drafted" in us.kinds, 20, "the draft")
    status, text = request(
        "GET",
        f"{world.installation.url}/api/v1/incidents/{us.number}/postmortem.md",
        None,
        {"Authorization": f"Bearer {us.client.token}"},
    )
    assert status == 200
    assert len(re.findall(r"\d\d:\d\d", text)) > 8, "the draft holds the steps with their times"
    assert "fewer than 5% fail" in text
    assert "payments go through" in text
    us.post("followups", title="Pay by card before each deploy", what="tests", owner="dana")

    expected = ["declared", "role_assigned", "deploys_held", "symptom_added", "update_posted", "change_allowed",
                "decision_opened", "decision_ran", "decision_closed", "hold_passed", "watch_started", "watch_passed",
                "deploys_released", "review_scheduled", "postmortem_drafted", "followup_added"]  # fmt: skip
    assert [kind for kind in expected if kind not in us.kinds] == []
    proved = world.installation.tocsin("verify")
    assert proved.returncode == 0, proved.stdout + proved.stderr


def test_the_server_dies_in_the_middle_and_the_story_still_ends(world: World, smtp: SmtpStandin) -> None:
    us = Responder(world, smtp)
    installation = world.installation
    us.break_the_shop()
    until(us.open_pages, 60, "the page")
    installation.kill()
    installation.start()
    us.acknowledge_by_mail("dana")
    us.declare()
    installation.kill()
    ran = installation.tocsin(
        "run", "--incident", "1", "--expect", "payments go through", "--actual", "they do", "--matched", "yes",
        "--", *world.shopctl_command("rollback"), env=world.shop_env(),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    installation.start()
    handed = installation.tocsin("spool", "send")
    assert handed.returncode == 0, handed.stdout + handed.stderr
    us.take_command()
    until(lambda: us.kinds.count("decision_closed") == 1, 30, "the decision from the spool, once")
    us.wait_for_phase("watching", "resolved")
    installation.kill()
    installation.start()
    until(lambda: "watch_passed" in us.kinds, PACE.watch + 90, "the end of the watch")
    if us.incident["phase"] == "watching":
        us.post("phase", phase="resolved")
    us.wait_for_phase("resolved", "review")
    assert us.kinds.count("decision_opened") == 1
    assert installation.tocsin("verify").returncode == 0
