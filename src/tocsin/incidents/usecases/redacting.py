"""Removing what should never have been written: from the entry, from the snapshot, and from every registered copy.

The chain stays whole, since only salted digests of free text are hashed. What was sent outside and what stands in
backups can't be reached from here; `docs/incidents.md` says so.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, and_, or_, select, type_coerce, update

from tocsin.identity.actor import Actor, Right
from tocsin.incidents import decide
from tocsin.incidents.command import Changed, change_incident, refold
from tocsin.incidents.usecases.moving import entry_of
from tocsin.runbook.bundle import Bundle
from tocsin.store.blobs import get_blob, has_blob, remove_blob
from tocsin.store.columns import Json, insert_or_ignore
from tocsin.store.database import REDACTED as EMPTY_LOG
from tocsin.store.database import announce
from tocsin.store.tables.comms import status_posts
from tocsin.store.tables.engine import deadlines, deliveries, tasks
from tocsin.store.tables.identity import audit, commands
from tocsin.store.tables.mitigation import allowed_changes, freezes
from tocsin.store.tables.paging import page_log, pages
from tocsin.store.tables.recovery import samples
from tocsin.store.tables.review import followups, postmortems
from tocsin.store.tables.timeline import copies, entries
from tocsin.timeline.entry import REDACTED, Fact, NewFact
from tocsin.timeline.facts.incidents import Redacted
from tocsin.timeline.facts.paging import PageRecorded
from tocsin.timeline.facts.triage import EvidenceAdded
from tocsin.timeline.state import IncidentState

CONTENT = "content"
"""The name under which a redaction tells that an artefact's bytes are removed."""

_SHORTEST = 8  # a shorter text is replaced only where it is the whole of a value: it may stand in any word


@dataclass(frozen=True)
class Place:
    """A table in which copies of an incident's texts may stand: its columns, and which rows are the incident's."""

    table: Table
    columns: tuple[str, ...]

    def rows_of(self, incident_id: str) -> ColumnElement[bool]:
        """The rows in which a copy may stand."""
        mine = select(pages.c.id).where(pages.c.incident_id == incident_id)
        if self.table is page_log:
            return page_log.c.page_id.in_(mine)
        if self.table in (deadlines, deliveries, tasks):
            subject_kind, subject_id = self.table.c.subject_kind, self.table.c.subject_id
            return or_(
                subject_id == incident_id,
                and_(subject_kind == "page", subject_id.in_(mine)),
                subject_id.startswith(f"{incident_id}:", autoescape=True),
            )
        if self.table is commands:
            return commands.c.command_id.is_not(None)
        column: ColumnElement[bool] = self.table.c.incident_id == incident_id
        return column


REGISTER = (
    Place(pages, ("title", "detail")),
    Place(page_log, ("data",)),
    Place(deliveries, ("payload", "receipt", "error")),
    Place(tasks, ("payload", "error")),
    Place(deadlines, ("payload", "error")),
    Place(samples, ("detail",)),
    Place(status_posts, ("headline", "known", "doing", "next")),
    Place(postmortems, ("sections",)),
    Place(followups, ("title",)),
    Place(freezes, ("reason", "thaw_reason")),
    Place(allowed_changes, ("reason",)),
    Place(audit, ("data",)),
    Place(commands, ("answer",)),
)
"""Every place outside the chain and its snapshot that holds texts of entries."""


def remember_copy(connection: Connection, entry_id: str, place: str, row_id: str) -> None:
    """Note that `place` (`table.column`) holds a text of the entry in row `row_id`, beyond what the register covers."""
    insert_or_ignore(connection, copies, {"entry_id": entry_id, "place": place, "row_id": row_id})


