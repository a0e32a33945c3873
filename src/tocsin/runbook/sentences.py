"""Sentences against their blocks: each figure that a sentence says is bound to the value that the block holds.

A sentence may leave out what its block holds, and may say a figure again; what it says must be held, and a figure that
it says more often than the block holds it stands where another one of the block should.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from tocsin.runbook.durations import (
    NUMBER_WORDS,
    Span,
    find_durations,
    format_duration,
    parse_duration,
    parse_span,
    say_duration,
    say_span,
)
from tocsin.runbook.findings import Finding
from tocsin.runbook.prose import visible
from tocsin.runbook.reading import BlockTree, Reading
from tocsin.runbook.yaml_tree import Node

_PROSE = frozenset(
    {"text", "title", "ask", "query", "command", "because", "why", "hint", "duty", "steps", "expect", "post"}
)
_SEVERITY = re.compile(r"sev[123]|[123]", re.IGNORECASE)
_NUMBER = r"\d{1,4}|" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_COUNT = re.compile(rf"(?<![\w.])({_NUMBER})[ \n](times|steps|kinds)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Held:
    """A value of a block: where it stands (`clocks.internal_update.every`), and its node."""

    value: timedelta | Span
    path: tuple[str, ...]
    node: Node

    @property
    def name(self) -> str:
        """Its field, as a reader of the block knows it."""
        return self.path[-1] if not _SEVERITY.fullmatch(self.path[-1]) else ".".join(self.path[-2:])


@dataclass(frozen=True)
class Said:
    """A figure in a sentence: its value, its own words, and the line on which it stands."""

    value: timedelta | Span
    text: str
    line: int


def disagreements(reading: Reading) -> Iterator[Finding]:
    """Every figure of a sentence that its block does not hold, at the figure's own line, with what to write."""
    for beside in _by_sentence(reading.trees):
        sentence = beside[0].block.sentence
        assert sentence is not None
        seen = visible(sentence.text)
        said = [
            Said(found.value, " ".join(found.text.split()), sentence.line + seen.count("\n", 0, found.start))
            for found in find_durations(seen)
        ]
        held = [each for tree in beside for each in _held(tree.tree)]
        yield from _wrong_durations(said, held, beside[0].block.section)
        for found in _COUNT.finditer(seen):
            line = sentence.line + seen.count("\n", 0, found.start())
            yield from _wrong_count(found, line, reading, beside)


def durations_of(tree: Node) -> list[tuple[timedelta | Span, Node]]:
    """Every duration and range that a block holds, with the value that says it, in the order of lines."""
    return sorted(((each.value, each.node) for each in _held(tree)), key=lambda each: each[1].line)


def _by_sentence(trees: Iterable[BlockTree]) -> list[list[BlockTree]]:
    """Blocks that stand together under one sentence."""
    groups: dict[int, list[BlockTree]] = {}
    for tree in trees:
        if tree.block.sentence is not None:
            groups.setdefault(tree.block.sentence.line, []).append(tree)
    return list(groups.values())


def _held(node: Node, path: tuple[str, ...] = ()) -> Iterator[Held]:
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            if key not in _PROSE:
                yield from _held(child, (*path, key))
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _held(child, path)
    elif isinstance(node.value, str) and (value := _duration(node.value)) is not None:
        yield Held(value, path or ("value",), node)


def _duration(text: str) -> timedelta | Span | None:
    if not text[:1].isdigit():
        return None
    for parse in (parse_duration, parse_span):
        try:
            return parse(text)
        except ValueError:
            continue
    return None


# --- durations ---------------------------------------------------------------------------------------------------


def _wrong_durations(said: list[Said], held: list[Held], section: str) -> Iterator[Finding]:
    if not held:
        return
    places = _one_for_each_clock(held)
    bound = _bind(said, places)
    used = set(bound.values())
    values = {each.value for each in said}
    covered = {end for each in said if isinstance(each.value, Span) for end in _inside(each.value, places)}
    free = [i for i in range(len(places)) if i not in used and i not in covered and places[i].value not in values]
    for index, figure in enumerate(said):
        if index in bound or (isinstance(figure.value, Span) and _range_agrees(figure.value, places)):
            continue
        is_held = any(each.value == figure.value for each in places)
        if is_held and not free:
            continue  # said again
        meant = places[_nearest(free, index)] if free else None
        if meant is not None:
            free.remove(places.index(meant))
        yield Finding(figure.line, *_in_words(figure, meant, places), section)


