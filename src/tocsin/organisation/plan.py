"""What an apply would change, worked out before anything is: a pure difference between what is held and the files."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tocsin.organisation.held import Held, Key, Origin, to_json, with_renames
from tocsin.organisation.load import Loaded, renames
from tocsin.organisation.model import Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.reading import Described

Action = Literal["add", "change", "take over", "rename", "remove", "deactivate"]

_SIGNS: dict[Action, str] = {
    "add": "+",
    "change": "~",
    "take over": "~",
    "rename": "→",
    "remove": "-",
    "deactivate": "-",
}


@dataclass(frozen=True)
class FieldChange:
    """One field before and after, as JSON values; None where it is absent."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """What happens to one object. `after` is None for a removal; `was` is its former id in a rename."""

    action: Action
    kind: Kind
    id: str
    after: Spec | None
    origin: Origin
    fields: tuple[FieldChange, ...] = ()
    was: str | None = None
    file: str | None = None
    line: int | None = None

    @property
    def key(self) -> Key:
        """Kind and id."""
        return self.kind, self.id

    def as_json(self) -> dict[str, Any]:
        """For the API, `--json` and the audit."""
        return {
            "action": self.action,
            "kind": self.kind,
            "id": self.id,
            "was": self.was,
            "file": self.file,
            "line": self.line,
            "fields": [{"field": f.field, "before": f.before, "after": f.after} for f in self.fields],
        }


@dataclass(frozen=True)
class Plan:
    """Every change, in the order in which it is carried out; `moved` are objects that only stand elsewhere now."""

    changes: tuple[Change, ...] = ()
    moved: tuple[tuple[Key, str, int], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether an apply would change nothing."""
        return not self.changes

    def as_json(self) -> list[dict[str, Any]]:
        """The changes for the API and `--json`."""
        return [change.as_json() for change in self.changes]

    def as_text(self) -> str:
        """For people: a line for each object, its fields below it, and the count at the end."""
        if self.is_empty:
            return "Nothing would change."
        lines = [line for change in self.changes for line in _lines(change)]
        counts = {action: sum(change.action == action for change in self.changes) for action in _SIGNS}
        told = ", ".join(f"{action} {count}" for action, count in counts.items() if count)
        return "\n".join([*lines, "", f"{len(self.changes)} change{'s' * (len(self.changes) != 1)}: {told}."])


def make_plan(held: Mapping[Key, Held], loaded: Loaded) -> Plan:
    """The difference between what is held and what the files say.

    Only what an earlier apply made is removed; people are deactivated instead. What was made elsewhere stays until
    a file names the same id, which takes it over. Asks nothing about mistakes: see `Loaded.mistakes`.
    """
    named = {(each.kind, each.id) for each in loaded.described}
    renamed = renames(loaded.described, held, named)
    changes: list[Change] = []
    moved: list[tuple[Key, str, int]] = []
    for each in loaded.described:
        change = _of(each, held, renamed)
        if change is not None:
            changes.append(change)
        elif (before := held[each.kind, each.id]).file != each.file or before.line != each.line:
            moved.append(((each.kind, each.id), each.file, each.line))
    for key, before in held.items():
        if key in named or key in renamed:
            continue
        change = _unnamed(key, before, renamed)
        if change is not None:
            changes.append(change)
    return Plan(tuple(changes), tuple(moved))


def _was(spec: Spec) -> tuple[str, ...]:
    former: tuple[str, ...] = getattr(spec, "was", ())
    return former


def _of(each: Described, held: Mapping[Key, Held], renamed: Mapping[Key, str]) -> Change | None:
    """What happens to an object that the files name; None when nothing does."""
    key: Key = (each.kind, each.id)
    former = next((id for (kind, id), new in renamed.items() if (kind, new) == key), None)
    before = held.get((each.kind, former)) if former else held.get(key)
    if before is None:
        return Change("add", *key, each.spec, "files", file=each.file, line=each.line)
    remembered = (*_was(each.spec), *(id for id in _was(before.spec) if id not in _was(each.spec) and id != each.id))
    after = each.spec.model_copy(update={"was": remembered}) if remembered != _was(each.spec) else each.spec
    fields = _differences(with_renames(before.spec, renamed), after)
    if former:
        return Change("rename", *key, after, "files", fields, former, each.file, each.line)
    if before.origin != "files":
        return Change("take over", *key, after, "files", fields, None, each.file, each.line)
    if fields or after != before.spec:
        return Change("change", *key, after, "files", fields, None, each.file, each.line)
    return None


def _unnamed(key: Key, before: Held, renamed: Mapping[Key, str]) -> Change | None:
    """What happens to an object that no file names."""
    if before.origin != "files":
        after = with_renames(before.spec, renamed)
        if after == before.spec:
            return None
        return Change("change", *key, after, before.origin, _differences(before.spec, after))
    if not isinstance(before.spec, Person):
        return Change("remove", *key, None, "files", file=before.file, line=before.line)
    if not before.spec.active:
        return None
    left = before.spec.model_copy(update={"active": False})
    return Change("deactivate", *key, left, "files", file=before.file, line=before.line)


def _differences(before: Spec, after: Spec) -> tuple[FieldChange, ...]:
    """Fields that differ. `was` is told by the rename itself; a runbook's text by how many lines it gained and lost."""
    one, other = to_json(before), to_json(after)
    shown = [to_json(each.masked()) if isinstance(each, Schedule) else to_json(each) for each in (before, after)]
    found = []
    for name in other:
        if name == "was" or one.get(name) == other[name]:
            continue
        if name == "text":
            found.append(FieldChange("text", None, _text_change(str(one.get(name, "")), str(other[name]))))
        else:
            found.append(FieldChange(name, shown[0].get(name), shown[1][name]))  # a calendar's address is a secret
    return tuple(found)


def _text_change(before: str, after: str) -> str:
    added = removed = 0
    for line in difflib.ndiff(before.splitlines(), after.splitlines()) if len(before) < 100_000 else ():
        added += line.startswith("+ ")
        removed += line.startswith("- ")
    return f"{added} lines added, {removed} removed" if added or removed else "changed"


def _lines(change: Change) -> list[str]:
    where = f"  ({change.file}:{change.line})" if change.file and change.action not in ("remove", "deactivate") else ""
    head = f"{_SIGNS[change.action]} {change.action} {change.kind} {change.id}"
    head += f", was {change.was}" if change.was else ""
    return [head + where, *(f"    {f.field}: {_field_text(f)}" for f in change.fields)]


def _field_text(change: FieldChange) -> str:
    if change.field == "text":
        return str(change.after)
    return f"{_value_text(change.before)} → {_value_text(change.after)}"


def _value_text(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:99] + "…"
