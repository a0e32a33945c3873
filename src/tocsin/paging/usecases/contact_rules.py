"""Setting a person's own rules of when they are paged by what."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import Forbidden, Invalid
from tocsin.identity import audit
from tocsin.identity.actor import Actor, Right
from tocsin.paging.preferences import MOST_RULES, Rule
from tocsin.paging.queries import people
from tocsin.paging.usecases.contact import list_methods
from tocsin.store.columns import upsert
from tocsin.store.database import announce
from tocsin.store.tables.paging import contact_rules


def list_rules(connection: Connection, actor: Actor, person_id: str) -> tuple[Rule, ...]:
    """A person's own rules, in order; Forbidden to others than themselves and managers."""
    _may(actor, person_id)
    return people.rules_of(connection, person_id)


def set_rules(connection: Connection, actor: Actor, person_id: str, rules: Sequence[Rule], now: datetime) -> None:
    """Put these rules in the place of those before. Invalid for a method that the person does not have."""
    actor.require_own()
    _may(actor, person_id)
    if len(rules) > MOST_RULES:
        raise Invalid(f"at most {MOST_RULES} rules", "rules")
    mine = {method.id for method in list_methods(connection, actor, person_id)}
    for place, rule in enumerate(rules):
        for method in rule.methods:
            if method not in mine:
                raise Invalid(f"'{method}' is none of this person's methods", f"rules.{place}.methods")
    row = {"person_id": person_id, "rules": [rule.model_dump(mode="json") for rule in rules], "changed_at": now}
    upsert(connection, contact_rules, row, ("person_id",))
    announce(connection, "people")
    audit.record(connection, actor, "set contact rules", person_id, {"rules": len(rules)}, now)


def _may(actor: Actor, person_id: str) -> None:
    if actor.person_id != person_id and actor.right < Right.MANAGER:
        raise Forbidden("one sets one's own rules; a manager may set those of others")
