"""One YAML file in; the objects that it describes and every mistake in it out. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tocsin.organisation.mistakes import FileMistake, in_words
from tocsin.organisation.model import KEY_OF, MODELS, SETTINGS_ID, TOP_LEVEL, Kind
from tocsin.organisation.model.fields import SLUG_PATTERN, Spec
from tocsin.runbook.findings import RunbookError, nearest
from tocsin.runbook.yaml_tree import Node, read_tree

LONGEST_FILE = 8 * 1024 * 1024
MOST_NODES = 1_000_000
_SLUG = re.compile(SLUG_PATTERN)
_FAST: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Described:
    """An object as a file describes it, with where that stands."""

    kind: Kind
    id: str
    spec: Spec
    file: str
    node: Node

    @property
    def line(self) -> int:
        """The line of its id, from 1."""
        return self.node.key_line or self.node.line

    @property
    def path(self) -> str:
        """Its place in the file: 'services.checkout-api'; 'organisation' for the settings."""
        return KEY_OF[self.kind] if self.kind == "settings" else f"{KEY_OF[self.kind]}.{self.id}"

    def mistake(self, field: str, message: str, near: str = "") -> FileMistake:
        """A mistake in one of its fields ('steps.0.page'; '' for the object itself)."""
        loc = field.split(".") if field else []
        return FileMistake(self.file, line_of(self.node, loc), f"{self.path}.{field}".rstrip("."), message, near)


@dataclass(frozen=True)
class Broken:
    """An object that is there but has a mistake; what it names can still be looked up."""

    kind: Kind
    id: str
    file: str
    node: Node

    def mistake(self, field: str, message: str, near: str = "") -> FileMistake:
        """A mistake in one of its fields."""
        path = KEY_OF[self.kind] if self.kind == "settings" else f"{KEY_OF[self.kind]}.{self.id}"
        return FileMistake(self.file, line_of(self.node, field.split(".")), f"{path}.{field}", message, near)


@dataclass(frozen=True)
class Content:
    """One file's objects, its mistakes, and those that are there but have a mistake."""

    described: list[Described]
    mistakes: list[FileMistake]
    broken: list[Broken]
    is_yaml: bool = True


def line_of(node: Node, loc: list[str] | tuple[str | int, ...]) -> int:
    """The line of the field at `loc`, or of the nearest thing around it that the file holds."""
    line = node.key_line or node.line
    for step in loc:
        child: Node | None = None
        if isinstance(node.value, dict):
            child = node.value.get(str(step))
        elif isinstance(node.value, list) and str(step).isdigit() and int(step) < len(node.value):
            child = node.value[int(step)]
        if child is not None:
            node, line = child, child.key_line or child.line
    return line


def read_file(file: str, text: str) -> Content:
    """The objects of one file, and what is wrong in it; whatever is right is returned also when something is not."""
    content = Content([], [], [])
    unread = Content([], content.mistakes, [], is_yaml=False)
    if len(text) > LONGEST_FILE:
        content.mistakes.append(FileMistake(file, 0, "", f"is longer than {LONGEST_FILE >> 20} MiB. Split it."))
        return unread
    try:
        root, findings = read_tree(text, 1, most_nodes=MOST_NODES, loader=_FAST)
    except RunbookError as wrong:
        content.mistakes.extend(FileMistake(file, each.line, "", each.what, each.fix) for each in wrong.findings)
        return unread
    content.mistakes.extend(FileMistake(file, each.line, "", each.what, each.fix) for each in findings)
    if root.value is None:
        return content
    if not isinstance(root.value, dict):
        known = ", ".join(TOP_LEVEL)
        content.mistakes.append(FileMistake(file, root.line, "", f"must hold some of these keys: {known}."))
        return content
    for key, node in root.value.items():
        kind = TOP_LEVEL.get(key)
        if kind is None:
            what = "there is no such kind of object."
            content.mistakes.append(FileMistake(file, node.key_line, key, what, nearest(key, TOP_LEVEL)))
            continue
        if kind != "settings" and not isinstance(node.value, dict | None):
            what = "must hold ids, each with its fields below it."
            content.mistakes.append(FileMistake(file, node.key_line, key, what))
            continue
        for id, child in _objects(kind, node):
            _describe(kind, id, child, file, content)
    lost = any(each.what.startswith(f"'{key}' stands twice") for each in findings for key in TOP_LEVEL)
    return replace(content, is_yaml=not lost)


def _objects(kind: Kind, node: Node) -> Iterator[tuple[str, Node]]:
    if kind == "settings":
        yield SETTINGS_ID, node
    elif isinstance(node.value, dict):
        yield from node.value.items()


def _describe(kind: Kind, id: str, node: Node, file: str, content: Content) -> None:
    prefix = KEY_OF[kind] if kind == "settings" else f"{KEY_OF[kind]}.{id}"
    if not _SLUG.match(id):
        why = f"'{id}' is no id; use lower-case letters, digits, '-', '.' and '_'."
        content.mistakes.append(FileMistake(file, node.key_line, prefix, why))
        return
    model = MODELS[kind]
    try:
        spec = model.model_validate(node.plain())
    except ValidationError as wrong:
        for detail in _without_echoes(wrong.errors(include_url=False)):
            loc = tuple(step for step in detail["loc"] if step != "[key]")
            field = ".".join([prefix, *map(str, _named(node, loc, detail["type"]))])
            content.mistakes.append(FileMistake(file, line_of(node, loc), field, *in_words(detail, model)))
        content.broken.append(Broken(kind, id, file, node))
        return
    content.described.append(Described(kind, id, spec, file, node))


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
        child: Node | None = None
        if isinstance(node.value, dict):
            child = node.value.get(str(step))
        elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
            child = node.value[step]
        if child is not None:
            node = child
            yield step
        elif place == len(loc) - 1 and kind == "missing":
            yield step
