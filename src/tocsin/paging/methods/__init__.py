"""How a person can be reached: one file for each method, found by its name.

A newcomer adds a file here (or an entry point `tocsin.paging_methods`) with a class that is a `Method` and a line
`METHOD = ThatClass`. Nothing else changes.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import entry_points
from typing import ClassVar, Protocol

from sqlalchemy import Connection

from tocsin.clients.declining import Declined
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.smtp import Smtp
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.message import Message
from tocsin.paging.services import Services

GROUP = "tocsin.paging_methods"
NOT_SET_UP = "paging methods not set up"
"""Under this name the database's context holds what `not_set_up` found, so that a step can be planned without it."""


@dataclass(frozen=True)
class Means:
    """What methods are built from; `print_line` writes to the server's own output."""

    http: GuardedHttp
    smtp: Smtp | None
    print_line: Callable[[str], None]
    services: Services = field(default_factory=Services)


class Method(Protocol):
    """One way to reach a person. `lane` is whose slowness it shares; `secret`: its address is sealed at rest.

    `example` is an address as people write it.
    """

    kind: ClassVar[str]
    lane: ClassVar[str]
    label: ClassVar[str]
    example: ClassVar[str]
    secret: ClassVar[bool]

    def __init__(self, means: Means) -> None: ...

    @staticmethod
    def missing(means: Means) -> str | None:
        """Why nothing can go this way on this installation ("e-mail is not set up …"); None when it can."""
        ...

    @staticmethod
    def check(address: str) -> str:
        """The address as it is kept; Invalid says what is wrong with it."""
        ...

    @staticmethod
    def shown(address: str) -> str:
        """The address as screens may show it."""
        ...

    async def send(self, address: str, message: Message) -> Outcome:
        """Send; `failed` when another try can't help. Never raises for what the far side does."""
        ...


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, type[Method]]:
    """Every method by its kind: the files of this folder, then entry points."""
    found: dict[str, type[Method]] = {}
    for module in pkgutil.iter_modules(__path__):
        method = importlib.import_module(f"{__name__}.{module.name}").METHOD
        found[method.kind] = method
    for point in entry_points(group=GROUP):
        method = point.load()
        found.setdefault(method.kind, method)
    return found


def kind_named(kind: str) -> type[Method]:
    """The method of a kind; Invalid names those that there are."""
    if kind not in kinds():
        raise Invalid(f"'{kind}' is no way to reach somebody; there are {', '.join(sorted(kinds()))}", "kind")
    return kinds()[kind]


def lane_of(kind: str) -> str:
    """The lane of a method's deliveries."""
    return kinds()[kind].lane if kind in kinds() else kind


def not_set_up(means: Means) -> dict[str, str]:
    """The methods by which nothing can go on this installation: kind to the reason."""
    reasons = {kind: method.missing(means) for kind, method in kinds().items()}
    return {kind: reason for kind, reason in reasons.items() if reason}


def missing_here(connection: Connection, kind: str) -> str | None:
    """Why nothing can go by this method on this installation; None when it can."""
    found: Mapping[str, str] = connection.info.get(NOT_SET_UP, {})
    return found.get(kind)


def declined(error: Declined) -> Outcome:
    """What a service's refusal means for a message."""
    return Outcome("failed" if error.permanent else "retry", error=error.message, retry_after=error.retry_after)


def load(means: Means) -> dict[str, Method]:
    """Every method, ready to send."""
    return {kind: method(means) for kind, method in kinds().items()}
