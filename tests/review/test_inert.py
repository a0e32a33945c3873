"""A postmortem's Markdown is read by other programs too, and none of them may run what stands in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tocsin.review.inert import inert

CARELESS = MarkdownIt("commonmark", {"html": True}).enable("table")
PIECES = st.sampled_from(
    ["<script>", "</script>", "<b", ">", "<!--", "-->", "```", "`", "\n", "\n\n", "    ", "- ", "> ", "\\", "a",
     "<https://a.example>", "| a |", "<?", "<div>"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=60))
def test_no_html_is_left(text: str) -> None:
    tokens = CARELESS.parse(inert(text))
    every = [each.type for token in tokens for each in (token, *(token.children or ()))]
    assert "html_block" not in every
    assert "html_inline" not in every


@pytest.mark.parametrize(
    "text",
    ["# Plain *words*", "```\n<b>kept</b>\n```", "see <https://example.com/?a=b>", "a < b", "`<b>`", "- one\n- two\n"],
)
def test_what_holds_no_html_is_left_alone(text: str) -> None:
    assert inert(text) == text
