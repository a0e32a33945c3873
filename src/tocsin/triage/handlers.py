"""What triage does for rows that come due: the runbook asks for evidence."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job, Registry
from tocsin.identity.actor import SYSTEM
from tocsin.incidents.handlers.effects import owed_of, remind_role
from tocsin.incidents.queries import state_of
from tocsin.runbook.effects import Capture
from tocsin.triage.usecases import ask_for_evidence


def register(registry: Registry) -> None:
    """Register every handler of this stage."""
    registry.task("effect.capture", capture)


def capture(connection: Connection, job: Job, now: datetime) -> None:
    """Ask for a snapshot of what a restart would wipe out, and tell the role whose it is."""
    owed = owed_of(job)
    effect = owed.effect
    assert isinstance(effect, Capture)
    what = "snapshot" if effect.volatile else "file"
    changed = ask_for_evidence(connection, owed.incident_id, what, effect.what, now)
    if changed.entries and effect.role and effect.role in state_of(connection, SYSTEM, owed.incident_id).incident.roles:
        remind_role(connection, owed.incident_id, effect.role, owed.key, f"Keep this: {effect.what}", now)
