"""What people and their commands write about mitigation: checked as all writing, its secrets masked. Pure."""

from tocsin.incidents.wording import LONGEST_TEXT, optional_text, text_of
from tocsin.masking import mask


def masked_text(value: str, field: str, longest: int = LONGEST_TEXT) -> str:
    """The text with its secrets masked, whoever sent it; Invalid as in `text_of`."""
    return mask(text_of(value, field, longest))


def optional_masked(value: str | None, field: str, longest: int = LONGEST_TEXT) -> str | None:
    """The same, or None when there is no text."""
    text = optional_text(value, field, longest)
    return None if text is None else mask(text)
