"""What others wrote is shown in a terminal and never obeyed."""

import json
import unicodedata

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.command import command, tell, warn
from tocsin.terminal import visible

TITLE = "Checkout \x1b[2J\x1b]0;owned\x07\x9b31m \u202eecilA"


def obeyed(character: str) -> bool:
    turns = unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return turns or (unicodedata.category(character) == "Cc" and character not in "\t\n")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("one\r\x07\x7ftwo", "one\\r\\x07\\x7ftwo"),
        ("\u202eecilA", "\\u202eecilA"),
        ("naïve café — 障害 🔥\tone\ntwo", "naïve café — 障害 🔥\tone\ntwo"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen


@given(st.text())
def test_nothing_is_left_to_obey_and_nothing_else_is_touched(text: str) -> None:
    seen = visible(text)
    assert not any(map(obeyed, seen))
    assert seen == "".join(visible(each) if obeyed(each) else each for each in text)
    assert visible(seen) == seen


def test_the_command_line_shows_it_and_gives_programs_the_text_itself() -> None:
    @command(example="tocsin say")
    def say() -> None:
        """Say it."""
        tell({"title": TITLE}, [f"title  {TITLE}", "next\tline"])
        warn(TITLE)

    @click.group()
    def tool() -> None: ...

    tool.add_command(say)
    person = CliRunner().invoke(tool, ["say"], color=True)
    assert person.exit_code == 0
    assert not set(person.output) & set("\x1b\x07\x9b\u202e")
    assert "\\x1b[2J" in person.output and "next\tline" in person.output
    program = CliRunner().invoke(tool, ["say", "--json"], color=True)
    assert json.loads(program.stdout)["title"] == TITLE
