"""The mock's story as facts: Larkfield's checkout fails for card payments on Thursday 2026-11-19."""

from datetime import UTC, datetime, timedelta

from tocsin.runbook.bundle import Bundle, default_text
from tocsin.timeline.entry import ActorRef, Entry, Fact
from tocsin.timeline.facts.comms import EscalationAnswered, UpdatePosted, UpdateProposed
from tocsin.timeline.facts.incidents import (
    ChannelOpened,
    Declared,
    GroupLinked,
    Noted,
    PhaseChanged,
    RoleAssigned,
    SeverityChanged,
)
from tocsin.timeline.facts.mitigation import DecisionClosed, DecisionOpened, DecisionRan, DeploysHeld, FlagAnswered
from tocsin.timeline.facts.paging import PageRecorded
from tocsin.timeline.facts.recovery import CheckDefined, CheckSpec, VerdictChanged
from tocsin.timeline.facts.review import FollowupAdded
from tocsin.timeline.facts.triage import EvidenceAdded, ImpactChanged
from tocsin.timeline.state import fold
from tocsin.web.pages.room.sources import Candidate, Change, ServiceCard, Sources
from tocsin.web.views.common import Names

PEOPLE = {
    "dana": "Dana Okafor",
    "jonas": "Jonas Weber",
    "ines": "Inês Duarte",
    "mara": "Mara Lindqvist",
    "ravi": "Ravi Menon",
    "kofi": "Kofi Mensah",
}
BUNDLE = Bundle.of(default_text())
ERR = (
    0.2,
    0.2,
    0.3,
    0.4,
    1.1,
    9,
    22,
    38,
    55,
    64,
    70,
    72,
    69,
    66,
    66,
    67,
    68,
    69,
    70,
    71,
    72,
    71,
    71,
    70,
    61,
    44,
    22,
    6.2,
)


