"""Communication's clocks that ran out, and vendors that the runbook engages."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from tocsin.comms import updates, usecases, vendors
from tocsin.engine.work import Job, Registry
from tocsin.errors import Conflict
from tocsin.identity.actor import SYSTEM
from tocsin.incidents.command import change_incident, read_bundle
from tocsin.incidents.handlers.effects import owed_of, remind_role
from tocsin.incidents.queries import state_of
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import organisation_of
from tocsin.runbook.clocks import Clock, find_clock
from tocsin.runbook.effects import EngageVendor
from tocsin.runbook.events import services_of
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.comms import AUDIENCE_WORDS, Audience
from tocsin.timeline.state import IncidentState

COMMANDER = "commander"


def register(registry: Registry) -> None:
    """Take communication's work from the engine."""
    registry.deadline("update.nudge", remind_owner)
    registry.deadline("update.due", update_due)
    registry.deadline("update.commander", remind_owner)
    registry.deadline("question.unanswered", remind_owner)
    registry.deadline("vendor.due", vendor_due)
    registry.task("effect.engage_vendor", engage_vendor)


def remind_owner(connection: Connection, job: Job, now: datetime) -> None:
    """Tell whose clock it is; without anyone in that role, the commander."""
    clock = _clock(connection, job, now)
    if clock is not None:
        state = state_of(connection, SYSTEM, job.subject_id)
        remind_role(connection, job.subject_id, _whose(clock, state), job.key, _sentence(clock.label), now)


def update_due(connection: Connection, job: Job, now: datetime) -> None:
    """An update is late: recorded, and its role is told at once; the commander follows by a clock of their own."""
    clock = _clock(connection, job, now)
    if clock is None:
        return
    audience: Audience = "internal" if job.payload["audience"] == "internal" else "external"

    def miss(state: IncidentState, _: Runbook) -> Iterable[Fact]:
        return updates.miss_update(state, audience, clock.due_at)

    changed = change_incident(connection, SYSTEM, job.subject_id, by_runbook(miss), now, also_ended=True)
    if changed.entries:
        role = _whose(clock, changed.state)
        text = f"The {AUDIENCE_WORDS[audience]} is late; it was due {clock.due_at:%H:%M} UTC."
        remind_role(connection, job.subject_id, role, f"{job.key}:late", text, now)


def vendor_due(connection: Connection, job: Job, now: datetime) -> None:
    """A vendor has not answered in time: recorded, and whose clock it is hears of it."""
    clock = _clock(connection, job, now)
    if clock is None:
        return
    engagement_id = str(job.payload["engagement_id"])

    def late(state: IncidentState, _: Runbook) -> Iterable[Fact]:
        return vendors.vendor_late(state, engagement_id, clock.due_at)

    changed = change_incident(connection, SYSTEM, job.subject_id, by_runbook(late), now, also_ended=True)
    if changed.entries:
        text = f"{clock.label} is late; it was due {clock.due_at:%H:%M} UTC."
        remind_role(connection, job.subject_id, _whose(clock, changed.state), f"{job.key}:late", text, now)


def engage_vendor(connection: Connection, job: Job, now: datetime) -> None:
    """Engage the vendor that a rule names, or each one that the hit services depend on."""
    effect = owed_of(job).effect
    assert isinstance(effect, EngageVendor)
    state = state_of(connection, SYSTEM, job.subject_id)
    if not state.incident.is_open:
        return
    organisation = organisation_of(connection)
    wanted = (effect.vendor,) if effect.vendor else vendors.vendors_of(services_of(state), organisation)
    for vendor in wanted:
        try:
            usecases.engage_vendor(connection, SYSTEM, job.subject_id, vendor, now)
        except Conflict:
            continue  # engaged already: what the rule wants holds


def _sentence(label: str) -> str:
    return label if label.endswith(("?", ".", "!")) else f"{label}."


def _whose(clock: Clock, state: IncidentState) -> str:
    """The role that the clock belongs to, while somebody has it; else the commander."""
    return clock.role if clock.role is not None and clock.role in state.incident.roles else COMMANDER


def _clock(connection: Connection, job: Job, now: datetime) -> Clock | None:
    """The clock that fired, if the state still wants it."""
    state = state_of(connection, SYSTEM, job.subject_id)
    return find_clock(state, read_bundle(connection, state.incident.bundle_digest), now, job.kind, job.key)
