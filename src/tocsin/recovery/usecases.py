"""What people and the engine do to an incident's recovery: checks, samples, words, windows. One transaction each."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert

from tocsin.engine.deliveries import send_later
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Actor
from tocsin.ids import new_id
from tocsin.incidents.command import Changed, change_incident
from tocsin.recovery import watch
from tocsin.recovery.checks import Sample
from tocsin.recovery.queries import history_of, next_sample_at
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.events import services_of
from tocsin.runbook.model import Runbook
from tocsin.store.tables.recovery import samples
from tocsin.timeline.entry import ActorRef, Entry, Fact, NewFact
from tocsin.timeline.facts.incidents import OPEN_PHASES
from tocsin.timeline.facts.recovery import Attested, CheckDefined, CheckRemoved, CheckSpec, VerdictWord
from tocsin.timeline.state import IncidentState, apply

SAMPLE = "sample"
_LOOK_BACK = timedelta(minutes=10)
_SIMULTANEOUS = 10  # steps that may follow from one look


def look(connection: Connection, incident_id: str, now: datetime) -> Changed:
    """Define the checks of services that joined, keep sampling going, and take the steps that the verdicts allow."""

    def decide(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        facts = _missing_checks(state, bundle)
        runbook = bundle.effective(services_of(state))
        return [NewFact(fact=fact) for fact in _follow(connection, state, runbook, facts, at)]

    changed = change_incident(connection, SYSTEM, incident_id, decide, now, also_ended=True)
    keep_sampling(connection, changed.state, now)
    return changed


def record_sample(connection: Connection, incident_id: str, sample: Sample, now: datetime) -> Changed:
    """Store a sample; verdicts that it changes, and what follows from them, go onto the timeline."""
    connection.execute(
        insert(samples).values(
            id=new_id(),
            incident_id=incident_id,
            check_id=sample.check_id,
            at=sample.at,
            verdict=sample.verdict,
            value=sample.value,
            detail=sample.detail,
        )
    )

    def decide(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        if sample.check_id not in state.recovery.checks or not state.incident.is_open:
            return []
        runbook = bundle.effective(services_of(state))
        history = history_of(connection, state, at)
        told = watch.verdicts(state, history)
        facts = _follow(connection, state, runbook, told, at)
        return [NewFact(fact=fact) for fact in [*facts, *watch.no_data_to_tell(state, runbook, at)]]

    changed = change_incident(connection, SYSTEM, incident_id, decide, now, also_ended=True)
    keep_sampling(connection, changed.state, now, sampled=sample.check_id)
    return changed


def hold_over(connection: Connection, incident_id: str, now: datetime) -> Changed:
    """The hold's deadline fired."""
    return _window_over(connection, incident_id, watch.hold_ran_out, now)


def watch_over(connection: Connection, incident_id: str, now: datetime) -> Changed:
    """The watch's deadline fired."""

    def ran_out(state: IncidentState, _runbook: Runbook, history: watch.History, at: datetime) -> list[Fact]:
        return watch.watch_ran_out(state, history, at)

    return _window_over(connection, incident_id, ran_out, now)


def define_check(connection: Connection, actor: Actor, incident_id: str, spec: CheckSpec, now: datetime) -> Changed:
    """Add a check to the incident, or change one; edits stay on the timeline."""

    def decide(state: IncidentState, _bundle: Bundle, _now: datetime) -> list[NewFact]:
        known = state.recovery.checks.get(spec.id)
        if known is not None and known.spec == spec:
            return []
        return [NewFact(fact=CheckDefined(check=spec, origin="person"))]

    return change_incident(connection, actor, incident_id, decide, now)


def remove_check(
    connection: Connection, actor: Actor, incident_id: str, check_id: str, reason: str, now: datetime
) -> Changed:
    """Take a check out of the criteria, with the reason."""
    if not reason.strip():
        raise Invalid("say why the check no longer counts; it stays on the timeline", "reason")

    def decide(state: IncidentState, _bundle: Bundle, _now: datetime) -> list[NewFact]:
        check = _check_of(state, check_id)
        return [NewFact(fact=CheckRemoved(check_id=check.id, reason=reason.strip()))]

    return change_incident(connection, actor, incident_id, decide, now)


