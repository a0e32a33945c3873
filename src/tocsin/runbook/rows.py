"""The document as rows for a screen: each section's prose as safe HTML, beside what Tocsin does about it."""

import html
import re
from dataclasses import dataclass
from functools import lru_cache

import nh3

from tocsin.runbook.document import markdown
from tocsin.runbook.durations import find_durations
from tocsin.runbook.explain import Explained, Mode, explained
from tocsin.runbook.findings import Finding
from tocsin.runbook.prose import visible
from tocsin.runbook.reading import Reading, read

MODE_WORDS: dict[Mode, str] = {
    "enforced": "Enforced",
    "asked": "Asked",
    "recorded": "Recorded",
    "people": "Left to people",
}
_STRENGTH: tuple[Mode, ...] = ("asked", "enforced", "recorded", "people")
_TAGS = {
    "p", "ul", "ol", "li", "em", "strong", "code", "pre", "a", "blockquote", "br", "hr", "table", "thead", "tbody",
    "tr", "th", "td", "mark",
}  # fmt: skip


@dataclass(frozen=True)
class RunbookRow:
    """One section: its number (`5.1`), title, line, prose as sanitised HTML, its blocks, and what Tocsin does."""

    number: str
    title: str
    level: int
    line: int
    html: str
    blocks: tuple[str, ...]
    mode: Mode
    sentences: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def mode_word(self) -> str:
        """The mode as screens write it."""
        return MODE_WORDS[self.mode]

    @property
    def anchor(self) -> str:
        """The id that `§5.1` links to."""
        return f"s{self.number.replace('.', '-')}"


@lru_cache(maxsize=16)
def document_rows(text: str) -> tuple[RunbookRow, ...]:
    """Every numbered section in order. A runbook with mistakes still gives its rows, each with its findings."""
    reading = read(text)
    document = reading.document
    numbered = [heading for heading in document.headings if heading.number]
    said: dict[str, list[Explained]] = {}
    for each in explained(reading):
        said.setdefault(each.section, []).append(each)
    rows = []
    for heading in numbered:
        following = [each.line for each in document.headings if each.line > heading.line and each.number]
        end = min(following, default=len(document.lines) + 1)
        sentences = said.get(heading.number, [])
        rows.append(
            RunbookRow(
                number=heading.number,
                title=heading.title,
                level=heading.level,
                line=heading.line,
                html=prose_html(_without_blocks(reading, heading.line, end)),
                blocks=tuple(block.text for block in document.blocks if heading.line < block.line < end),
                mode=_mode(sentences),
                sentences=tuple(dict.fromkeys(each.sentence for each in sentences)),
                findings=tuple(each for each in reading.findings if heading.line <= each.line < end),
            )
        )
    return tuple(rows)


def mode_counts(rows: tuple[RunbookRow, ...]) -> dict[Mode, int]:
    """How many sections each mode has, of those that say something."""
    counts: dict[Mode, int] = dict.fromkeys(MODE_WORDS, 0)
    for row in rows:
        if row.html or row.sentences:
            counts[row.mode] += 1
    return counts


def prose_html(text: str) -> str:
    """Markdown as sanitised HTML, with its durations marked."""
    rendered: str = markdown().render(text)
    marked = re.sub(r">([^<>]+)<", lambda match: f">{_marked(match[1])}<", rendered)
    return nh3.clean(marked, tags=_TAGS, attributes={"a": {"href", "title"}}, link_rel="noopener noreferrer").strip()


def _marked(escaped: str) -> str:
    """Text between tags with <mark> around each duration."""
    text = html.unescape(escaped)
    pieces, position = [], 0
    for found in find_durations(visible(text)):
        shown = text[found.start : found.end]
        pieces += [html.escape(text[position : found.start], quote=False), f"<mark>{html.escape(shown)}</mark>"]
        position = found.end
    return "".join([*pieces, html.escape(text[position:], quote=False)])


def _without_blocks(reading: Reading, line: int, end: int) -> str:
    """The section's own Markdown: from the line after its heading, without blocks for Tocsin."""
    hidden: set[int] = set()
    for block in reading.document.blocks:
        hidden |= set(range(block.line, block.end_line))
    kept = [
        text for number, text in enumerate(reading.document.lines[line : end - 1], line + 1) if number not in hidden
    ]
    return "\n".join(kept)


def _mode(sentences: list[Explained]) -> Mode:
    """The section's mode: asked, if any of it waits for a person."""
    modes = {each.mode for each in sentences}
    return next((mode for mode in _STRENGTH if mode in modes), "people")
