"""A file that is not YAML, read piece by piece, so that one wrong bracket hides no other mistake. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from tocsin.runbook.findings import Finding, RunbookError
from tocsin.runbook.yaml_tree import Node, Twice, read_tree

MOST_NODES = 1_000_000
_LONGEST = 1024 * 1024  # characters; a longer file is told by its first mistake alone
_FAST: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEAD = re.compile(r"['\"]?([\w.-]+)['\"]?\s*:")
_KEY = re.compile(r"([^\s'\"{}\[\],:]+)['\"]?\s*:")


@dataclass
class Trees:
    """What could be read of a text: its trees, the keys that stand twice, the mistakes, and what is lost.

    `lost` are the objects that stand there but could not be read, as (top-level key, id); `keys` are all words of the
    lost text that could be ids.
    """

    roots: list[Node] = field(default_factory=list)
    twice: list[Twice] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def lose(self, text: str, findings: tuple[Finding, ...]) -> None:
        """Note a text that can't be read."""
        self.findings += findings
        self.keys.update(_KEY.findall(text))


def read_trees(text: str) -> Trees:
    """Read a whole file, or, when it is not YAML, each of its objects alone."""
    trees = Trees()
    try:
        _read(text, 1, trees)
    except RunbookError as whole:
        if len(text) > _LONGEST:
            trees.lose(text, whole.findings)
            return trees
        for line, block in _split(text, 0):
            _read_block(block, line, trees)
        if not trees.findings:  # each piece alone is right: only the whole tells what is wrong
            trees.lose(text, whole.findings)
    return trees


def _read(text: str, first_line: int, trees: Trees) -> None:
    root, twice = read_tree(text, first_line, most_nodes=MOST_NODES, loader=_FAST)
    trees.roots.append(root)
    trees.twice += twice


def _read_block(block: str, first_line: int, trees: Trees) -> None:
    """One top-level key with what stands below it; if that can't be read, each object below it."""
    try:
        _read(block, first_line, trees)
        return
    except RunbookError as wrong:
        findings = wrong.findings
    lines = block.split("\n")
    head = _HEAD.match(lines[0])
    below = next((line for line in lines[1:] if line.strip() and not line.lstrip().startswith("#")), "")
    indent = len(below) - len(below.lstrip(" "))
    rest_of_head = lines[0][head.end() :].split(" #")[0].strip() if head else "?"
    if head is None or rest_of_head or not indent or "\t" in below[: indent + 1]:
        trees.lose(block, findings)
        return
    before = len(trees.findings)
    for line, piece in _split("\n".join(lines[1:]), indent):
        try:
            _read(f"{head[1]}:\n{piece}", first_line + line - 1, trees)
        except RunbookError as wrong:
            trees.lose(piece, wrong.findings)
            if name := _HEAD.match(piece.lstrip()):
                trees.lost.append((head[1], name[1]))
    if len(trees.findings) == before:
        trees.lose(block, findings)


def _split(text: str, indent: int) -> Iterator[tuple[int, str]]:
    """The pieces that begin with a key at this indentation, each with its first line, from 1."""
    first, piece = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        starts = len(line) - len(line.lstrip(" ")) == indent and _HEAD.match(line[indent:]) is not None
        if starts and any(each.strip() for each in piece):
            yield first, "\n".join(piece)
            first, piece = number, []
        piece.append(line)
    if any(each.strip() for each in piece):
        yield first, "\n".join(piece)
