"""Validates one object as far as it goes: a name that is nearly right is taken for the right one and told, so that it
hides no other mistake behind it. Pure.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tocsin.organisation.mistakes import fields_at, in_words
from tocsin.organisation.model.fields import Spec
from tocsin.runbook.yaml_tree import Node

_MOST_ROUNDS = 12  # each round mends one level of nesting at least
_KIND_BY_FIELD = {"query": "promql", "url": "http", "question": "person"}


@dataclass(frozen=True)
class Wrong:
    """One mistake in an object: the steps to the field as the file has them, its line, what is wrong, nearest name."""

    field: tuple[str, ...]
    line: int
    what: str
    near: str


@dataclass(frozen=True)
class Validated:
    """An object: its spec when nothing is wrong, its mistakes, and its tree with nearly right names put right."""

    spec: Spec | None
    node: Node
    wrong: tuple[Wrong, ...]


def validate(model: type[Spec], node: Node) -> Validated:
    """Validate one object's tree against its model."""
    told: list[Wrong] = []
    mended = node
    details: list[ErrorDetails] = []
    for _ in range(_MOST_ROUNDS):
        try:
            spec = model.model_validate(mended.plain())
        except ValidationError as wrong:
            details = list(_without_echoes(wrong.errors(include_url=False)))
        else:
            return Validated(None if told else spec, mended, tuple(told))
        trial = deepcopy(mended)
        repaired = [detail for detail in details if _mend(trial, detail, model)]
        if not repaired:
            break
        told += [_wrong(mended, detail, model) for detail in repaired]
        mended = trial
    return Validated(None, mended, (*told, *(_wrong(mended, detail, model) for detail in details)))


def line_of(node: Node, loc: list[str] | tuple[str | int, ...]) -> int:
    """The line of the field at `loc`, or of the nearest thing around it that the file holds."""
    line = node.key_line or node.line
    for step in loc:
        child = _child(node, step)
        if child is not None:
            node, line = child, child.key_line or child.line
    return line


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(str(step))
    if isinstance(node.value, list) and str(step).isdigit() and int(step) < len(node.value):
        return node.value[int(step)]
    return None


def _wrong(node: Node, detail: ErrorDetails, model: type[Spec]) -> Wrong:
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    if detail["type"] == "union_tag_not_found" and (written := _written_for_kind(_at(node, loc))):
        field = tuple(str(step) for step in (*_named(node, loc, ""), written))
        return Wrong(field, line_of(node, field), "there is no such field.", "Did you mean 'kind'?")
    if detail["type"] == "union_tag_invalid":
        loc = (*loc, "kind")
    field = tuple(str(step) for step in _named(node, loc, detail["type"]))
    return Wrong(field, line_of(node, loc), *in_words(detail, model))


def _without_echoes(details: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leaves out that a list is too short when it is so only because its members are wrong."""
    for detail in details:
        loc = detail["loc"]
        inside = any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details)
        if not (detail["type"] == "too_short" and inside):
            yield detail


def _named(node: Node, loc: tuple[str | int, ...], kind: str) -> Iterator[str | int]:
    """The steps of `loc` that a reader knows: pydantic adds the tags of unions, which stand in no file."""
    for place, step in enumerate(loc):
        child = _child(node, step)
        if child is not None:
            node = child
            yield step
        elif place == len(loc) - 1 and kind == "missing":
            yield step


def _mend(root: Node, detail: ErrorDetails, model: type[Spec]) -> bool:
    """Put a name that is nearly right in its place; False when there is none, or the right one stands there too."""
    loc = detail["loc"]
    if detail["type"] == "extra_forbidden":
        holder = _at(root, loc[:-1])
        near = _near(str(loc[-1]), fields_at(model, loc[:-1]))
        return near is not None and _rename(holder, str(loc[-1]), near)
    if detail["type"] == "union_tag_invalid":
        return _mend_kind(_at(root, loc))
    if detail["type"] == "union_tag_not_found":
        holder = _at(root, loc)
        written = _written_for_kind(holder)
        return written is not None and _rename(holder, written, "kind")
    return False


def _written_for_kind(check: Node) -> str | None:
    """The key by which a check without `kind` nearly says it."""
    keys = list(check.value) if isinstance(check.value, dict) else []
    return _near("kind", [key for key in keys if key not in _KIND_BY_FIELD])


def _at(node: Node, loc: tuple[str | int, ...]) -> Node:
    for step in loc:
        node = _child(node, step) or node  # a tag of a union stands in no file
    return node


def _near(name: str, valid: list[str]) -> str | None:
    return next(iter(get_close_matches(name.lower()[:80], valid, n=1, cutoff=0.6)), None)


def _rename(holder: Node, old: str, new: str) -> bool:
    if not isinstance(holder.value, dict) or new in holder.value or old not in holder.value:
        return False
    holder.value[new] = holder.value.pop(old)
    return True


def _mend_kind(check: Node) -> bool:
    """The kind of a check that nearly names one, or that its other fields tell."""
    if not isinstance(check.value, dict) or "kind" not in check.value:
        return False
    kind = check.value["kind"]
    telling = next((near for key in check.value if (near := _near(key, list(_KIND_BY_FIELD)))), None)
    meant = _KIND_BY_FIELD[telling] if telling else _near(str(kind.value), sorted(_KIND_BY_FIELD.values()))
    if meant is None or meant == kind.value:
        return False
    kind.value = meant
    return True
