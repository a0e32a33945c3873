"""What people see of a sentence's Markdown, at the same places in the text."""

import re

_UNSEEN = re.compile(r"\]\([^)\n]*\)|<[^>\n]*>|https?://\S+")


def visible(text: str) -> str:
    """The source with link targets and tags blanked out, every other character at its place."""
    return _UNSEEN.sub(lambda match: "\u0001" * len(match[0]), text)
