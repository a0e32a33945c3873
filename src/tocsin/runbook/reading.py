"""From Markdown to a Runbook: the blocks' values are put together, then validated once, each mistake with its line."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tocsin.runbook.document import LARGEST_BLOCK, MOST_BLOCKS, Block, Document, read_document
from tocsin.runbook.effects import EFFECTS
from tocsin.runbook.findings import Finding, RunbookError, nearest
from tocsin.runbook.model import Runbook
from tocsin.runbook.yaml_tree import Node, read_yaml

MODES = ("enforced", "asked", "recorded", "people")
_KEYS = tuple(name for name in Runbook.model_fields if name not in ("title", "sections"))


@dataclass(frozen=True)
class Statement:
    """A block's own word on what Tocsin does about its sentence, where no rule tells it: `says: {mode, text}`."""

    line: int
    section: str
    mode: str
    text: str


@dataclass(frozen=True)
class BlockTree:
    """A block and its values."""

    block: Block
    tree: Node


@dataclass(frozen=True)
class Reading:
    """A runbook as read: the document, its values and where each stands; `findings` are the mistakes so far."""

    document: Document
    runbook: Runbook | None
    trees: tuple[BlockTree, ...]
    root: Node
    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...]

    def line_of(self, *path: str | int) -> int:
        """The line on which a value's key stands; of the nearest holder that has one."""
        return _locate(self.root, path)[0]

    def finding(self, path: Iterable[str | int], what: str, fix: str = "") -> Finding:
        """A mistake at a value's place."""
        line = self.line_of(*path)
        return Finding(line, what, fix, self.document.section_at(line))


def read_runbook(text: str) -> Runbook:
    """The runbook in a Markdown text; raises RunbookError with every mistake that reading finds."""
    reading = read(text)
    if reading.runbook is None or reading.findings:
        raise RunbookError(reading.findings)
    return reading.runbook


def read(text: str) -> Reading:
    """Reads a Markdown text; whatever stands in it, returns findings, and no runbook when there are any."""
    try:
        return _read(text)
    except RunbookError as error:
        empty = Document(tuple(text[:1000].split("\n")), (), ())
        return Reading(empty, None, (), Node({}, 1), (), error.findings)


@lru_cache(maxsize=16)
def _read(text: str) -> Reading:
    document = read_document(text)
    findings: list[Finding] = []
    trees: list[BlockTree] = []
    statements: list[Statement] = []
    root = Node({}, 1)
    if len(document.blocks) > MOST_BLOCKS:
        raise RunbookError([Finding(document.blocks[MOST_BLOCKS].line, f"There are more than {MOST_BLOCKS} blocks.")])
    for block in document.blocks:
        tree = _block_tree(block, findings)
        if tree is None:
            continue
        trees.append(BlockTree(block, tree))
        assert isinstance(tree.value, dict)
        if (said := tree.value.get("says")) is not None:
            _statement(said, block, statements, findings)
        _merge(
            root, Node({key: node for key, node in tree.value.items() if key != "says"}, tree.line), block, (), findings
        )
    runbook: Runbook | None = None
    try:
        given: Any = root.plain()
        runbook = Runbook.model_validate(
            {**given, "title": document.title[:500], "sections": _sections(root, document)}
        )
    except ValidationError as error:
        findings.extend(_finding(detail, root, document) for detail in error.errors(include_url=False))
    ordered = tuple(sorted(set(findings)))
    return Reading(document, None if ordered else runbook, tuple(trees), root, tuple(statements), ordered)


def _block_tree(block: Block, findings: list[Finding]) -> Node | None:
    """The block's values, if it is a mapping of known kinds."""
    if len(block.text) > LARGEST_BLOCK:
        findings.append(Finding(block.line, "The block is too large.", "Split it.", block.section))
        return None
    try:
        tree = read_yaml(block.text, block.first_line)
    except RunbookError as error:
        findings.extend(Finding(each.line, each.what, each.fix, block.section) for each in error.findings)
        return None
    if not isinstance(tree.value, dict):
        what = "The block is empty." if tree.value is None else "The block must say `name: value`."
        findings.append(Finding(block.first_line, what, f"Begin with one of: {', '.join(_KEYS)}.", block.section))
        return None
    known: dict[str, Node] = {}
    for key, node in tree.value.items():
        if key in _KEYS or key == "says":
            known[key] = node
        else:
            findings.append(
                Finding(
                    node.key_line, f"'{key[:80]}' is not known here.", nearest(key, (*_KEYS, "says")), block.section
                )
            )
    return Node(known, tree.line)


def _merge(into: Node, tree: Node, block: Block, path: tuple[str, ...], findings: list[Finding]) -> None:
    """Adds a block's values; a value said in two places is a mistake that names both."""
    assert isinstance(into.value, dict)
    assert isinstance(tree.value, dict)
    for key, node in tree.value.items():
        there = into.value.get(key)
        if there is None:
            into.value[key] = _copy(node)
        elif isinstance(there.value, dict) and isinstance(node.value, dict):
            _merge(there, node, block, (*path, key), findings)
        else:
            name = ".".join((*path, key))
            what = f"'{name}' is said twice, first on line {there.key_line}."
            findings.append(Finding(node.key_line, what, "Keep one of them.", block.section))


