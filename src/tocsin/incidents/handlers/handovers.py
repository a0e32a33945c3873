"""A role that is offered: who is to answer is told at once, and paged when no answer comes."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job
from tocsin.identity.actor import SYSTEM
from tocsin.incidents import decide
from tocsin.incidents.command import change_incident
from tocsin.incidents.handlers.effects import ask
from tocsin.incidents.queries import state_of
from tocsin.incidents.staffing import Demand
from tocsin.incidents.usecases.moving import by_runbook, entry_of
from tocsin.organisation.model.fields import Target
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import role_word
from tocsin.timeline.state import IncidentState


def offered(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `handover_offered` {role, seq, to}: a word to who is to answer."""
    state = state_of(connection, SYSTEM, job.subject_id)
    if is_pending(connection, state, job):
        role, to = str(job.payload["role"]), str(job.payload["to"])
        title = f"{role_word(role).capitalize()} of INC-{state.incident.number} is offered to you"
        demand = Demand((Target(person=to),))
        ask(connection, state, "deadline", f"{job.subject_id}:offer:{role}:{to}", title, demand, now, urgency="notify")


def unanswered(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `handover_unanswered`: the offer is asked for again, once, and whoever offers it sees so."""
    state = state_of(connection, SYSTEM, job.subject_id)
    if not is_pending(connection, state, job):
        return
    role, to = str(job.payload["role"]), str(job.payload["to"])
    title = f"Still unanswered: {role_word(role)} of INC-{state.incident.number} is offered to you"

    def tell(_: IncidentState, __: Runbook) -> Iterable[Fact]:
        return decide.remind(f"handover:{role}:{job.payload['seq']}", title, role, (to,))

    changed = change_incident(connection, SYSTEM, job.subject_id, by_runbook(tell), now)
    subject = f"{job.subject_id}:offered:{role}:{to}"
    ask(connection, changed.state, "deadline", subject, title, Demand((Target(person=to),)), now)


def is_pending(connection: Connection, state: IncidentState, job: Job) -> bool:
    """Whether this very offer still waits for its answer."""
    offer = state.incident.offers.get(str(job.payload["role"]))
    if offer is None or not state.incident.is_open or offer.to != job.payload["to"]:
        return False
    return offer.at == entry_of(connection, job.subject_id, int(job.payload["seq"])).happened_at
