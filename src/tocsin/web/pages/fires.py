"""The overview's cards of open incidents."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.recovery.queries import recent_samples
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.clocks import clocks
from tocsin.runbook.events import services_of
from tocsin.runbook.required_roles import required_roles
from tocsin.timeline.facts.recovery import CheckState
from tocsin.timeline.state import IncidentState
from tocsin.web import format as say
from tocsin.web.pages.room.criteria import spark_of
from tocsin.web.pages.room.head import PHASE_WORDS
from tocsin.web.views.common import Clock, Names, Spark
from tocsin.web.views.overview import Fire

_STEPS = ("declared", "triage", "mitigating", "restoring", "watching", "resolved", "review")


def fire(state: IncidentState, bundle: Bundle, names: Names, now: datetime, spark: Spark | None = None) -> Fire:
    """One incident's card."""
    incident, triage = state.incident, state.triage
    assert incident.declared_at is not None
    runbook = bundle.effective(services_of(state))
    running = clocks(state, bundle, now)
    row = [Clock("Elapsed", incident.declared_at, "up", f"declared {say.moment(incident.declared_at, now)}")]
    if triage.impact_started_at and not triage.impact_ended_at:
        since = f"since {say.moment(triage.impact_started_at, now)}"
        row.append(Clock("Customer impact", triage.impact_started_at, "up", since, tone="impact"))
    for clock in running:
        if clock.kind == "update.due" and len(row) < 4:
            label = "Internal update due" if clock.payload.get("audience") == "internal" else "Status page due"
            row.append(
                Clock(label, clock.due_at, "down", f"by {say.moment(clock.due_at, now)}", None, clock.started_at)
            )
    empty = tuple(need.title.lower() for need in required_roles(state, runbook) if need.empty_since)
    commander = incident.roles.get("commander")
    holders = tuple(dict.fromkeys(holder.person for holder in incident.roles.values()))
    return Fire(
        incident.number,
        incident.title,
        incident.severity,
        PHASE_WORDS[incident.phase],
        _STEPS.index(incident.phase),
        incident.phases[-1].entered_at,
        incident.severity > 2 or incident.phase == "watching",
        tuple(row),
        tuple(names.person(person) for person in holders),
        names.person(commander.person).first if commander else "",
        empty,
        _metric(state),
        spark,
        _window(state, now),
    )


def _leading(state: IncidentState) -> CheckState | None:
    """The check that tells most: the first that does not pass, else the first with a number."""
    numbers = [check for check in state.recovery.checks.values() if check.value is not None]
    return next((check for check in numbers if check.verdict != "pass"), numbers[0] if numbers else None)


def spark_for(connection: Connection, state: IncidentState) -> Spark | None:
    """The leading check's recent samples."""
    check = _leading(state)
    if check is None:
        return None
    values = tuple(
        sample.value
        for sample in recent_samples(connection, state.incident.id, check.spec.id)
        if sample.value is not None
    )
    return spark_of(check.spec, values)


def _metric(state: IncidentState) -> tuple[str, str, str] | None:
    check = _leading(state)
    if check is None or check.value is None:
        return None
    word = {"fail": "fails", "no_data": "no data", "pass": "passes"}.get(check.verdict or "", "")
    return (check.spec.name, say.quantity(check.value, check.spec.unit), word)


def _window(state: IncidentState, now: datetime) -> tuple[str, float, str, str] | None:
    recovery = state.recovery
    if not recovery.watch_started_at or not recovery.watch_seconds:
        return None
    counted = timedelta(seconds=recovery.watch_counted)
    if recovery.watch_counting_since and not recovery.watch_passed_at:
        counted += now - recovery.watch_counting_since
    length = timedelta(seconds=recovery.watch_seconds)
    counted = min(counted, length)
    return ("Watch", round(counted / length, 3), say.clock_text(counted), say.clock_text(length))