def _one_for_each_clock(held: list[Held]) -> list[Held]:
    """The values without those that a clock holds for several severities alike: a sentence says them once."""
    places: dict[object, Held] = {}
    for each in held:
        by_severity = _SEVERITY.fullmatch(each.path[-1]) is not None
        places.setdefault((each.path[:-1], each.value) if by_severity else id(each.node), each)
    return list(places.values())


def _bind(said: list[Said], places: list[Held]) -> dict[int, int]:
    """Each figure bound to an equal value of the block, each value once, nearest in order first."""
    pairs = sorted(
        (abs(index - place), index, place)
        for index, figure in enumerate(said)
        for place, each in enumerate(places)
        if figure.value == each.value
    )
    bound: dict[int, int] = {}
    taken: set[int] = set()
    for _, index, place in pairs:
        if index not in bound and place not in taken:
            bound[index] = place
            taken.add(place)
    return bound


def _inside(span: Span, places: list[Held]) -> list[int]:
    return [index for index, each in enumerate(places) if isinstance(each.value, timedelta) and each.value in span]


def _range_agrees(said: Span, places: list[Held]) -> bool:
    """A range agrees with the same range; else its ends are held, or the one value that the block holds inside it."""
    if said.low >= said.high:
        return False
    if any(isinstance(each.value, Span) for each in places):
        return any(each.value == said for each in places)
    inside = {places[index].value for index in _inside(said, places)}
    return {said.low, said.high} <= inside or (len(inside) == 1 and not inside & {said.low, said.high})


def _nearest(free: list[int], index: int) -> int:
    return min(free, key=lambda place: abs(place - index))


def _in_words(figure: Said, meant: Held | None, places: list[Held]) -> tuple[str, str]:
    if isinstance(figure.value, Span):
        inside = [places[index] for index in _inside(figure.value, places)] or places
        near = [each for each in inside if isinstance(each.value, Span)] or inside
        if len({each.value for each in near}) > 1:
            held = ", ".join(f"{_say(each.value)} ({each.name}, line {each.node.line})" for each in near)
            return f"The sentence says '{figure.text}', but the block says {held}.", "Make both say the same."
        meant = near[0]
    if meant is None and len({each.value for each in places}) == 1:
        meant = places[0]
    if meant is None:
        return f"The sentence says '{figure.text}', but the block says no such time.", "Leave it out, or add it there."
    place = f"({meant.name}, line {meant.node.line})"
    what = f"The sentence says '{figure.text}', but the block says {_say(meant.value)} {place}."
    return what, f"Write '{_say(meant.value)}' here or '{_short(figure.value)}' there."


def _say(value: timedelta | Span) -> str:
    return say_span(value) if isinstance(value, Span) else say_duration(value)


def _short(value: timedelta | Span) -> str:
    return say_span(value) if isinstance(value, Span) else format_duration(value)


# --- counts ------------------------------------------------------------------------------------------------------


def _wrong_count(found: re.Match[str], line: int, reading: Reading, beside: list[BlockTree]) -> Iterator[Finding]:
    """`three times`, `eight steps`, `four kinds` against the number, or the length, that the block holds."""
    word, noun = found[1].lower(), found[2].lower()
    said = NUMBER_WORDS.get(word) or (int(word) if word.isdigit() else 0)
    for tree in beside:
        if noun == "steps" and _at(tree.tree, "first_five") is not None and reading.runbook is not None:
            held: int | None = len(reading.runbook.first_five.steps)
        else:
            held = _count(tree.tree, noun)
        if held is not None and held != said:
            what = f"The sentence says '{found[1]} {found[2]}', but the block says {held}."
            yield Finding(line, what, f"Write '{_spelled(held)} {noun}' here or change the block.", tree.block.section)


def _count(tree: Node, noun: str) -> int | None:
    """The length of what is called so; for `times`, the whole number that the block holds, if it holds one."""
    if noun == "times":
        numbers = [
            node.value for node in _all(tree) if isinstance(node.value, int) and not isinstance(node.value, bool)
        ]
        return numbers[0] if len(numbers) == 1 else None
    node = _at(tree, noun)
    return len(node.value) if node is not None and isinstance(node.value, list | dict) else None


def _at(tree: Node, name: str) -> Node | None:
    for node in _all(tree):
        if isinstance(node.value, dict) and name in node.value:
            return node.value[name]
    return None


def _all(node: Node) -> Iterator[Node]:
    yield node
    children = (
        node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    )
    for child in children:
        yield from _all(child)


def _spelled(number: int) -> str:
    return next((word for word, each in NUMBER_WORDS.items() if each == number), str(number))
