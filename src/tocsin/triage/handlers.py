"""What triage does for rows that come due: the runbook asks for evidence."""

import logging
from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job, Registry
from tocsin.errors import Invalid
from tocsin.identity.actor import SYSTEM
from tocsin.incidents.handlers.effects import owed_of, remind_role
from tocsin.incidents.queries import state_of
from tocsin.paging.usecases.senders import SenderAsk
from tocsin.runbook.effects import Capture
from tocsin.triage.changes import change_of_sender
from tocsin.triage.usecases import ask_for_evidence, record_change

_log = logging.getLogger(__name__)


def register(registry: Registry) -> None:
    """Register every handler of this stage."""
    registry.task("effect.capture", capture)
    registry.task("sender.change", record_senders_change)


def capture(connection: Connection, job: Job, now: datetime) -> None:
    """Ask for a snapshot of what a restart would wipe out, and tell the role whose it is."""
    owed = owed_of(job)
    effect = owed.effect
    assert isinstance(effect, Capture)
    what = "snapshot" if effect.volatile else "file"
    changed = ask_for_evidence(connection, owed.incident_id, what, effect.what, now)
    if changed.entries and effect.role and effect.role in state_of(connection, SYSTEM, owed.incident_id).incident.roles:
        remind_role(connection, owed.incident_id, effect.role, owed.key, f"Keep this: {effect.what}", now)


def record_senders_change(connection: Connection, job: Job, now: datetime) -> None:
    """A change that came by an integration for alerts, as PagerDuty's change events do."""
    ask = SenderAsk.model_validate(dict(job.payload))
    change = change_of_sender(ask.integration, ask.service, ask.text, ask.more, min(ask.until or now, now))
    try:
        record_change(connection, ask.actor, change, now)
    except Invalid as error:
        _log.warning("a change that %s reported was not kept: %s", ask.integration, error.message)
