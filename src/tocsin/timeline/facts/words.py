"""How the sentences of facts are put together out of what people wrote."""

_ENDS = (".", "!", "?", "…", ":", "。", "）", "”")


def sentences(*texts: str | None) -> str:
    """The texts as sentences after each other: each begins with a capital and has an end; empty ones are left out."""
    written = [text.strip() for text in texts if text and text.strip()]
    return " ".join(_ended(_begun(text)) for text in written)


def told(first: str, *more: str | None) -> str:
    """What was done, and what people wrote to it as sentences of their own: 'released deploys. The fix is out.'"""
    return f"{_ended(first)} {sentences(*more)}".rstrip()


def _begun(text: str) -> str:
    """A capital where a plain word begins it; commands, names with signs and addresses stay as they are."""
    word = text.split(maxsplit=1)[0].rstrip(".,;:!?")
    return text[0].upper() + text[1:] if word.isalpha() and word.islower() else text


def _ended(text: str) -> str:
    return text if text.endswith(_ENDS) else f"{text}."
