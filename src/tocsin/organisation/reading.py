"""One YAML file in; the objects that it describes and every mistake in it out. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from tocsin.organisation.mistakes import FileMistake
from tocsin.organisation.model import KEY_OF, MODELS, SETTINGS_ID, TOP_LEVEL, Kind
from tocsin.organisation.model.fields import SLUG_PATTERN, Spec
from tocsin.organisation.pieces import Trees, read_trees
from tocsin.organisation.repair import line_of, validate
from tocsin.runbook.findings import nearest
from tocsin.runbook.yaml_tree import Node, Twice

LONGEST_FILE = 8 * 1024 * 1024
_SLUG = re.compile(SLUG_PATTERN)


@dataclass(frozen=True)
class Placed:
    """An object that stands in a file, with where; by itself one that has a mistake."""

    kind: Kind
    id: str
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

    def said(self, name: str) -> object:
        """What the file says in one of its fields, unchecked; None when it says nothing."""
        child = self.node.value.get(name) if isinstance(self.node.value, dict) else None
        value = child.plain() if child is not None else None
        return value.strip() if isinstance(value, str) else value

    def mistake(self, field: str, message: str, near: str = "") -> FileMistake:
        """A mistake in one of its fields ('steps.0.page'; '' for the object itself)."""
        loc = field.split(".") if field else []
        return FileMistake(self.file, line_of(self.node, loc), f"{self.path}.{field}".rstrip("."), message, near)


@dataclass(frozen=True)
class Described(Placed):
    """An object as a file describes it."""

    spec: Spec


@dataclass
class Content:
    """One file's objects, its mistakes, those that are there but have a mistake, and what could not be read at all.

    `lost` are objects that stand where nothing could be read; `keys` are words of such text that could be ids.
    """

    described: list[Described] = field(default_factory=list)
    mistakes: list[FileMistake] = field(default_factory=list)
    broken: list[Placed] = field(default_factory=list)
    lost: set[tuple[Kind, str]] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


def read_file(file: str, text: str) -> Content:
    """The objects of one file, and what is wrong in it; whatever is right is returned also when something is not."""
    content = Content()
    if len(text) > LONGEST_FILE:
        trees = Trees()
        trees.lose(text, ())
        content.mistakes.append(FileMistake(file, 0, "", f"is longer than {LONGEST_FILE >> 20} MiB. Split it."))
    else:
        trees = read_trees(text)
    content.mistakes += [FileMistake(file, each.line, "", each.what, each.fix) for each in trees.findings]
    content.keys |= trees.keys
    content.lost |= {(kind, id) for key, id in trees.lost if (kind := _kind_of(key)) is not None}
    for root in trees.roots:
        _read_root(root, file, content)
    for each in trees.twice:
        _read_twice(each, file, content)
    return content


def _read_root(root: Node, file: str, content: Content) -> None:
    if root.value is None:
        return
    if not isinstance(root.value, dict):
        known = ", ".join(TOP_LEVEL)
        content.mistakes.append(FileMistake(file, root.line, "", f"must hold some of these keys: {known}."))
        return
    for key, node in root.value.items():
        _read_key(key, node, file, content)


def _read_key(key: str, node: Node, file: str, content: Content) -> None:
    """The objects below one top-level key; a key that is nearly right is told and taken for the right one."""
    if key not in TOP_LEVEL:
        what = "there is no such kind of object."
        content.mistakes.append(FileMistake(file, node.key_line, key, what, nearest(key, TOP_LEVEL)))
    kind = _kind_of(key)
    if kind is None:
        return
    if kind != "settings" and not isinstance(node.value, dict | None):
        content.mistakes.append(FileMistake(file, node.key_line, key, "must hold ids, each with its fields below it."))
        content.keys |= set(_words(node))
        return
    for id, child in _objects(kind, node):
        _describe(kind, id, child, file, content)


def _read_twice(twice: Twice, file: str, content: Content) -> None:
    """A key that stands twice in one mapping; objects below it that were put aside are read as well."""
    kind = _kind_of(twice.path[0])
    if len(twice.path) == 2 and kind is not None and kind != "settings":
        _describe(kind, twice.path[1], twice.earlier, file, content)  # told with the ids that stand in two places
        return
    what = f"stands twice, first on line {twice.earlier.key_line}."
    content.mistakes.append(FileMistake(file, twice.line, ".".join(twice.path), what, "Remove one."))
    if len(twice.path) == 1:
        _read_key(twice.path[0], twice.earlier, file, content)


def _kind_of(key: str) -> Kind | None:
    near = get_close_matches(key[:80].lower(), TOP_LEVEL, n=1, cutoff=0.6)
    return TOP_LEVEL.get(key) or (TOP_LEVEL[near[0]] if near else None)


def _words(node: Node) -> Iterator[str]:
    if isinstance(node.value, str):
        yield node.value
    for child in node.value if isinstance(node.value, list) else ():
        yield from _words(child)
    for key, child in node.value.items() if isinstance(node.value, dict) else ():
        yield key
        yield from _words(child)


def _objects(kind: Kind, node: Node) -> Iterator[tuple[str, Node]]:
    if kind == "settings":
        yield SETTINGS_ID, node
    elif isinstance(node.value, dict):
        yield from node.value.items()


def _describe(kind: Kind, id: str, node: Node, file: str, content: Content) -> None:
    found = validate(MODELS[kind], node)
    placed = Placed(kind, id, file, found.node)
    for wrong in found.wrong:
        name = ".".join([placed.path, *wrong.field])
        content.mistakes.append(FileMistake(file, wrong.line, name, wrong.what, wrong.near))
    if not _SLUG.match(id):
        content.mistakes.append(
            placed.mistake("", f"'{id}' is no id; use lower-case letters, digits, '-', '.' and '_'.")
        )
        # whoever names it in the right letters has made no mistake
        content.lost.add((kind, re.sub(r"[^a-z0-9._-]+", "-", id.strip().lower())))
    elif found.spec is not None:
        content.described.append(Described(kind, id, file, found.node, found.spec))
        return
    content.broken.append(placed)
