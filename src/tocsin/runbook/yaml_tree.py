"""YAML in, as plain values that remember their lines: a safe and bounded part of YAML.

Keys and words stay text (`on`, `off`, `no` are words here, not booleans); anchors, aliases and tags are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from tocsin.runbook.findings import Finding, RunbookError

DEEPEST = 16
MOST_NODES = 4000
_INT = re.compile(r"[-+]?\d{1,12}")
_FLOAT = re.compile(r"[-+]?\d{1,12}\.\d{1,12}")

Value: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"


@dataclass
class Node:
    """A value and the line (from 1, in the whole document) on which it begins; `key_line` where its key stands."""

    value: Value
    line: int
    key_line: int = 0

    def plain(self) -> object:
        """The value without lines, as pydantic reads it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(frozen=True)
class Twice:
    """A key that stands twice in one mapping: where it stands (names and places), and the value that was put aside."""

    path: tuple[str, ...]
    line: int
    earlier: Node

    def finding(self) -> Finding:
        """As a mistake of the text."""
        return Finding(
            self.line, f"'{self.path[-1]}' stands twice, first on line {self.earlier.key_line}.", "Remove one."
        )


@dataclass
class _Open:
    node: Node
    key: str | None = None
    key_line: int = 0
    filling: str = ""


def read_yaml(text: str, first_line: int) -> Node:
    """Reads one block whose text begins at `first_line` of the document; raises RunbookError with its mistakes."""
    root, twice = read_tree(text, first_line)
    if twice:
        raise RunbookError(each.finding() for each in twice)
    return root


def read_tree(
    text: str, first_line: int, *, most_nodes: int = MOST_NODES, loader: type[Any] = yaml.SafeLoader
) -> tuple[Node, list[Twice]]:
    """As `read_yaml`, but keys that stand twice (the last counts) are told beside what could be read."""
    twice: list[Twice] = []
    try:
        return _compose(text, first_line, twice, most_nodes, loader), twice
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        problem = error.problem or error.context or "it can't be read"
        raise RunbookError([Finding(line, f"This is not YAML: {problem}.", _yaml_hint(problem))]) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        reason = str(error).split("\n")[0]
        raise RunbookError([Finding(first_line, f"This is not YAML: {reason}.")]) from None


def _compose(text: str, first_line: int, twice: list[Twice], most_nodes: int, loader: type[Any]) -> Node:
    """Builds the tree from the parser's events with a stack of its own, so no input can exhaust Python's."""
    root: Node | None = None
    stack: list[_Open] = []
    count = 0
    for event in yaml.parse(text, Loader=loader):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RunbookError([Finding(line, "Anchors and aliases are not read here.", "Write the value out.")])
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent, yaml.ScalarEvent)):
            count += 1
            if event.tag and not (isinstance(event, yaml.ScalarEvent) and event.implicit[1] and event.tag == "!"):
                raise RunbookError([Finding(line, f"The tag {event.tag} is not read here.", "Remove it.")])
            if count > most_nodes or len(stack) >= DEEPEST:
                raise RunbookError([Finding(line, "The block is too large or too deep.", "Split it, or nest less.")])
        if isinstance(event, yaml.ScalarEvent):
            if stack and isinstance(stack[-1].node.value, dict) and stack[-1].key is None:
                stack[-1].key, stack[-1].key_line = str(event.value), line
                continue
            node = Node(_scalar(event, line), line)
        elif isinstance(event, yaml.MappingStartEvent):
            node = Node({}, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Node([], line)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
            continue
        elif isinstance(event, yaml.DocumentStartEvent) and root is not None:
            raise RunbookError([Finding(line, "A block holds one YAML document.", "Remove the line '---'.")])
        else:
            continue
        if stack:
            _attach(stack, node, twice)
        else:
            root = node
        if isinstance(node.value, (dict, list)):
            stack.append(_Open(node))
    return root if root is not None else Node(None, first_line)


def _attach(stack: list[_Open], node: Node, twice: list[Twice]) -> None:
    parent = stack[-1]
    holder = parent.node.value
    if isinstance(holder, list):
        node.key_line = node.line
        holder.append(node)
        return
    assert isinstance(holder, dict)
    if parent.key is None:
        raise RunbookError([Finding(node.line, "A key must be a word.", "Write `name: value`.")])
    if parent.key in holder:
        twice.append(Twice((*_path(stack[:-1]), parent.key), parent.key_line, holder[parent.key]))
    node.key_line = parent.key_line
    holder[parent.key] = node
    parent.filling, parent.key = parent.key, None


def _path(stack: list[_Open]) -> Iterator[str]:
    """The names and places of what is open: where the parser stands."""
    for each in stack:
        yield str(len(each.node.value) - 1) if isinstance(each.node.value, list) else each.filling


def _scalar(event: yaml.ScalarEvent, line: int) -> str | int | float | bool | None:
    text = str(event.value)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise RunbookError([Finding(line, "This text holds half of a character.", "Write the character itself.")])
    if not event.implicit[0]:
        return text
    if text in ("true", "false"):
        return text == "true"
    if text in ("", "~", "null"):
        return None
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _yaml_hint(problem: str) -> str:
    if "tab" in problem or "\\t" in problem:
        return "Indent with spaces."
    if "expected ',' or" in problem:
        return 'Put text with signs in it into quotes: "…?".'
    if "mapping values are not allowed" in problem:
        return "Put the text into quotes, or break the line after the colon."
    return "Check quotes, colons and indentation here."
