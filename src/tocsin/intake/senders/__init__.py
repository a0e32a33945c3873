"""One file for each sender: how its body becomes signals. A newcomer adds a file that holds a `SENDER`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from tocsin.errors import Invalid
from tocsin.intake.signal import Parsed

ENTRY_POINTS = "tocsin.senders"
MAPPED = "mapped"
"""The sender whose bodies a mapping of the integration's own reads."""
EMAIL = "email"
"""The sender whose bodies are messages, which also come by SMTP."""
Fetch = Callable[[str], Awaitable[bytes]]
"""GETs an address past the SSRF guard; Unavailable when there is no good answer."""


@dataclass(frozen=True)
class Rules:
    """What a team writes in YAML of how a sender's bodies become alerts; it is kept as the integration's mapping.

    `first` is what its form begins with. `check` raises Invalid, naming each mistake; `parse(yaml, body)` reads.
    """

    first: str
    check: Callable[[str], object]
    parse: Callable[[str, bytes], Parsed]
    hint: str
    """What they are made of, in a few words."""
    needed: bool = False
    """Whether nothing can be read without them; else `Sender.parse` reads until there are some."""


@dataclass(frozen=True)
class Sender:
    """How one product's alerts come in.

    `parse` raises Unreadable when the body can't be read at all, and nothing else. `aliases` are other names under
    which the same body comes; `example` is a body as its documentation shows it. `guard` sees, before anything is
    believed, that a body is the product's own, where the product signs what it sends; Forbidden when it is not.
    `signed_by` is the header, in small letters, in which it puts an HMAC-SHA256 by a key that both know.
    `rules`: what an integration may say of how it is read. `show`: a body as people read it, if it is no text.
    """

    name: str
    title: str
    parse: Callable[[bytes], Parsed]
    aliases: tuple[str, ...] = ()
    example: str = ""
    guard: Callable[[bytes, Fetch], Awaitable[None]] | None = None
    signed_by: str = ""
    rules: Rules | None = None
    show: Callable[[bytes], str] | None = None


@cache
def senders() -> dict[str, Sender]:
    """Every sender by its name: the modules of this package, then what other packages bring by entry points."""
    found: dict[str, Sender] = {}
    for module in iter_modules(__path__):
        sender = import_module(f"{__name__}.{module.name}").SENDER
        found[sender.name] = sender
    for entry in entry_points(group=ENTRY_POINTS):
        sender = entry.load()
        found.setdefault(sender.name, sender)
    return found


def sender_named(name: str) -> Sender:
    """The sender of that name or alias; Invalid, naming those there are, when there is none."""
    if (known := _by_any_name().get(name)) is not None:
        return known
    raise Invalid(f"there is no sender {name!r}; senders are {', '.join(sorted(senders()))}", "sender")


def is_sender(name: str) -> bool:
    """Whether a sender has that name or alias."""
    return name in _by_any_name()


@cache
def _by_any_name() -> dict[str, Sender]:
    aliases = {alias: sender for sender in senders().values() for alias in sender.aliases}
    return aliases | senders()
