"""Changing the organisation: apply files, change an object on a screen, and the first start.

Each is one transaction. Rows are effective-dated: a change ends the old row and begins a new one, so who was on call,
and by which policy, never changes afterwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from tocsin.engine.tasks import owe
from tocsin.errors import Conflict, Invalid
from tocsin.identity import accounts
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.identity.audit import record
from tocsin.ids import new_id
from tocsin.organisation import queries
from tocsin.organisation.held import Held, Key, Origin, digest, to_json
from tocsin.organisation.load import load_texts
from tocsin.organisation.mistakes import WrongFiles
from tocsin.organisation.model import Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.model.person import Person
from tocsin.organisation.plan import Change, Plan, make_plan
from tocsin.organisation.references import dangling, users_of
from tocsin.organisation.start import first_objects
from tocsin.store.columns import insert_or_ignore, lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.base import metadata
from tocsin.store.tables.core import installation
from tocsin.store.tables.organisation import organisation_objects as rows

TOPIC = "organisation"
ALERTING_CHANGED = "alerting_changed"
SCHEDULE_CHANGED = "schedule_changed"
"""The task that each schedule is owed whose shifts may have changed; carried out by `oncall`."""

_KEEPS_OLD_IDS = frozenset({"page_log"})  # append-only: what was written stays as it was written


@dataclass(frozen=True)
class ApplyFiles:
    """Make the organisation be as these files say: path in the directory to text."""

    texts: Mapping[str, str]


@dataclass(frozen=True)
class SaveObject:
    """Make or change one object on a screen."""

    kind: Kind
    id: str
    spec: Spec


@dataclass(frozen=True)
class RemoveObject:
    """Remove one object that was made on a screen or at the first start; a person is deactivated instead."""

    kind: Kind
    id: str


def apply_files(connection: Connection, actor: Actor, command: ApplyFiles, now: datetime) -> Plan:
    """Apply the files in one go and return what was changed. Raises WrongFiles with every mistake; then nothing is."""
    actor.require(Right.MANAGER)
    _lock(connection)
    before = queries.held(connection)
    loaded = load_texts(command.texts, before)
    if loaded.mistakes:
        raise WrongFiles(loaded.mistakes)
    plan = make_plan(before, loaded)
    for change in plan.changes:
        _carry_out(connection, change, now)
    _keep_accounts(connection, [(change.key, change.after) for change in plan.changes], now)
    for (kind, id), file, line in plan.moved:
        place = update(rows).where(rows.c.kind == kind, rows.c.id == id, rows.c.valid_to.is_(None))
        connection.execute(place.values(source_file=file, source_line=line))
    if not plan.is_empty:
        record(connection, actor, "apply organisation", "organisation", {"changes": plan.as_json()}, now)
        _finish(connection, [change.key for change in plan.changes], now)
    return plan


def save_object(connection: Connection, actor: Actor, command: SaveObject, now: datetime) -> None:
    """Make or change an object on a screen. Raises Conflict when files own it, Invalid when it names what is not."""
    actor.require(Right.MANAGER)
    _lock(connection)
    before = queries.held(connection)
    key: Key = (command.kind, command.id)
    old = _editable(before, key)
    objects = {**{each: held.spec for each, held in before.items()}, key: command.spec}
    for wrong in dangling(objects):
        if wrong.user == key:
            named = f"{wrong.reference.kind} '{wrong.reference.id}'"
            why = "is deactivated" if wrong.deactivated else "does not exist"
            raise Invalid(f"{named} {why}", field=wrong.reference.field)
        if wrong.deactivated and (wrong.reference.kind, wrong.reference.id) == key:
            raise Conflict(f"{command.id} can't be deactivated: used by {wrong.user[0]} '{wrong.user[1]}'")
    _write(connection, key, command.spec, "screen" if old is None else old.origin, now)
    _keep_accounts(connection, [(key, command.spec)], now)
    told = {"spec": to_json(command.spec)}
    record(connection, actor, f"save {command.kind}", command.id, told, now)
    _finish(connection, [key], now)


def remove_object(connection: Connection, actor: Actor, command: RemoveObject, now: datetime) -> None:
    """Remove an object. Raises Conflict when files own it, or when something uses it, naming what does."""
    actor.require(Right.MANAGER)
    _lock(connection)
    before = queries.held(connection)
    key: Key = (command.kind, command.id)
    old = _editable(before, key)
    if old is None:
        raise Conflict(f"there is no {command.kind} '{command.id}'")
    if command.kind == "settings":
        raise Conflict("the organisation's settings can't be removed: without them there is no last resort")
    objects = {each: held.spec for each, held in before.items()}
    if users := [f"{kind} '{id}'" for kind, id in users_of(objects, *key) if (kind, id) != key]:
        raise Conflict(f"{command.kind} '{command.id}' is used by {', '.join(users)}; change that first")
    if isinstance(old.spec, Person):
        left = old.spec.model_copy(update={"active": False})
        _write(connection, key, left, old.origin, now)
        _keep_accounts(connection, [(key, left)], now)
    else:
        _close(connection, key, now)
    record(connection, actor, f"remove {command.kind}", command.id, {}, now)
    _finish(connection, [key], now)


def create_first_organisation(
    connection: Connection, person_id: str, name: str, email: str, time_zone: str, now: datetime
) -> None:
    """Make the first person, on call and last resort, unless there are settings already. Files may take all over."""
    _lock(connection)
    if queries.has_settings(connection):
        return
    made = first_objects(person_id, name, email, time_zone, now)
    for key, spec in made.items():
        _write(connection, key, spec, "start", now)
    record(connection, SYSTEM, "make first organisation", person_id, {"time_zone": time_zone}, now)
    _finish(connection, list(made), now)


def _lock(connection: Connection) -> None:
    """One writer of the organisation at a time: what is planned must be what is carried out."""
    insert_or_ignore(connection, installation, {"name": queries.VERSION_FACT, "value": ""})
    row = select(installation.c.value).where(installation.c.name == queries.VERSION_FACT)
    connection.execute(lock_rows(connection, row))


def _editable(before: Mapping[Key, Held], key: Key) -> Held | None:
    old = before.get(key)
    if old is not None and old.origin == "files":
        raise Conflict(f"{key[0]} '{key[1]}' comes from {old.file}:{old.line}; change it there and apply")
    return old


def _carry_out(connection: Connection, change: Change, now: datetime) -> None:
    if change.was is not None:
        _close(connection, (change.kind, change.was), now)
        if change.kind == "person":
            _rename_person(connection, change.was, change.id)
    if change.after is None:
        _close(connection, change.key, now)
        return
    _write(connection, change.key, change.after, change.origin, now, change.file, change.line)


def _write(
    connection: Connection,
    key: Key,
    spec: Spec,
    origin: Origin,
    now: datetime,
    file: str | None = None,
    line: int | None = None,
) -> None:
    begins = _close(connection, key, now) or now
    connection.execute(
        insert(rows).values(
            row_id=new_id(),
            kind=key[0],
            id=key[1],
            valid_from=begins,
            valid_to=None,
            spec=to_json(spec),
            digest=digest(spec),
            origin=origin,
            source_file=file,
            source_line=line,
        )
    )


def _close(connection: Connection, key: Key, now: datetime) -> datetime | None:
    """End the current row; returns when (a clock that stands still or steps back ends no row before it began)."""
    is_current = (rows.c.kind == key[0]) & (rows.c.id == key[1]) & rows.c.valid_to.is_(None)
    began: datetime | None = connection.execute(select(rows.c.valid_from).where(is_current)).scalar()
    if began is None:
        return None
    ends = max(now, began + timedelta(microseconds=1))
    connection.execute(update(rows).where(is_current).values(valid_to=ends))
    return ends


def _keep_accounts(connection: Connection, specs: Iterable[tuple[Key, Spec | None]], now: datetime) -> None:
    """The accounts' copies of names and e-mails follow; who is deactivated can't sign in any more."""
    people = {id: spec for (_, id), spec in specs if isinstance(spec, Person)}
    known = {each.person_id: each for each in accounts.all_accounts(connection)}
    concerned = {id: spec for id, spec in people.items() if id in known}
    addresses = {each.email: id for id, each in known.items() if id not in concerned}
    for id, spec in concerned.items():
        if other := addresses.get(accounts.normal_email(spec.email)):
            raise Conflict(f"'{other}' has an account with the address {spec.email.lower()}; '{id}' needs another")
        accounts.describe_account(connection, id, spec.name, None)  # so that two may swap theirs
    for id, spec in concerned.items():
        accounts.describe_account(connection, id, spec.name, spec.email)
        if not spec.active and known[id].deactivated_at is None:
            accounts.deactivate_account(connection, SYSTEM, id, now)
        elif spec.active and known[id].deactivated_at is not None:
            accounts.reactivate_account(connection, SYSTEM, id, now)


def _rename_person(connection: Connection, was: str, id: str) -> None:
    """Lead every row of every stage to a person's new id, so that no contact method, override or right is lost."""
    if accounts.account_of(connection, id) is not None:
        raise Conflict(f"'{was}' can't become '{id}': somebody else has an account under that id")
    for table in metadata.sorted_tables:
        if "person_id" in table.c and table.name not in _KEEPS_OLD_IDS:
            connection.execute(update(table).where(table.c.person_id == was).values(person_id=id))


def _finish(connection: Connection, changed: list[Key], now: datetime) -> None:
    # a word that no other change ever has: what a transaction that was undone had read is never taken for present
    mark = update(installation).where(installation.c.name == queries.VERSION_FACT)
    connection.execute(mark.values(value=new_id()))
    everybody = any(kind == "person" for kind, _ in changed)
    schedules = select(rows.c.id).where(rows.c.kind == "schedule", rows.c.valid_to.is_(None))
    touched = set(connection.execute(schedules).scalars()) if everybody else set()
    touched |= {id for kind, id in changed if kind == "schedule"}
    for schedule in sorted(touched):
        owe(connection, SCHEDULE_CHANGED, "schedule", schedule, {}, now)
    if any(kind in ("service", "routing") for kind, _ in changed):
        owe(connection, ALERTING_CHANGED, "organisation", "alerting", {}, now)
    announce(connection, TOPIC)
    if touched:
        announce(connection, "oncall")