def attest(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    check_id: str,
    verdict: VerdictWord,
    note: str | None,
    now: datetime,
) -> Changed:
    """A person's word on a check that asks for one: pass, fail, or no_data, which takes the word back."""

    def decide(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        check = _check_of(state, check_id)
        if check.kind != "person":
            raise Conflict(
                f"“{check.name}” is measured by {check.kind}; nobody's word changes it, but its gate can be overridden"
            )
        word = Attested(check_id=check.id, verdict=verdict, note=(note or "").strip() or None)
        del bundle, at
        return [NewFact(fact=word)]

    return change_incident(connection, actor, incident_id, decide, now)


def keep_sampling(connection: Connection, state: IncidentState, now: datetime, sampled: str | None = None) -> None:
    """Owe the next sample of every measured check while the incident is open.

    A slot (the interval counted from the epoch) makes the idempotency key, so however often this is called, on however
    many processes, each slot is sampled once.
    """
    incident = state.incident
    if incident.phase not in OPEN_PHASES:
        return
    for check_id, check in state.recovery.checks.items():
        if check.spec.kind == "person" or (sampled is not None and check_id != sampled):
            continue
        at, slot = next_sample_at(check.spec, now, first=sampled is None and check.verdict is None)
        send_later(
            connection,
            lane="checks",
            kind=SAMPLE,
            subject_kind="incident",
            subject_id=incident.id,
            idempotency_key=f"sample:{incident.id}:{check_id}:{slot}",
            payload={"incident_id": incident.id, "check": check.spec.model_dump(mode="json")},
            on_unknown="resend",
            now=now,
            not_before=at,
        )


def _window_over(
    connection: Connection,
    incident_id: str,
    ran_out: Callable[[IncidentState, Runbook, watch.History, datetime], Sequence[Fact]],
    now: datetime,
) -> Changed:
    def decide(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        runbook = bundle.effective(services_of(state))
        facts = list(ran_out(state, runbook, history_of(connection, state, at), at))
        return [NewFact(fact=fact) for fact in _follow(connection, state, runbook, facts, at)]

    return change_incident(connection, SYSTEM, incident_id, decide, now, also_ended=True)


def _follow(
    connection: Connection, state: IncidentState, runbook: Runbook, facts: Sequence[Fact], now: datetime
) -> list[Fact]:
    """The facts, and step by step what follows from the state after them."""
    done: list[Fact] = []
    waiting = list(facts)
    for _ in range(_SIMULTANEOUS):
        for fact in waiting:
            state = apply(state, _imagined(state, fact, now))
        done.extend(waiting)
        waiting = watch.follow(state, runbook, history_of(connection, state, now), now)
        if not waiting:
            return done
    return done


def _imagined(state: IncidentState, fact: Fact, now: datetime) -> Entry:
    """The entry that the fact will be, to see what follows from it before it is written."""
    return Entry(
        incident_id=state.incident.id,
        seq=state.seq + 1,
        id="",
        actor=ActorRef.of(SYSTEM),
        happened_at=now,
        recorded_at=now,
        fact=fact,
        hash="",
    )


def _missing_checks(state: IncidentState, bundle: Bundle) -> list[Fact]:
    if not state.incident.is_open:
        return []
    removed_or_known = set(state.recovery.checks) | set(state.recovery.removed_checks)
    return [
        CheckDefined(check=spec, origin="catalog" if spec.service else "runbook")
        for spec in bundle.checks_for(services_of(state))
        if spec.id not in removed_or_known
    ]


def _check_of(state: IncidentState, named: str) -> CheckSpec:
    """The check of this id; one of the catalog also by its own name alone, as long as only one service has it."""
    checks = state.recovery.checks
    if named in checks:
        return checks[named].spec
    meant = [check.spec for check_id, check in checks.items() if check_id.rpartition("/")[2] == named]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise Conflict(f"several services have a check {named!r}; say which: {', '.join(spec.id for spec in meant)}")
    raise NotFound(f"the incident has no check {named!r}; it has: {', '.join(checks) or 'none'}")
