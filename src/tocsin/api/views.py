"""How the API tells an incident and its entries."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.identity.actor import Actor
from tocsin.incidents.command import Changed, read_bundle
from tocsin.organisation.queries import everything
from tocsin.runbook.checklist import first_five
from tocsin.runbook.clocks import clocks
from tocsin.runbook.events import services_of
from tocsin.runbook.gates import following, missing
from tocsin.runbook.required_roles import required_roles
from tocsin.timeline.entry import Entry
from tocsin.timeline.state import IncidentState

NameOf = Callable[[str], str]


def names(connection: Connection) -> NameOf:
    """How sentences name people, teams and vendors."""
    organisation = everything(connection)

    def name_of(subject: str) -> str:
        for kind in (organisation.teams, organisation.vendors):
            if subject in kind:
                return kind[subject].name
        return organisation.person_name(subject)

    return name_of


def changed_view(connection: Connection, *changes: Changed, **more: Any) -> dict[str, Any]:
    """What a write answers: the state after it, the entries that it made, and what else is worth telling."""
    name_of = names(connection)
    return {
        "incident": head_view(changes[0].state),
        "entries": [entry_view(entry, name_of) for change in changes for entry in change.entries],
        **more,
    }


def head_view(state: IncidentState) -> dict[str, Any]:
    """What stands at an incident's head, with who has which role."""
    told = state.incident.model_dump(mode="json")
    return {"seq": state.seq, **told}


def state_view(connection: Connection, actor: Actor, state: IncidentState, now: datetime) -> dict[str, Any]:
    """The whole state, with what the runbook makes of it: clocks, gates, checklist, required roles."""
    bundle = read_bundle(connection, state.incident.bundle_digest)
    runbook = bundle.effective(services_of(state))
    coming = following(state, runbook)
    del actor
    return {
        **head_view(state),
        **{part: getattr(state, part).model_dump(mode="json") for part in _PARTS},
        "clocks": [clock for clock in clocks(state, bundle, now) if clock.is_shown],
        "gates": [{"phase": coming, "missing": [each.sentence for each in missing(state, runbook, coming)]}]
        if coming
        else [],
        "checklist": first_five(state, runbook),
        "required_roles": required_roles(state, runbook),
    }


def entry_view(entry: Entry, name_of: NameOf) -> dict[str, Any]:
    """One timeline entry: who, when, the sentence, and the fact's own fields."""
    return {
        "seq": entry.seq,
        "id": entry.id,
        "kind": entry.kind,
        "category": entry.fact.category,
        "actor": {
            "kind": entry.actor.kind,
            "id": entry.actor.id,
            "name": entry.actor.name,
            "person": entry.actor.person_id,
        },
        "happened_at": entry.happened_at,
        "recorded_at": entry.recorded_at,
        "sentence": entry.fact.sentence(name_of),
        "redacted": entry.redacted,
        "data": entry.fact.model_dump(mode="json"),
        "hash": entry.hash,
    }


def entry_views(connection: Connection, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Entries as the API tells them."""
    name_of = names(connection)
    return [entry_view(entry, name_of) for entry in entries]


_PARTS = ("paging", "triage", "mitigation", "comms", "recovery", "review")
