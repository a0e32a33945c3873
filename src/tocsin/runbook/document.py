"""Markdown in: headings with their numbers, the `yaml tocsin` blocks, and the sentence just above each block."""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tocsin.runbook.findings import Finding, RunbookError

LARGEST_DOCUMENT = 256 * 1024
LARGEST_BLOCK = 32 * 1024
MOST_BLOCKS = 400
_INFO = ("yaml", "tocsin")


@dataclass(frozen=True)
class Sentence:
    """A paragraph or list item's paragraph: its first line (from 1), the line after its last, its source text."""

    line: int
    end_line: int
    text: str


@dataclass(frozen=True)
class Heading:
    """A heading: line, level 1–6, title, and its number (`5`, `5.1`; '' for the title and below level 3)."""

    line: int
    level: int
    title: str
    number: str


@dataclass(frozen=True)
class Block:
    """A `yaml tocsin` block: its fence's `line`, its text's `first_line`, the line after it, section, sentence."""

    line: int
    first_line: int
    end_line: int
    text: str
    section: str
    sentence: Sentence | None


@dataclass(frozen=True)
class Document:
    """A runbook's Markdown, taken apart; `lines` are the source's own, without line ends."""

    lines: tuple[str, ...]
    headings: tuple[Heading, ...]
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """The first level-1 heading, or 'Runbook'."""
        return next((heading.title for heading in self.headings if heading.level == 1), "Runbook")

    def section_at(self, line: int) -> str:
        """The number of the section that a line stands in, '' before the first."""
        number = ""
        for heading in self.headings:
            if heading.line > line:
                break
            if heading.number:
                number = heading.number
        return number

    def heading_of(self, section: str) -> str:
        """The title of a section by its number, '' when there is none."""
        return next((heading.title for heading in self.headings if heading.number == section), "")


def markdown() -> MarkdownIt:
    """The one Markdown parser of runbooks: CommonMark with tables, raw HTML left as text."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def read_document(text: str) -> Document:
    """Takes Markdown apart; raises RunbookError when it is too large or no text."""
    if len(text) > LARGEST_DOCUMENT:
        raise RunbookError(
            [Finding(1, f"The runbook is larger than {LARGEST_DOCUMENT // 1024} KiB.", "Split it by service.")]
        )
    source = re.sub(r"\r\n?", "\n", text).removeprefix("\ufeff")
    source = source.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    lines = tuple(source.split("\n"))
    tokens = markdown().parse(source)
    headings = _headings(tokens)
    unnumbered = Document(lines, headings, ())
    blocks = []
    sentence: Sentence | None = None
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            sentence = None
        elif token.type == "paragraph_open" and token.map:
            first, end = token.map
            sentence = Sentence(first + 1, end + 1, "\n".join(lines[first:end]))
        elif token.type == "fence" and token.map and is_block(token.info):
            first, end = token.map
            blocks.append(
                Block(first + 1, first + 2, end + 1, token.content, unnumbered.section_at(first + 1), sentence)
            )
            sentence = sentence if _followed_by_block(tokens, index) else None
    return Document(lines, headings, tuple(blocks))


def is_block(info: str) -> bool:
    """Whether a fence's info string says that the block is for Tocsin."""
    return tuple(info.split()[:2]) == _INFO


def _followed_by_block(tokens: list[Token], index: int) -> bool:
    """Two blocks under one sentence both stand beside it."""
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    return following is not None and following.type == "fence" and is_block(following.info)


def _headings(tokens: list[Token]) -> tuple[Heading, ...]:
    """Numbers computed from this version's headings: level 2 is §N, level 3 is §N.M."""
    headings = []
    chapter = part = 0
    for index, token in enumerate(tokens):
        if token.type != "heading_open" or not token.map or token.level:
            continue
        level, number = int(token.tag[1]), ""
        if level == 2:
            chapter, part = chapter + 1, 0
            number = str(chapter)
        elif level == 3 and chapter:
            part += 1
            number = f"{chapter}.{part}"
        headings.append(Heading(token.map[0] + 1, level, tokens[index + 1].content.strip(), number))
    return tuple(headings)
