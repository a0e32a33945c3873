"""Each sender's messages as its vendor documents them, and what they become.

`examples/SENDER/NAME.json` is the message, `NAME.expected.json` what is made of it. After a change that is meant:
`python -m tests.intake.test_examples` writes the latter anew; read the difference before you commit it.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.intake.senders import sender_named, senders
from tocsin.intake.signal import Ask, Signal

EXAMPLES = Path(__file__).parent / "examples"
MESSAGES = sorted(path for path in EXAMPLES.glob("*/*.*") if not path.name.endswith(".expected.json"))


def read(path: Path) -> dict[str, Any]:
    parsed = sender_named(path.parent.name).parse(path.read_bytes())
    assert not parsed.set_aside
    found: dict[str, Any] = {"signals": [plain(signal) for signal in parsed.signals]}
    if parsed.asks:
        found["asks"] = [plain(ask) for ask in parsed.asks]
    return found


def plain(thing: Signal | Ask) -> dict[str, Any]:
    """Without what is empty."""
    built = msgspec.to_builtins(thing, builtin_types=(datetime,))
    return {name: value for name, value in json.loads(json.dumps(built, default=str)).items() if value}


def expected_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}.expected.json")


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_message_becomes_what_its_example_says(path: Path) -> None:
    assert read(path) == json.loads(expected_of(path).read_text())


def test_every_sender_that_others_make_has_examples() -> None:
    ours = {"generic", "mapped", "alertmanager"}  # tests of their own
    assert {path.parent.name for path in MESSAGES} == set(senders()) - ours


@pytest.mark.parametrize("sender", sorted({path.parent.name for path in MESSAGES}))
def test_what_ends_an_alert_has_the_key_of_what_began_it(sender: str) -> None:
    suffix = ".eml" if sender == "email" else ".json"
    begun = {signal["dedup_key"] for signal in read(EXAMPLES / sender / f"fires{suffix}")["signals"]}
    for path in (EXAMPLES / sender).glob(f"over{suffix}"):
        ended = read(path)["signals"]
        assert {signal["dedup_key"] for signal in ended} == begun
        assert {signal["status"] for signal in ended} == {"resolved"}


if __name__ == "__main__":
    for message in MESSAGES:
        text = json.dumps(read(message), indent=2, ensure_ascii=False, sort_keys=True)
        expected_of(message).write_text(text + "\n")
