"""Each figure of a sentence is bound to its block: whichever one moves, its line alone is told, with what to write."""

import re

import pytest

from tocsin.runbook.bundle import default_text
from tocsin.runbook.check import check_text
from tocsin.runbook.durations import NUMBER_WORDS, find_durations
from tocsin.runbook.prose import visible
from tocsin.runbook.reading import read
from tocsin.runbook.sentences import disagreements, durations_of

TEXT = default_text()
LINES = TEXT.split("\n")


def figures() -> list[tuple[int, int, str]]:
    """Every number in the sentences beside the blocks: its line (from 1), its place in that line, its text."""
    numbers = re.compile(rf"\b(\d+|{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
    found = {}
    for tree in read(TEXT).trees:
        sentence = tree.block.sentence
        if sentence is None:
            continue
        for number in range(sentence.line, sentence.end_line):
            for match in numbers.finditer(LINES[number - 1]):
                found[number, match.start()] = (number, match.start(), match[0])
    counted = ("one", "two")  # "one person leads", "between two": words, not figures
    return [each for each in found.values() if each[2].lower() not in counted]


FIGURES = figures()


def with_figure(line: int, start: int, old: str, new: str) -> str:
    lines = list(LINES)
    lines[line - 1] = lines[line - 1][:start] + new + lines[line - 1][start + len(old) :]
    return "\n".join(lines)


def test_the_figures_of_the_default_runbook_are_many() -> None:
    assert len(FIGURES) >= 26
    assert {"three", "Eight", "four", "15", "48", "30"} <= {text for _, _, text in FIGURES}


@pytest.mark.parametrize(("line", "start", "old"), FIGURES)
def test_whichever_figure_of_a_sentence_moves_its_line_alone_is_told(line: int, start: int, old: str) -> None:
    value = NUMBER_WORDS.get(old.lower()) or int(old)
    neighbours = {int(text) for number, _, text in FIGURES if abs(number - line) <= 2 and text.isdigit()}
    for other in sorted({value + 1, value + 7, *neighbours} - {value}):
        said = with_figure(line, start, old, str(other))
        told = check_text(said)
        assert [each.line for each in told] == [line], (said.split("\n")[line - 1], [str(each) for each in told])
        assert told[0].fix


def block_values() -> list[tuple[int, str]]:
    """Every duration in the blocks whose sentence says a duration too: its line and its text."""
    found = []
    for tree in read(TEXT).trees:
        sentence = tree.block.sentence
        said = [each.value for each in find_durations(visible(sentence.text))] if sentence else []
        held = durations_of(tree.tree)
        for value, node in held:
            if said.count(value) >= [each for each, _ in held].count(value):  # else another place still says it
                found.append((node.line, str(node.value)))
    return found


@pytest.mark.parametrize(("line", "old"), block_values())
def test_a_value_changed_in_its_block_alone_tells_the_sentence_to_mend(line: int, old: str) -> None:
    lines = list(LINES)
    other = old.replace("60", "59") if "–" in old else re.sub(r"^\d+", "77", old)
    lines[line - 1] = re.sub(rf"\b{old}\b", other, lines[line - 1], count=1)
    told = [each for each in check_text("\n".join(lines)) if each.what.startswith("The sentence says")]
    assert len(told) == 1, [str(each) for each in told]
    assert find_durations(lines[told[0].line - 1])
    assert told[0].line < line
    assert told[0].section == read(TEXT).document.section_at(line)


def section(sentence: str, *values: str) -> list[str]:
    """What is told of a service's runbook with this sentence above a clock with these values."""
    names = ("every", "nudge", "then_commander")
    clock = ", ".join(f"{name}: {value}" for name, value in zip(names, values, strict=False))
    block = f"```yaml tocsin\nclocks:\n  internal_update: {{{clock}}}\n```\n"
    return [f"{each.what} {each.fix}" for each in disagreements(read(f"# R\n\n## A\n\n{sentence}\n\n{block}"))]


@pytest.mark.parametrize(
    "sentence",
    [
        "Every 15 minutes, and a reminder 3 minutes before.",
        "A reminder 3 minutes before each 15 minutes are over.",
        "Every 15 minutes. Yes, every 15 minutes, reminded 3 minutes before and 2 minutes after.",
        "Every 15 minutes.",
        "As often as it is useful.",
    ],
)
def test_order_repetition_and_silence_are_no_disagreement(sentence: str) -> None:
    assert section(sentence, "15m", "3m", "2m") == []


def test_a_figure_that_stands_where_another_should_is_told() -> None:
    assert section("Every 3 minutes, reminded 3 minutes before.", "15m", "3m") == [
        "The sentence says '3 minutes', but the block says 15 minutes (every, line 9). "
        "Write '15 minutes' here or '3m' there."
    ]
    assert section("Every 15 minutes, reminded 4 minutes before.", "15m", "3m") == [
        "The sentence says '4 minutes', but the block says 3 minutes (nudge, line 9). "
        "Write '3 minutes' here or '4m' there."
    ]
    assert section("Every 15 minutes, and 7 hours later again.", "15m") == [
        "The sentence says '7 hours', but the block says 15 minutes (every, line 9). "
        "Write '15 minutes' here or '7h' there."
    ]
