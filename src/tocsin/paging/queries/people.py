"""Who there is, who is on call, and how they can be reached: what a step needs to know at its moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from tocsin import wallclock
from tocsin.identity.sessions import token_name
from tocsin.oncall import queries as oncall
from tocsin.oncall.policy import Directory
from tocsin.organisation.model import SETTINGS_ID
from tocsin.organisation.model.policy import Policy
from tocsin.organisation.queries import everything
from tocsin.paging.methods import missing_here
from tocsin.paging.preferences import Rule, choose
from tocsin.paging.queries.resting import resting_until
from tocsin.store.tables.identity import accounts
from tocsin.store.tables.organisation import organisation_objects
from tocsin.store.tables.paging import contact_methods, contact_rules, page_log

# made once: see `lockable`
_RULES = select(contact_rules.c.rules).where(contact_rules.c.person_id == bindparam("person_id"))
_VERIFIED = (
    select(contact_methods.c.id, contact_methods.c.kind)
    .where(
        contact_methods.c.person_id == bindparam("person_id"),
        contact_methods.c.verified_at.is_not(None),
        contact_methods.c.removed_at.is_(None),
    )
    .order_by(contact_methods.c.position, contact_methods.c.created_at)
)
_SPECS = select(organisation_objects.c.id, organisation_objects.c.spec).where(
    organisation_objects.c.kind == bindparam("kind"), organisation_objects.c.valid_to.is_(None)
)
_SPEC = _SPECS.where(organisation_objects.c.id == bindparam("id"))


@dataclass(frozen=True)
class Way:
    """One verified way to reach a person."""

    method_id: str
    kind: str


def directory(connection: Connection) -> Directory:
    """What resolving a step needs: who is active, the teams, who is on call, and who was paged when."""

    def last_paged(person_id: str) -> datetime | None:
        of_person = (page_log.c.person_id == person_id, page_log.c.kind == "step")
        return connection.execute(select(func.max(page_log.c.at)).where(*of_person)).scalar()

    return replace(
        oncall.directory(connection),
        last_paged=last_paged,
        rests_until=lambda person_id, at: resting_until(connection, person_id, at),
    )


def policy_of(connection: Connection, policy_id: str | None) -> tuple[str | None, Policy | None]:
    """The policy as it is now, or the organisation's default one; (None, None): straight to the last resort."""
    organisation = everything(connection)
    asked = organisation.current_id("policy", policy_id) if policy_id else None
    wanted = asked if asked in organisation.policies else organisation.default_policy_id()
    policy = organisation.policies.get(wanted) if wanted else None
    return (wanted, policy) if policy else (None, None)


def last_resort(connection: Connection) -> tuple[str, ...]:
    """Who is paged when all else ran out; if the settings name nobody active, every administrator.

    Reads rows as they are and checks nothing: this path must work when little else does.
    """
    people = _specs(connection, "person")
    named = _specs(connection, "settings").get(SETTINGS_ID, {}).get("last_resort") or ()
    active = tuple(id for id in named if people.get(id, {"active": False}).get("active", True))
    if active:
        return active
    admins = select(accounts.c.person_id).where(accounts.c.right == "admin", accounts.c.deactivated_at.is_(None))
    return tuple(sorted(connection.execute(admins).scalars()))


def ways_to(connection: Connection, person_id: str) -> list[Way]:
    """The person's verified methods in their own order, as far as this installation can send by them.

    The screen is there besides.
    """
    return [way for way in _verified(connection, person_id) if missing_here(connection, way.kind) is None]


@dataclass(frozen=True)
class Ways:
    """The ways that a page takes to a person now, in order; `quiet` says why their own rules leave none."""

    ways: tuple[Way, ...]
    quiet: str | None = None


def ways_now(
    connection: Connection, person_id: str, severity: str | None, now: datetime, *, pierces: bool = False
) -> Ways:
    """The person's verified methods as their own rules choose them for this severity at this hour."""
    usable = {way.method_id: way for way in ways_to(connection, person_id)}
    rules = rules_of(connection, person_id)
    if not rules:
        return Ways(tuple(usable.values()))
    zone = wallclock.zone(_specs(connection, "person", person_id).get(person_id, {}).get("time_zone", "UTC"))
    chosen = choose(rules, tuple(usable), severity, now, zone, pierces=pierces)
    return Ways(tuple(usable[method] for method in chosen.methods), chosen.quiet)


def rules_of(connection: Connection, person_id: str) -> tuple[Rule, ...]:
    """The person's own rules, in order."""
    kept = connection.execute(_RULES, {"person_id": person_id}).scalar()
    return tuple(Rule.model_validate(rule) for rule in kept or ())


def ways_missing(connection: Connection, person_id: str) -> dict[str, str]:
    """The kinds of the person's verified methods by which this installation can't send, each with the reason."""
    reasons = {way.kind: missing_here(connection, way.kind) for way in _verified(connection, person_id)}
    return {kind: reason for kind, reason in reasons.items() if reason}


def _verified(connection: Connection, person_id: str) -> list[Way]:
    rows = connection.execute(_VERIFIED, {"person_id": person_id})
    return [Way(row.id, row.kind) for row in rows]


def verified_owners(connection: Connection, kind: str, address: str) -> list[str]:
    """Whose verified method of a kind has this address; for kinds whose addresses are no secret."""
    rows = connection.execute(
        select(contact_methods.c.person_id)
        .where(
            contact_methods.c.kind == kind,
            contact_methods.c.address == address,
            contact_methods.c.verified_at.is_not(None),
            contact_methods.c.removed_at.is_(None),
        )
        .order_by(contact_methods.c.person_id)
    )
    return list(dict.fromkeys(rows.scalars()))


def reachable(connection: Connection, person_id: str) -> bool:
    """Whether a page reaches the person by something else than an open screen."""
    return bool(ways_to(connection, person_id))


def names(connection: Connection) -> Callable[[str], str]:
    """How to name people; an id for somebody who is not known."""
    return everything(connection).person_name


def name_of(connection: Connection, person_id: str) -> str:
    """A person's name, that of a token which belongs to nobody, or the sender's; the id where there is none.

    Reads one row as it is: pages must be told when little else works.
    """
    found = _specs(connection, "person", person_id).get(person_id)
    return str(found["name"]) if found else token_name(connection, person_id) or person_id.removeprefix("sender:")


def email_of(connection: Connection, person_id: str) -> str | None:
    """The address that the organisation's files give."""
    return _specs(connection, "person", person_id).get(person_id, {}).get("email")


def is_active(connection: Connection, person_id: str) -> bool:
    """Whether the person is known and has not left."""
    return person_id in everything(connection).active_people


def _specs(connection: Connection, kind: str, id: str | None = None) -> dict[str, Mapping[str, Any]]:
    rows = connection.execute(_SPECS if id is None else _SPEC, {"kind": kind, "id": id})
    return {row.id: row.spec for row in rows}
