"""Proving the record offline: every chain, head, look-up column, snapshot and number, against what was signed.

Finds any change, removal, insertion, reordering or cutting-off made in the database directly. Putting back an older,
signed copy of everything shows only against heads exported earlier (`heads`).
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.identity.keys import keys_of
from tocsin.store.tables.timeline import entries, incidents
from tocsin.timeline import journal
from tocsin.timeline.chain import GENESIS, faults, head_message, instant_of, read
from tocsin.timeline.entry import Entry
from tocsin.timeline.facts.incidents import Redacted
from tocsin.timeline.state import STATE_VERSION, IncidentState, apply


@dataclass(frozen=True)
class Fault:
    """The first bad thing of one incident. `seq` is None when it is not one entry's; `number` 0: of no incident."""

    number: int
    seq: int | None
    message: str

    def sentence(self) -> str:
        """For people."""
        incident = [f"INC-{self.number}"] if self.number else []
        entry = [f"entry {self.seq}"] if self.seq is not None else []
        return f"{', '.join([*incident, *entry])}: {self.message}"


@dataclass(frozen=True)
class Verified:
    """What `verify` found: how much was looked at, and each incident's first fault."""

    incidents: int
    entries: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Head:
    """An exported head: compare with it later to see whether an older copy was put back."""

    incident_id: str
    number: int
    seq: int
    head_hash: str


def verify(connection: Connection, earlier: Mapping[str, Head] | None = None) -> Verified:
    """Look at everything; with `earlier` heads, also that no chain was put back to before them."""
    heads = list(connection.execute(select(incidents).order_by(incidents.c.number)))
    found = _numbers(connection, heads)
    looked_at = 0
    for head in heads:
        count, fault = _incident(connection, head, (earlier or {}).get(head.id))
        looked_at += count
        if fault is not None:
            found.append(fault)
    known = {head.id for head in heads}
    for missing in (earlier or {}).values():
        if missing.incident_id not in known:
            found.append(Fault(missing.number, None, "it stood in the exported heads and is gone"))
    orphans = select(entries.c.incident_id, entries.c.seq).where(entries.c.incident_id.not_in(select(incidents.c.id)))
    for row in connection.execute(orphans.limit(1)):
        found.append(Fault(0, row.seq, f"the entry belongs to no incident ({row.incident_id})"))
    return Verified(len(heads), looked_at, tuple(sorted(found, key=lambda fault: (fault.number, fault.seq or 0))))


def export_heads(connection: Connection) -> str:
    """All heads as JSON text, for `verify --heads` later; keep it where the server can't write."""
    rows = connection.execute(select(incidents).order_by(incidents.c.number))
    heads = [asdict(Head(row.id, row.number, row.seq, row.head_hash)) for row in rows]
    return json.dumps({"heads": heads}, indent=1)


def read_heads(text: str) -> dict[str, Head]:
    """Back from `export_heads`; raises ValueError or KeyError when the file is none."""
    return {raw["incident_id"]: Head(**raw) for raw in json.loads(text)["heads"]}


def _numbers(connection: Connection, heads: list[Row[Any]]) -> list[Fault]:
    """Numbers have no gaps up to the signed counter."""
    counted, signature = journal.counter(connection)
    found = []
    if (counted or heads) and not keys_of(connection).verifies(journal.COUNTER, str(counted), signature):
        found.append(Fault(0, None, "the incident counter's signature does not fit"))
    present = {head.number for head in heads}
    highest = max([counted, *present], default=0)
    found.extend(
        Fault(number, None, "the incident is gone") for number in range(1, highest + 1) if number not in present
    )
    if present and max(present) > counted:
        found.append(Fault(max(present), None, "its number was never given out"))
    return found


def _incident(connection: Connection, head: Row[Any], earlier: Head | None) -> tuple[int, Fault | None]:
    rows = list(connection.execute(select(entries).where(entries.c.incident_id == head.id).order_by(entries.c.seq)))
    number = head.number
    if not keys_of(connection).verifies(
        journal.HEAD, head_message(head.id, head.seq, head.head_hash), head.head_signature
    ):
        return len(rows), Fault(number, None, "the signature of its head does not fit")
    redactions = _redactions(rows)
    prev, state = GENESIS, IncidentState()
    for expected, row in enumerate(rows, start=1):
        if row.seq != expected:
            return len(rows), Fault(number, expected, "the entry is missing")
        wrong = faults(journal.link_of(row), prev, redactions)
        if wrong:
            return len(rows), Fault(number, row.seq, wrong[0])
        try:
            entry = read(journal.link_of(row))
        except ValueError as error:
            return len(rows), Fault(number, row.seq, str(error))
        if mismatch := _lookup_mismatch(row, entry, head.id):
            return len(rows), Fault(number, row.seq, mismatch)
        state, prev = apply(state, entry), row.hash
    if len(rows) < head.seq:
        return len(rows), Fault(number, len(rows) + 1, "the end of the chain was cut off")
    if len(rows) > head.seq or prev != head.head_hash:
        return len(rows), Fault(number, head.seq + 1, "the entry was added behind the signed head")
    if earlier and (earlier.seq > head.seq or rows[earlier.seq - 1].hash != earlier.head_hash):
        return len(rows), Fault(number, earlier.seq, "the chain differs from the heads exported earlier")
    return len(rows), _snapshot_fault(head, state)


def _redactions(rows: list[Row[Any]]) -> dict[int, set[str]]:
    """Fields named by `redacted` entries, by seq. Their own hashes are checked in their turn."""
    named: defaultdict[int, set[str]] = defaultdict(set)
    for row in rows:
        if row.kind != Redacted.kind:
            continue
        try:
            raw = json.loads(row.body)["facts"]
            named[int(raw["redacts"])].update(raw["fields"])
        except (ValueError, KeyError, TypeError):
            continue  # its hash will not fit, which is told
    return named


def _lookup_mismatch(row: Row[Any], entry: Entry, incident_id: str) -> str | None:
    """Columns that screens search by must say what the hashed body says."""
    body = json.loads(row.body)
    pairs = (
        ("incident", entry.incident_id, incident_id),
        ("seq", entry.seq, row.seq),
        ("id", entry.id, row.id),
        ("kind", entry.kind, row.kind),
        ("actor", (entry.actor.kind, entry.actor.id), (row.actor_kind, row.actor_id)),
        ("happened_at", instant_of(body["happened_at"]), row.happened_at),
        ("recorded_at", instant_of(body["recorded_at"]), row.recorded_at),
    )
    for name, hashed, stored in pairs:
        if hashed != stored:
            return f"its column {name} was changed: the record says {hashed}, the column {stored}"
    return None


def _snapshot_fault(head: Row[Any], state: IncidentState) -> Fault | None:
    incident = state.incident
    if head.state_version == STATE_VERSION and IncidentState.model_validate_json(head.state) != state:
        return Fault(head.number, None, "the stored state was changed: it is not the fold of its entries")
    pairs = (
        ("number", incident.number, head.number),
        ("title", incident.title, head.title),
        ("severity", incident.severity, head.severity),
        ("phase", incident.phase, head.phase),
        ("restricted", incident.restricted, bool(head.restricted)),
        ("practice", incident.practice, bool(head.practice)),
    )
    for name, folded, stored in pairs:
        if folded != stored:
            return Fault(
                head.number, None, f"its column {name} was changed: the record says {folded}, the column {stored}"
            )
    return None
