"""Text of others in a terminal: shown, never obeyed. Pure.

An alert's title reaches the server's output and the command line; an escape sequence in it could hide lines, retitle the
window or write into the clipboard of whoever looks.
"""

import re

# C0 but tab and line feed, DEL, C1, and the marks that turn the direction of writing (Unicode UAX #9).
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""The text with each character that a terminal would obey written out: `\x1b`, `\u202e`."""
    return _OBEYED.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
