"""Changing a duration in a runbook's text, in the block and in the sentence above it at once."""

import re
from dataclasses import dataclass
from datetime import timedelta

from tocsin.runbook.durations import (
    Span,
    find_durations,
    format_duration,
    parse_duration,
    parse_span,
    say_duration,
    say_span,
)
from tocsin.runbook.findings import Finding, RunbookError
from tocsin.runbook.prose import visible
from tocsin.runbook.reading import BlockTree, read
from tocsin.runbook.sentences import durations_of


@dataclass(frozen=True)
class DurationPlace:
    """One duration of the runbook and where it stands: lines of its block and of its sentence (from 1)."""

    value: str
    section: str
    block_lines: tuple[int, ...]
    sentence_lines: tuple[int, ...]


def durations_in(text: str) -> tuple[DurationPlace, ...]:
    """Every duration that a block holds, with the lines of the sentence that say the same."""
    places = []
    for tree in read(text).trees:
        lines: dict[str, list[int]] = {}
        for value, node in durations_of(tree.tree):
            lines.setdefault(_short(value), []).append(node.line)
        for short, block_lines in lines.items():
            said = [line for line, found in _said(tree) if _short(found) == short]
            places.append(DurationPlace(short, tree.block.section, tuple(block_lines), tuple(said)))
    return tuple(places)


def replace_duration(text: str, section: str, old: str, new: str) -> str:
    """The text with a duration changed wherever the section says it, in blocks and in the sentences above them.

    `old` and `new` are durations (`15m`) or ranges (`30–60 min`). Raises RunbookError when no block says `old`.
    """
    before, after = _parse(old), _parse(new)
    reading = read(text)
    lines = list(reading.document.lines)
    changed = False
    seen: set[int] = set()
    for tree in reading.trees:
        if tree.block.section != section:
            continue
        for value, node in durations_of(tree.tree):
            if value == before:
                lines[node.line - 1] = _replaced(lines[node.line - 1], before, after, spoken=False)
                changed = True
        sentence = tree.block.sentence
        if sentence is not None and sentence.line not in seen:
            seen.add(sentence.line)
            whole = "\n".join(lines[sentence.line - 1 : sentence.end_line - 1])
            lines[sentence.line - 1 : sentence.end_line - 1] = _replaced(whole, before, after, spoken=True).split("\n")
    if not changed:
        raise RunbookError([Finding(1, f"§{section} holds no duration {old}.", "Look at its block.", section)])
    return "\n".join(lines)


def _said(tree: BlockTree) -> list[tuple[int, timedelta | Span]]:
    sentence = tree.block.sentence
    if sentence is None:
        return []
    return [
        (sentence.line + sentence.text.count("\n", 0, found.start), found.value)
        for found in find_durations(visible(sentence.text))
    ]


def _replaced(text: str, before: timedelta | Span, after: timedelta | Span, spoken: bool) -> str:
    """The text with each occurrence of the value written anew, from the end, so that places stay right."""
    for found in reversed(find_durations(visible(text))):
        value = _with_end(found.value, before, after) if spoken else after if found.value == before else None
        if value is not None:
            spelled = _spoken(value, found.text) if spoken else _short(value)
            text = f"{text[: found.start]}{spelled}{text[found.end :]}"
    return text


def _with_end(said: timedelta | Span, before: timedelta | Span, after: timedelta | Span) -> timedelta | Span | None:
    """What a sentence says from now on: the value itself, or a range (`30–60 minutes`) of which it was an end."""
    if said == before:
        return after
    if isinstance(said, Span) and isinstance(after, timedelta) and before in (said.low, said.high):
        low, high = (after if end == before else end for end in (said.low, said.high))
        return Span(min(low, high), max(low, high)) if low != high else low
    return None


def _spoken(value: timedelta | Span, instead_of: str) -> str:
    """As a sentence says it; a short form stays short, and `five-minute` stays an adjective."""
    if re.fullmatch(r"\d+[smhdw]", instead_of):
        return _short(value)
    said = say_span(value) if isinstance(value, Span) else say_duration(value)
    if "-" in instead_of and not isinstance(value, Span):
        return said.removesuffix("s").replace(" ", "-")
    return said


def _short(value: timedelta | Span) -> str:
    if isinstance(value, Span):
        return say_span(value)
    return format_duration(value)


def _parse(text: str) -> timedelta | Span:
    try:
        return parse_duration(text)
    except ValueError as wrong:
        try:
            return parse_span(text)
        except ValueError:
            raise RunbookError([Finding(1, f"{wrong}.")]) from None