def at(clock: str) -> datetime:
    """'14:08:31' on the day of the story."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    return datetime(2026, 11, 19, hour, minute, second, tzinfo=UTC)


def by(person: str) -> ActorRef:
    """The actor of an entry."""
    if person == "tocsin":
        return ActorRef(kind="system", id="system", name="Tocsin")
    return ActorRef(kind="person", id=person, name=PEOPLE[person], person_id=person)


def _check(check_id: str, name: str, limit: float, unit: str, comparator: str = "<") -> CheckDefined:
    return CheckDefined(
        check=CheckSpec(
            id=check_id,
            name=name,
            kind="promql",
            query=f"{check_id}:now",
            comparator=comparator,
            threshold=limit,
            unit=unit,
        ),
        origin="catalog",
    )


def _page(event: str, person: str | None = None, method: str | None = None) -> PageRecorded:
    return PageRecorded(page_id="p1", log_seq=1, event=event, purpose="group", person=person, method=method, text=None)


STORY: tuple[tuple[str, str, Fact], ...] = (
    (
        "14:08:31",
        "mara",
        Declared(
            number=147,
            title="Checkout failing for card payments",
            severity=2,
            services=("checkout-api",),
            group_ids=("g1",),
            first_paged_at=at("14:07:15"),
            impact_started_at=at("14:04:30"),
            bundle_digest=BUNDLE.digest,
        ),
    ),
    (
        "14:07:12",
        "tocsin",
        GroupLinked(group_id="g1", title="CheckoutErrorRateHigh", services=("checkout-api",), firing=14, total=14),
    ),
    ("14:07:15", "tocsin", _page("step", "mara")),
    ("14:07:16", "tocsin", _page("attempt", "mara", "email")),
    ("14:07:17", "tocsin", _page("receipt", "mara", "email")),
    ("14:08:03", "mara", _page("acknowledged", "mara", "link")),
    ("14:08:31", "tocsin", ChannelOpened(channel="room", name="#inc-147")),
    ("14:08:31", "tocsin", PhaseChanged(phase="triage", previous="declared", automatic=True)),
    ("14:08:40", "mara", RoleAssigned(role="expert:checkout-api", person="mara", how="taken")),
    ("14:09:10", "dana", RoleAssigned(role="commander", person="dana", how="taken")),
    ("14:09:40", "dana", DeploysHeld(services=("checkout-api", "payments-gateway", "web-storefront"))),
    ("14:10:22", "dana", SeverityChanged(severity=1, previous=2, reason="72% of card payments failing.")),
    # -- the first five minutes end here
    ("14:10:40", "jonas", RoleAssigned(role="operations", person="jonas", how="taken")),
    ("14:11:46", "jonas", FlagAnswered(answer="flag_turned", flag="checkout.wallet_only")),
    ("14:12:05", "ines", RoleAssigned(role="communications", person="ines", how="taken")),
    (
        "14:13:52",
        "ines",
        UpdatePosted(
            update_id="u1",
            audience="external",
            known="Some card payments are failing at checkout.",
            doing="We are looking into it now.",
            next="Paying with a wallet works.",
            headline="Some card payments fail",
            approved_by="dana",
            next_at=at("14:43:52"),
        ),
    ),
    ("14:15:20", "dana", EscalationAnswered(question="data_or_auth", answer=False, note="No sign of it.")),
    (
        "14:16:20",
        "jonas",
        EvidenceAdded(
            evidence_id="e1",
            what="log",
            title="Pod logs before restart, 4 pods",
            sha256="9a3f" + "0" * 56 + "c07e",
            size=2_200_000,
            captured_at=at("14:16:20"),
            volatile=True,
        ),
    ),
    (
        "14:17:50",
        "mara",
        Noted(text="Every failing call waits on the payments-db pool. The new build opens a pool per request."),
    ),
    ("14:18:00", "dana", ImpactChanged(services=("checkout-api",), customers="3,180 customers hit so far")),
    (
        "14:19:05",
        "jonas",
        DecisionOpened(
            decision_id="d3",
            title="Double checkout-api pods",
            what="scale",
            command="kubectl -n checkout scale deploy/checkout-api --replicas=24",
            expected="Failures below 10% within 3 min",
            expected_by=at("14:22:05"),
            started_at=at("14:19:05"),
        ),
    ),
    ("14:19:06", "tocsin", PhaseChanged(phase="mitigating", previous="triage", automatic=True)),
    ("14:20:00", "tocsin", _check("err", "Card payments failing", 1, "%")),
    ("14:20:00", "tocsin", _check("p95", "Checkout p95", 800, " ms")),
    ("14:20:00", "tocsin", _check("auth", "Card approval rate", 98, "%", ">")),
    ("14:20:00", "tocsin", _check("pool", "payments-db pool in use", 70, "%")),
    (
        "14:22:05",
        "jonas",
        DecisionClosed(decision_id="d3", actual="71%, no change. Pool still full", matched="no_match"),
    ),
    (
        "14:23:15",
        "jonas",
        DecisionOpened(
            decision_id="d4",
            title="Roll back checkout-api",
            what="rollback",
            change_id="c1",
            command="kubectl -n checkout rollout undo deploy/checkout-api --to-revision=318",
            expected="Failures below 1% within 6 min of rollout",
            expected_by=at("14:31:58"),
            started_at=at("14:23:15"),
        ),
    ),
    ("14:25:58", "jonas", DecisionRan(decision_id="d4", ended_at=at("14:25:58"), exit_code=0)),
    (
        "14:26:00",
        "ines",
        UpdateProposed(
            update_id="u2",
            audience="external",
            known="We have undone a recent update.",
            doing="Most card payments are going through again.",
            next="We will post again by 14:50 UTC.",
            status="monitoring",
        ),
    ),
    (
        "14:26:40",
        "ines",
        UpdatePosted(
            update_id="u3",
            audience="internal",
            known="Card payments began failing at 14:04:30, two minutes after checkout-api 2026.11.19-3. Wallets work.",
            doing="Rolled back to 2026.11.19-2 at 14:25:58. Failures fell from 72% to 6.2% and are still falling.",
            next="If failures are below 1% by 14:31:58 we move to restore. If not, Jonas restarts the payments-db pool.",
        ),
    ),
    ("14:26:50", "tocsin", VerdictChanged(check_id="err", verdict="fail", value=6.2)),
    ("14:26:50", "tocsin", VerdictChanged(check_id="p95", verdict="fail", value=1140)),
    ("14:26:50", "tocsin", VerdictChanged(check_id="auth", verdict="fail", value=93.4)),
    ("14:26:50", "tocsin", VerdictChanged(check_id="pool", verdict="pass", value=58)),
    (
        "14:27:00",
        "mara",
        FollowupAdded(followup_id="f1", what="tests", title="Load test with the pool limit production really has"),
    ),
    (
        "14:27:10",
        "mara",
        Noted(text="First clean card payment through the old build. Retries from the queue are clearing."),
    ),
)
FIRST_FIVE = 12


def entries(count: int | None = None) -> tuple[Entry, ...]:
    """The story's entries, the first `count` of them."""
    return tuple(
        Entry(
            incident_id="0199",
            seq=seq,
            id=f"entry-{seq}",
            actor=by(who),
            happened_at=at(when),
            recorded_at=at(when),
            fact=fact,
            hash="h",
        )
        for seq, (when, who, fact) in enumerate(STORY[:count], start=1)
    )


def sources(now: datetime, count: int | None = None) -> Sources:
    """What the room reads at `now`."""
    told = entries(count)
    return Sources(
        state=fold(told),
        bundle=BUNDLE,
        names=Names(people=PEOPLE),
        now=now,
        entries=told,
        person_id="dana",
        responds=True,
        candidates={"communications": Candidate("ines", "Inês Duarte", "On call for communications, 14:10 Lisbon.")},
        samples={"err": ERR},
        changes=(
            Change(
                "c1",
                "deploy",
                "checkout-api",
                "2026.11.19-3",
                "Reuse pooled connections in payment client",
                "",
                "",
                at("14:02:10"),
                0.94,
                "2:20 before impact, same service",
            ),
            Change(
                "c2",
                "flag",
                "cart",
                "",
                "cart.new_totals 25% to 50%",
                "",
                "",
                at("13:51:00"),
                0.41,
                "13:30 before impact, one call away",
            ),
        ),
        services={
            "checkout-api": ServiceCard(
                "checkout-api", "checkout-api", ("payments-gateway", "payments-db"), "Card payments"
            ),
            "payments-gateway": ServiceCard("payments-gateway", "payments-gateway", (), ""),
            "payments-db": ServiceCard("payments-db", "payments-db", (), ""),
            "web-storefront": ServiceCard("web-storefront", "web-storefront", ("checkout-api",), "Website"),
        },
        pageable=(Candidate("ravi", "Ravi Menon", "Database, 19:57 Pune"),),
        here=("dana", "jonas", "ines", "mara"),
    )


ROOM_AT = at("14:27:48")
FIRST_FIVE_AT = at("14:10:35")
SOON = timedelta(minutes=5)