def redact_entry(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    seq: int,
    now: datetime,
    *,
    fields: tuple[str, ...] = (),
    reason: str | None = None,
) -> Changed:
    """Remove free texts of an entry (all, or the named `fields`) everywhere they were copied. Administrators only."""
    removed: list[str] = []

    def redact(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del state, bundle, at
        target = entry_of(connection, incident_id, seq)
        kept: dict[str, str] = _row(connection, incident_id, seq).texts
        content = (CONTENT,) if _has_content(connection, target.fact) else ()
        facts = decide.redact(target, fields, (*sorted(kept), *content), reason)
        removed.extend(kept[name] for fact in facts for name in fact.fields if name in kept)
        removed.extend(_said_beside(connection, target.fact) if facts else ())
        if facts:
            gone = target.fact.sha256 if isinstance(target.fact, EvidenceAdded) and CONTENT in facts[0].fields else ""
            facts += _repeated(connection, incident_id, seq, removed, gone, reason)
        return [NewFact(fact=fact) for fact in facts]

    changed = change_incident(connection, actor, incident_id, redact, now, right=Right.ADMIN, also_ended=True)
    if not changed.entries:
        return changed
    for entry in changed.entries:
        if isinstance(entry.fact, Redacted):
            row = _row(connection, incident_id, entry.fact.redacts)
            _empty(connection, row, entry.fact.fields, entry.id)
            if CONTENT in entry.fact.fields:
                _remove_content(connection, entry_of(connection, incident_id, entry.fact.redacts).fact)
            scrub(connection, incident_id, row.id, removed)
    announce(connection, EMPTY_LOG)
    return Changed(refold(connection, incident_id), changed.entries)


def _repeated(
    connection: Connection, incident_id: str, seq: int, texts: Iterable[str], sha256: str, reason: str | None
) -> list[Redacted]:
    """The other entries that repeat a removed text: pages' titles, reminders, messages that quote it, evidence.

    `sha256` is the removed content's, or ''.
    """
    gone = list(texts)
    found = []
    rows = select(entries.c.seq, entries.c.kind, entries.c.texts)
    rows = rows.where(entries.c.incident_id == incident_id, entries.c.seq != seq)
    for row in connection.execute(rows.order_by(entries.c.seq)).all():
        names = sorted(name for name, kept in row.texts.items() if any(_cleaned(kept, text) != kept for text in gone))
        if row.kind == EvidenceAdded.kind:
            fact = entry_of(connection, incident_id, row.seq).fact
            if isinstance(fact, EvidenceAdded) and _content_repeats(connection, fact, gone, sha256):
                names.append(CONTENT)
        if names:
            found.append(Redacted(redacts=row.seq, fields=tuple(names), reason=reason))
    return found


def _said_beside(connection: Connection, fact: Fact) -> list[str]:
    """What a page said below its title, which stands in no entry: who redacts that it was opened means both."""
    if not isinstance(fact, PageRecorded) or fact.event != "opened":
        return []
    return [
        each for each in connection.execute(select(pages.c.detail).where(pages.c.id == fact.page_id)).scalars() if each
    ]


def _has_content(connection: Connection, fact: Fact) -> bool:
    return isinstance(fact, EvidenceAdded) and has_blob(connection, fact.sha256)


def _content_repeats(connection: Connection, fact: EvidenceAdded, texts: list[str], sha256: str) -> bool:
    if not has_blob(connection, fact.sha256):
        return False
    if fact.sha256 == sha256:
        return True
    content = get_blob(connection, fact.sha256)
    return any(len(text) >= _SHORTEST and text.encode("utf-8", "replace") in content for text in texts)


def _remove_content(connection: Connection, fact: Fact) -> None:
    """Remove an artefact's bytes, also where another entry keeps the same ones; its SHA-256 stays in the chain."""
    if isinstance(fact, EvidenceAdded):
        remove_blob(connection, fact.sha256)


def _empty(connection: Connection, row: Any, fields: tuple[str, ...], redaction: str) -> None:
    same = (entries.c.incident_id == row.incident_id) & (entries.c.seq == row.seq)
    connection.execute(
        update(entries)
        .where(same)
        .values(
            texts={name: text for name, text in row.texts.items() if name not in fields},
            salts={name: salt for name, salt in row.salts.items() if name not in fields},
            redacted_by=redaction,
        )
    )


def scrub(connection: Connection, incident_id: str, entry_id: str, texts: Iterable[str]) -> int:
    """Replace the texts by `[redacted]` in every registered place; returns how many rows held one."""
    gone = [text for text in texts if text]
    count = 0
    for place in REGISTER:
        for name in place.columns:
            count += sum(
                _scrub_column(connection, place.table, name, place.rows_of(incident_id), text) for text in gone
            )
    remembered = connection.execute(select(copies.c.place, copies.c.row_id).where(copies.c.entry_id == entry_id)).all()
    for where, row_id in remembered:
        table_name, _, name = where.partition(".")
        table = entries.metadata.tables[table_name]
        key = next(iter(table.primary_key.columns))
        count += sum(_scrub_column(connection, table, name, key == row_id, text) for text in gone)
    return count


def _scrub_column(connection: Connection, table: Table, name: str, rows: ColumnElement[bool], text: str) -> int:
    column = table.c[name]
    as_json = isinstance(column.type, Json)
    sought = json.dumps(text, ensure_ascii=False)[1:-1] if as_json else text
    raw: ColumnElement[str] = _as_text(column) if as_json else column
    keys = list(table.primary_key.columns)
    found = connection.execute(
        select(*keys, column.label("content")).where(rows, raw.contains(sought, autoescape=True))
    )
    count = 0
    for row in found.all():
        cleaned = _cleaned(row.content, text)
        if cleaned != row.content:
            same = and_(*(key == value for key, value in zip(keys, row, strict=False)))
            connection.execute(update(table).where(same).values({name: cleaned}))
            count += 1
    return count


def _as_text(column: Any) -> Any:
    return type_coerce(column, Text)


def _cleaned(content: Any, text: str) -> Any:
    if isinstance(content, str):
        if content == text:
            return REDACTED
        return content.replace(text, REDACTED) if len(text) >= _SHORTEST else content
    if isinstance(content, list):
        return [_cleaned(each, text) for each in content]
    if isinstance(content, dict):
        return {key: _cleaned(each, text) for key, each in content.items()}
    return content


def _row(connection: Connection, incident_id: str, seq: int) -> Any:
    return connection.execute(select(entries).where(entries.c.incident_id == incident_id, entries.c.seq == seq)).one()