def _copy(node: Node) -> Node:
    """Mappings are copied, because later blocks add to them."""
    if isinstance(node.value, dict):
        return Node({key: _copy(each) for key, each in node.value.items()}, node.line, node.key_line)
    return node


def _statement(said: Node, block: Block, statements: list[Statement], findings: list[Finding]) -> None:
    value = said.plain()
    if not isinstance(value, dict) or set(value) != {"mode", "text"} or not isinstance(value["text"], str):
        what = "`says` needs `mode` and `text`."
        findings.append(Finding(said.key_line, what, "For example: says: {mode: people, text: …}", block.section))
    elif value["mode"] not in MODES:
        what = f"'{str(value['mode'])[:80]}' is no mode."
        findings.append(Finding(said.key_line, what, nearest(str(value["mode"]), MODES), block.section))
    else:
        statements.append(Statement(said.key_line, block.section, value["mode"], value["text"]))


def _sections(root: Node, document: Document) -> dict[str, str]:
    """Where each thing stands, three names deep."""
    sections: dict[str, str] = {}
    stack: list[tuple[tuple[str, ...], Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if len(path) > 1:
            sections[".".join(path)] = document.section_at(node.key_line)
        if isinstance(node.value, dict) and len(path) < 3:
            stack.extend(((*path, key), child) for key, child in node.value.items())
    return dict(sorted(sections.items()))


def _locate(root: Node, path: Iterable[str | int]) -> tuple[int, list[str]]:
    """The line of the deepest value on the path, and the names that lead there; unknown names are skipped."""
    node, line, names = root, root.line, []
    for step in path:
        child: Node | None = None
        if isinstance(node.value, dict):
            candidates = [str(step), f"sev{step}", f"Sev{step}"] if isinstance(step, int) else [step]
            child = next((node.value[name] for name in candidates if name in node.value), None)
        elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
            child = node.value[step]
        if child is not None:
            node, line = child, child.key_line or child.line
            names.append(str(step))
    return line, names


def _finding(detail: ErrorDetails, root: Node, document: Document) -> Finding:
    """A validation error in words, with its line."""
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    line, names = _locate(root, loc)
    kind, given = detail["type"], str(detail.get("input", ""))[:80]
    last = str(loc[-1]) if loc else ""
    where = ".".join(names[:-1] if kind == "extra_forbidden" else names)
    of = f" in {where}" if where else ""
    expected = str((detail.get("ctx") or {}).get("expected", ""))
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        what, fix = f"'{last[:80]}' is not known{of}.", nearest(last, _fields_at(loc[:-1]))
    elif kind == "missing":
        what, fix = f"'{last}' is missing{of}.", f"Add `{last}: …`."
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        tag = str((detail.get("ctx") or {}).get("tag", given)).strip("'")
        what, fix = f"'{tag[:80]}' is no effect{of}.", nearest(tag, EFFECTS)
    elif kind == "literal_error":
        valid = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
        what, fix = f"'{given}' is not valid{of}.", nearest(given, valid)
    elif kind == "string_pattern_mismatch":
        what, fix = f"'{given}' is no name{of}.", "Use lower-case letters, digits, '-' and '_'."
    elif kind == "value_error":
        what, fix = f"{where + ': ' if where else ''}{message}.", ""
    else:
        what, fix = f"{where + ': ' if where else ''}{message[0].lower()}{message[1:]}, not '{given}'.", ""
    return Finding(line, what, fix, document.section_at(line))


def _fields_at(loc: tuple[int | str, ...]) -> list[str]:
    """The names that the model at a place has, to suggest one of them."""
    models: list[Any] = [Runbook]
    for step in loc:
        following: list[Any] = []
        for annotation in models:
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                following += [
                    field.annotation for name, field in annotation.model_fields.items() if step in (name, field.alias)
                ]
                continue
            inner = [each for argument in get_args(annotation) for each in (argument, *_unwrapped(argument))]
            tagged = [
                each for each in inner if isinstance(each, type) and step in EFFECTS and each is EFFECTS[str(step)]
            ]
            following += tagged or inner
        models = [each for annotation in following for each in (annotation, *_unwrapped(annotation))]
    return sorted(
        {
            field.alias or name
            for model in models
            if isinstance(model, type) and issubclass(model, BaseModel)
            for name, field in model.model_fields.items()
        }
    )


def _unwrapped(annotation: Any) -> list[Any]:
    """What stands inside Annotated, unions and optional types."""
    found: list[Any] = []
    pending = list(get_args(annotation))
    while pending:
        each = pending.pop()
        found.append(each)
        if not (isinstance(each, type) and issubclass(each, BaseModel)):
            pending.extend(get_args(each))
    return found
