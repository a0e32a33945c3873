"""Markdown that people wrote, with its raw HTML made text, for readers that would carry it out. Pure."""

import re

from markdown_it import MarkdownIt

_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
_TAG = re.compile(r"(?<!\\)((?:\\\\)*)<(?!https?://|mailto:)")


def inert(text: str) -> str:
    """The same Markdown; what would be HTML in it has a backslash before its `<`."""
    lines = text.split("\n")
    while marked := _lines_with_html("\n".join(lines)):
        before = list(lines)
        for number in marked:
            lines[number] = _TAG.sub(r"\1\\<", lines[number])
        if lines == before:  # nothing left that a backslash helps against
            return text.replace("<", "&lt;")
    return "\n".join(lines)


def _lines_with_html(text: str) -> set[int]:
    """Where the HTML stands; once it is text, what follows may be read differently, so this is asked again."""
    found: set[int] = set()
    for token in _PARSER.parse(text):
        inside = token.children or ()
        if token.map and (token.type == "html_block" or any(each.type == "html_inline" for each in inside)):
            found |= set(range(token.map[0], min(token.map[1], text.count("\n") + 1)))
    return found
