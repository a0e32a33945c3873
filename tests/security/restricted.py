"""An incident that nobody but its members may know of, with a telling word in everything that was ever written in it."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.security.world import World

WORD = "quagga"
HOUR = timedelta(hours=1)


@dataclass
class Secret:
    """Its number, and the ids of all that hangs on it."""

    number: int
    incident_id: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)

    def told_in(self, text: str) -> list[str]:
        """What of it a text gives away."""
        found = set(re.findall(rf"\S*{WORD}\S*", text, re.IGNORECASE))
        n = self.number
        found |= set(
            re.findall(
                rf'INC-{n}\b|/(?:incidents|postmortems)/{n}\b|"(?:number|incident)":\s*{n}\b', text, re.IGNORECASE
            )
        )
        return sorted(found | {self.incident_id for _ in range(text.count(self.incident_id))})


def alert(world: World, url: str, key: str, title: str, service: str | None = None) -> None:
    """One alert of a sender."""
    body = {"dedup_key": key, "title": title, "severity": "critical", "labels": {"what": title}}
    answer = world.client.post(url, json=body | ({"service": service} if service else {}))
    assert answer.status_code in (200, 202), answer.text
    world.settle()


def a_night(world: World) -> Secret:
    """Two incidents that everybody sees, and between them the restricted one, of Dana."""
    dana, mira, kofi = world.session("dana"), world.session("mira"), world.session("kofi")
    made = mira.call("POST", "/integrations", {"name": "monitoring", "sender": "generic"})
    url = str(made["url"]).removeprefix("http://tocsin.example")
    alert(world, url, "open", "Ledger is slow", "ledger")
    kofi.call("POST", "/incidents", {"title": "Ledger is slow", "severity": 3, "services": ["ledger"]})
    alert(world, url, "secret", f"{WORD}-alert", None)
    group = next(g for g in dana.call("GET", "/groups")["items"] if WORD in g["title"])
    change = dana.call("POST", "/changes", {"service": "checkout-api", "summary": "v318", "id": "c1"})
    world.clock.advance(timedelta(seconds=30))
    declared = dana.call(
        "POST", "/incidents",
        {"title": f"{WORD}-title", "severity": 1, "services": ["checkout-api"], "group_ids": [group["id"]],
         "labels": {"what": f"{WORD}-label"}, "restricted": True, "reason": f"{WORD}-reason"},
    )  # fmt: skip
    secret = Secret(declared["incident"]["number"])
    secret.ids |= {"group": group["id"], "change": change["id"], "integration": made["id"]}
    at = f"/incidents/{secret.number}"

    def do(path: str, **body: Any) -> dict[str, Any]:
        return dana.call("POST", f"{at}{path}", body)

    world.settle()
    do("/roles", role="commander")
    do("/notes", text=f"{WORD}-note")
    do("/symptoms", text=f"{WORD}-symptom")
    do("/impact", customers=f"{WORD}-customers")
    do("/links", url=f"https://example.com/{WORD}-link", title=f"{WORD}-link")
    do("/suspects", change_id=change["id"], suspect=True, reason=f"{WORD}-suspect")
    secret.ids["evidence"] = do("/evidence", title=f"{WORD}-evidence", what="log", text=f"{WORD}-bytes")["evidence_id"]
    decision = do("/decisions", command=f"kubectl {WORD}", expected=f"{WORD}-expected", by="10m", title=f"{WORD}-do")
    secret.ids["decision"] = decision["decision_id"]
    do(f"/decisions/{secret.ids['decision']}/result", actual=f"{WORD}-actual", matched="no_match")
    do("/flags", note=f"{WORD}-flag")
    do("/freeze", services=["checkout-api"], reason=f"{WORD}-freeze")
    do("/freeze/allow", change_id="fix-1", reason=f"{WORD}-allow", service="checkout-api")
    do("/updates", known=f"{WORD}-known", doing=f"{WORD}-doing", next=f"{WORD}-next")
    outside = do("/updates", audience="external", known=f"{WORD}-public", doing="x", next="y", headline=f"{WORD}-head",
                 components=["checkout-api"])  # fmt: skip
    secret.ids["update"] = outside["update_id"]
    if outside["waits_for_approval"]:
        answer = dana.api("POST", f"{at}/updates/{outside['update_id']}/approve", {"reason": f"{WORD}-alone"})
        assert answer.status_code in (200, 409), answer.text
    do("/vendors", vendor="paylane", reference=f"{WORD}-ref", contact=f"{WORD}-contact")
    do("/checks", name=f"{WORD}-check", kind="person", query=f"{WORD}-query")
    do("/followups", title=f"{WORD}-followup", what="tests", owner="dana")
    dana.call("PUT", f"{at}/postmortem", {"section": "summary", "text": f"{WORD}-summary"})
    do("/artifacts", what="logs", available=True, title=f"{WORD}-artifact", url=f"https://example.com/{WORD}")
    page = dana.call(
        "POST", "/pages", {"to": "kofi", "text": f"{WORD}-page", "detail": WORD, "incident": secret.number}
    )
    secret.ids["page"] = page["id"]
    dana.call("POST", f"/pages/{page['id']}/notes", {"text": f"{WORD}-page-note"})
    world.settle()
    kofi.call("POST", "/incidents", {"title": "Tail is slow", "severity": 3, "services": ["ledger"]})
    over = dana.call("POST", "/incidents", {"title": f"{WORD}-over", "severity": 1, "restricted": True})
    after = f"/incidents/{over['incident']['number']}"
    dana.call("POST", f"{after}/gates/override", {"phase": "resolved", "reason": f"{WORD}-override"})
    dana.call("POST", f"{after}/followups", {"title": f"{WORD}-after", "what": "docs", "owner": "kofi"})
    secret.ids["followup"] = dana.call("GET", f"{at}/followups")["items"][0]["id"]
    secret.ids["alert"] = dana.call("GET", f"/alerts?group={group['id']}")["items"][0]["id"]
    secret.ids["check"] = f"{WORD}-check"
    secret.incident_id = world.database.read(lambda c: _id_of(c, secret.number))
    secret.ids["pages"] = " ".join(
        each["id"] for each in dana.call("GET", f"/pages?state=all&incident={secret.number}")["items"]
    )
    world.settle()
    return secret


def _id_of(connection: Any, number: int) -> str:
    from sqlalchemy import select

    from tocsin.store.tables.timeline import incidents

    return str(connection.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one())
