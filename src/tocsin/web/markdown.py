"""Markdown that people wrote, as HTML that can't do anything."""

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    "h1",
    "h2",
    "a",
    "p",
    "ul",
    "ol",
    "li",
    "em",
    "strong",
    "code",
    "pre",
    "blockquote",
    "h3",
    "h4",
    "h5",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "br",
    "hr",
}


def clean(rendered: str) -> Markup:
    """HTML with just the tags of prose; links leave without a referrer."""
    return Markup(nh3.clean(rendered, tags=_TAGS, attributes={"a": {"href", "title"}}, link_rel="noreferrer nofollow"))  # noqa: S704


def prose(text: str) -> Markup:
    """CommonMark to clean HTML; raw HTML stays text."""
    return clean(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
