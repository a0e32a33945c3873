"""The story, step by step: what is told, what shows that it happened, and who does it when the visitor does not."""

import shutil
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.demo.client import Json, Refused
from tocsin.demo.world import World

_ENDED = ("cancelled", "merged")
_AFTER_RESTORE = ("watching", "resolved", "review", "closed")
_AFTER_RESOLVE = ("resolved", "review", "closed")


@dataclass(frozen=True)
class Step:
    """One step. `happened` asks Tocsin, so whoever did it, the story goes on; `act` is the story's own hand.

    `within` seconds it must have happened after the story acted (or began to wait).
    """

    title: str
    words: str
    happened: Callable[[], bool]
    act: Callable[[], None] | None = None
    path: Callable[[], str] = lambda: "/"
    within: float = 60


class StoryFailed(RuntimeError):
    """A step did not come about in its time."""


class Story:
    """Tells the steps in order. `linger` seconds the visitor has for each before the story does it itself."""

    def __init__(self, world: World, *, linger: float = 8, say: Callable[[str], None] = print) -> None:
        self._world = world
        self._client = world.installation.client
        self._linger = linger
        self._say = say
        self._refusal = ""
        self._thawed = False
        self._verified = ""

    def tell(self) -> None:
        """From the first deploy to the proof; StoryFailed names the step that did not come about."""
        steps = self.steps()
        for number, step in enumerate(steps, 1):
            self._tell(step, f"{number}/{len(steps)}")

    def _tell(self, step: Step, place: str) -> None:
        width = min(shutil.get_terminal_size().columns, 100)
        self._say(f"\n{place}  {step.title}")
        self._say(textwrap.fill(step.words, width, initial_indent="      ", subsequent_indent="      "))
        self._say(f"      {self._world.installation.url}{step.path()}")
        visitor_has = time.monotonic() + (self._linger if step.act else 0)
        while not step.happened():
            if time.monotonic() >= visitor_has:
                break
            time.sleep(0.2)
        else:
            return
        if step.act:
            try:
                step.act()
            except Refused as refused:
                if refused.status not in (409, 422):
                    raise
                self._say(f"      Tocsin says: {refused.problem.get('detail', refused)}")
        end = time.monotonic() + step.within
        while not step.happened():
            if time.monotonic() > end:
                raise StoryFailed(f"“{step.title}” did not come about within {step.within:g} s")
            time.sleep(0.3)

    def steps(self) -> list[Step]:
        """Every step of the story."""
        pace = self._world.pace
        watchman = "Prometheus" if self._world.real_monitoring else "The shop's own rule (Prometheus is not installed)"
        return [
            Step(
                "A good deploy",
                "The shop deploys checkout v41. Its pipeline asks Tocsin whether it may, and tells it afterwards.",
                lambda: bool(self._changes()),
                lambda: self._deploy("v41"),
                lambda: "/catalog/checkout",
            ),
            Step(
                "A bad deploy",
                "Checkout v42 goes out. From now on four card payments in ten fail.",
                lambda: "v42" in self._world.deploy_file.read_text(),
                lambda: self._deploy("v42"),
                lambda: "/catalog/checkout",
            ),
            Step(
                "An alert",
                f"{watchman} sees it and sends an alert to Tocsin's secret URL.",
                lambda: bool(self._client.get("/alerts", state="firing")["items"]),
                path=lambda: "/alerts",
            ),
            Step(
                "A page",
                "The alert pages Dana, who is on call for checkout. Her phone rings here; an open tab rings too.",
                lambda: bool(self._pages("all")),
                path=lambda: "/",
            ),
            Step(
                "Acknowledge",
                "Somebody must say “I have it”, or the page climbs to the next step. Do it in the browser, or wait.",
                lambda: not [page for page in self._pages("open") if page.get("group_id") or page.get("group")],
                self._acknowledge_all,
                lambda: "/",
            ),
            Step(
                "Declare Sev2",
                "One click on the alert makes an incident of it. The runbook takes over from here.",
                lambda: self.number is not None,
                self._declare,
                lambda: "/alerts",
            ),
            Step(
                "Somebody leads",
                "The runbook pages the incident commander from the schedule. Ada takes it.",
                lambda: "commander" in self._incident()["roles"],
                self._take_command,
                self._room,
            ),
            Step(
                "Deploys are held",
                "Another team's v43 wants out. The pipeline asks, and Tocsin says no while this is open.",
                lambda: bool(self._refusal),
                self._try_to_deploy,
                self._room,
            ),
            Step(
                "What is seen, who is hit",
                "Symptoms and customers go on record; the question whether data or sign-in is touched is answered.",
                lambda: {"symptom_added", "impact_changed"} <= self._kinds(),
                self._triage,
                self._room,
            ),
            Step(
                "Roll back",
                "The list of changes shows v42 just before the trouble. The rollback is allowed through the freeze and "
                "run by `tocsin run`, which records who, the exact command, what was expected and what came out.",
                lambda: "v41" in self._world.deploy_file.read_text(),
                self._roll_back,
                self._room,
            ),
            Step(
                "What happened?",
                "No decision stays without its actual result.",
                lambda: not [one for one in self._decisions() if not one.get("matched")],
                self._close_decisions,
                self._room,
            ),
            Step(
                "Tell the others",
                "Two updates in three sentences each: what we know, what we do, what comes next. The public one is "
                "read by the commander before it appears on the status page.",
                lambda: "update_posted" in self._kinds(),
                self._update,
                lambda: "/status",
            ),
            Step(
                "The numbers decide",
                f"All recovery checks must pass together for {pace.hold} seconds. Until then nobody can call it "
                "restored, except with a reason that is shown for ever.",
                lambda: self._incident()["phase"] in _AFTER_RESTORE,
                path=self._room,
                within=pace.hold + 90,
            ),
            Step(
                "The watch",
                f"For {pace.watch} seconds (in real life 45 minutes) the checks keep running. One that fails three "
                "times sends the incident back and pages.",
                lambda: "watch_passed" in self._kinds() or self._incident()["phase"] in _AFTER_RESOLVE,
                path=self._room,
                within=pace.watch + 90,
            ),
            Step(
                "Resolved",
                "The commander confirms the end. Tocsin schedules the review within 48 hours and drafts it.",
                lambda: self._incident()["phase"] in _AFTER_RESOLVE,
                lambda: self._phase("resolved"),
                self._room,
            ),
            Step(
                "Deploys flow again",
                "The hold ended with the incident; v43 goes out.",
                lambda: self._thawed,
                self._deploy_after,
                self._room,
            ),
            Step(
                "The postmortem",
                "It is half written already: shape, times, decisions, what was expected and what happened. "
                "What is promised becomes a follow-up with an owner and a day.",
                lambda: bool(self._client.get(f"/incidents/{self.number}/followups")["items"]),
                self._follow_up,
                lambda: f"/postmortems/{self.number}",
            ),
            Step(
                "Proof",
                "`tocsin verify` proves that nothing on the timeline was changed behind Tocsin's back.",
                lambda: bool(self._verified),
                self._verify,
                self._room,
            ),
        ]

    @property
    def number(self) -> int | None:
        """The incident's number, once somebody has declared it."""
        found = [one for one in self._client.get("/incidents", state="all")["items"] if one["phase"] not in _ENDED]
        return int(found[0]["number"]) if found else None

    def _room(self) -> str:
        return f"/incidents/{self.number}" if self.number else "/"

    def _incident(self) -> Json:
        return self._client.get(f"/incidents/{self.number}")

    def _kinds(self) -> set[str]:
        entries = self._client.get(f"/incidents/{self.number}/timeline", limit="200")["items"]
        return {str(entry["kind"]) for entry in entries}

    def _changes(self) -> list[Json]:
        return list(self._client.get("/changes", service="checkout")["items"])

    def _pages(self, state: str) -> list[Json]:
        return list(self._client.get("/pages", state=state)["items"])

    def _decisions(self) -> list[Json]:
        return list(self._client.get(f"/incidents/{self.number}/decisions")["items"])

    def _post(self, path: str, /, **body: object) -> Json:
        return self._client.post(f"/incidents/{self.number}/{path}", body)

    def _deploy(self, version: str) -> None:
        done = self._world.shopctl("deploy", version)
        self._say(textwrap.indent(done.stdout.strip(), "      $ "))

    def _acknowledge_all(self) -> None:
        for page in self._pages("open"):
            self._client.post(f"/pages/{page['id']}/acknowledge")

    def _declare(self) -> None:
        groups = self._client.get("/groups", state="open")["items"]
        body: Json = {"title": "Card payments fail", "severity": 2, "services": ["checkout"]}
        if groups:
            body["group_ids"] = [groups[0]["id"]]
        self._client.post("/incidents", body)

    def _take_command(self) -> None:
        self._acknowledge_all()
        if "commander" not in self._incident()["roles"]:
            self._post("roles", role="commander", person="ada")

    def _try_to_deploy(self) -> None:
        done = self._world.shopctl("deploy", "v43")
        self._say(textwrap.indent(done.stdout.strip(), "      $ "))
        if done.returncode == 1:
            self._refusal = done.stdout

    def _triage(self) -> None:
        self._post("symptoms", text="Customers see “payment failed” after they entered their card.")
        self._post("impact", services=["checkout"], customers="About 12,000 people who pay by card")
        self._post("questions/data_or_auth", answer=False, note="Only the payment's call fails.")
        self._post("flags", note="The mistake is in every payment; no flag turns it off.")
        if self._incident()["phase"] == "declared":
            self._phase("triage")

    def _roll_back(self) -> None:
        self._post("freeze/allow", change_id="rollback-v41", reason="It is the fix.")
        told = [
            "--incident",
            str(self.number),
            "--expect",
            "fewer than 5% of card payments fail",
            "--by",
            "2m",
            "--what",
            "rollback",
        ]
        command = self._world.shopctl_command("rollback")
        ran = self._world.installation.tocsin("run", *told, "--", *command, env=self._world.shop_env())
        self._say(textwrap.indent((ran.stdout + ran.stderr).strip(), "      $ "))

    def _close_decisions(self) -> None:
        for decision in self._decisions():
            if not decision.get("matched"):
                body = {"actual": "v41 runs again; the failing share falls.", "matched": "matched"}
                self._client.post(f"/incidents/{self.number}/decisions/{decision['id']}/result", body)

    def _update(self) -> None:
        words = {
            "known": "Some card payments failed since the last change to our checkout.",
            "doing": "We have put the version before back and watch the numbers.",
            "next": "We tell you when payments have been well for a while.",
            "next_in": "30m",
        }
        self._post("updates", audience="internal", **words)
        self._post("updates", audience="external", status="monitoring", **words)

    def _phase(self, phase: str) -> None:
        self._post("phase", phase=phase)

    def _deploy_after(self) -> None:
        done = self._world.shopctl("deploy", "v43")
        self._say(textwrap.indent(done.stdout.strip(), "      $ "))
        self._thawed = done.returncode == 0

    def _follow_up(self) -> None:
        self._post("followups", title="A test that pays by card before each deploy", what="tests", owner="dana")

    def _verify(self) -> None:
        done = self._world.installation.tocsin("verify")
        self._say(textwrap.indent((done.stdout + done.stderr).strip(), "      "))
        if done.returncode == 0:
            self._verified = done.stdout or "verified"
