"""Apprise (github.com/caronc/apprise) as far as a message to a person needs it, kept to the house's rules.

Apprise calls its services itself, so what it may do is bounded here: only plugins that speak HTTP (none that touches
this machine's desktop, log or mail), and every connection that it makes, redirects too, is resolved and checked like any
other address that a user can set. It is imported at its first use: it is large, and few installations need it.
"""

import logging
import re
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from tocsin.clients.addresses import AddressRefused, Allowed, check_address
from tocsin.errors import Invalid

_STATUS = re.compile(r"error=(\d{3})")
_NOT_FOR_GOOD = {408, 425, 429}
_MOST_SECONDS = 10.0
_present = threading.local()


@dataclass(frozen=True)
class Sent:
    """What became of a message; `error` says what the service or the guard answered."""

    ok: bool
    error: str = ""
    for_good: bool = False
    """Whether another try can't help."""


def check(url: str) -> None:
    """Whether Apprise knows how to send by this URL, over HTTP. Invalid says what is wrong, without the URL's secrets."""
    _plugin(url)


def shown(url: str) -> str:
    """The URL as screens may show it: its service alone."""
    return f"{url.partition('://')[0]}://…"


def send(url: str, title: str, text: str, *, urgent: bool, allowed: Allowed) -> Sent:
    """Send one message; blocks, so call it in a thread. Never raises for what the far side does."""
    try:
        plugin = _plugin(url)
    except Invalid as error:
        return Sent(False, error.message, for_good=True)
    with _guarded(allowed) as refusals, _told() as lines:
        ok = bool(plugin.notify(body=text, title=title, notify_type="failure" if urgent else "info"))
    if ok:
        return Sent(True)
    if refusals:
        return Sent(False, refusals[-1], for_good=True)
    said = " ".join(" ".join(lines).split())[:300] or "the service did not take it"
    status = next((int(found[1]) for found in map(_STATUS.search, reversed(lines)) if found), 0)
    return Sent(False, said, for_good=400 <= status < 500 and status not in _NOT_FOR_GOOD)


def _plugin(url: str) -> Any:
    url = url.strip()
    schema = url.partition("://")[0].lower()
    if "://" not in url or any(character.isspace() for character in url):
        raise Invalid("an Apprise address looks like pover://USER@TOKEN or gotify://HOST/TOKEN", "target")
    plugin = _apprise().Apprise.instantiate(url, suppress_exceptions=True)
    if plugin is None:
        raise Invalid(f"Apprise can't send by this {schema!r} address: a part of it is missing or wrong", "target")
    if not hasattr(sys.modules[type(plugin).__module__], "requests"):
        raise Invalid(f"{schema!r} does not go over HTTP, which is all that may be used here", "target")
    return plugin


@cache
def _apprise() -> Any:
    import apprise
    import urllib3.util.connection as connecting

    connecting.create_connection = _connect
    return apprise


@contextmanager
def _guarded(allowed: Allowed) -> Iterator[list[str]]:
    """What this thread's connections may reach, and what was refused to them."""
    _present.allowed, _present.refusals = allowed, []
    try:
        yield _present.refusals
    finally:
        del _present.allowed, _present.refusals


def _connect(
    address: tuple[str, int],
    timeout: Any = None,
    source_address: tuple[str, int] | None = None,
    socket_options: Sequence[Any] | None = None,
) -> socket.socket:
    """urllib3's `create_connection`, to an address that was checked; OSError otherwise."""
    host, port = address[0].strip("[]"), address[1]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for each in addresses:
        try:
            check_address(host, each, getattr(_present, "allowed", Allowed()))
        except AddressRefused as error:
            getattr(_present, "refusals", []).append(error.message)
            raise OSError(error.message) from error
    seconds = timeout if isinstance(timeout, int | float) else _MOST_SECONDS
    failed: OSError | None = None
    for each in addresses:
        try:
            made = socket.create_connection((each, port), seconds, source_address)
        except OSError as error:
            failed = error
            continue
        for option in socket_options or ():
            made.setsockopt(*option)
        return made
    raise failed or OSError(f"the name {host} has no address")


@contextmanager
def _told() -> Iterator[list[str]]:
    """What Apprise says in this thread of why it failed."""
    lines: list[str] = []
    me = threading.get_ident()

    class _Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == me and record.levelno >= logging.WARNING:
                lines.append(record.getMessage())

    log, keeping = logging.getLogger("apprise"), _Keeping()
    log.addHandler(keeping)
    try:
        yield lines
    finally:
        log.removeHandler(keeping)
