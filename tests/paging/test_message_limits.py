"""Whatever an alert says, the message that tells of it is within what the service takes."""

import json
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.paging.message import Message
from tocsin.paging.methods.slack import as_blocks, escaped, shortened
from tocsin.paging.methods.teams import as_card

# lengths far beyond every limit, of characters that cost the most
LONG = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=40), st.sampled_from([1, 100, 1000]))


def message(title: str, text: str) -> Message:
    link = "https://tocsin.example/p/" + "x" * 300
    return Message("page", title, tuple(text.splitlines()), "key", datetime(2026, 3, 1, tzinfo=UTC), link=link)


@given(text=LONG, most=st.integers(1, 3000))
@example(text="a&" * 2000, most=2900)
def test_slack_s_text_is_cut_between_characters_never_within_an_entity(text: str, most: int) -> None:
    cut = shortened(text, most)
    assert len(cut) <= most
    whole = next(n for n in range(len(text) + 1) if escaped(text[:n]) == cut)
    assert whole == len(text) or len(escaped(text[: whole + 1])) > most, "nothing but the limit shortens"


@given(title=LONG, text=LONG)
@example(title="&", text="<" * 3000)
def test_slack_s_blocks_hold_no_more_than_slack_takes(title: str, text: str) -> None:
    header, section, *_ = as_blocks(message(title, text), buttons=True)
    assert 0 < len(header["text"]["text"]) <= 150
    assert 0 < len(section["text"]["text"]) <= 3000


@given(title=LONG, text=LONG)
@example(title="\x01" * 3000, text="\x01" * 30_000)
@example(title="🔥" * 3000, text="🔥\n" * 9000)
@example(title="t", text="\n" * 9000)
def test_a_card_of_teams_stays_below_28_kilobytes_with_its_link(title: str, text: str) -> None:
    card = as_card(message(title, text))
    body = {"type": "message", "attachments": [card]}
    assert len(json.dumps(body, ensure_ascii=False).encode()) <= 28 * 1024
    assert all(block["text"] for block in card["content"]["body"])
    assert card["content"]["actions"][0]["url"].startswith("https://tocsin.example/p/")


def test_what_teams_shows_of_a_long_text_is_its_beginning_and_that_there_is_more() -> None:
    blocks = as_card(message("Checkout is failing", "\n".join(f"line {n}" for n in range(5000))))["content"]["body"]
    shown = [block["text"] for block in blocks]
    assert shown[1:3] == ["line 0", "line 1"]
    assert shown[-1] == "…"
    assert as_card(message("t", "one\n\ntwo"))["content"]["body"][-1]["text"] == "two"
