"""A screen: one path, one reading, one template; the same for the page itself and for its live parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.identity.actor import Actor, Right
from tocsin.parts import Parts
from tocsin.web.views.common import Action, Shell

NAV = "parts/nav.html"
RINGING = "parts/ringing.html"


@dataclass(frozen=True)
class Asked:
    """One question of a browser: who asks, for what, when."""

    connection: Connection
    actor: Actor
    now: datetime
    parts: Parts
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    csrf: str = ""
    here: tuple[str, ...] = ()

    @property
    def person_id(self) -> str:
        """The person who asks, '' for a token."""
        return self.actor.person_id or ""

    @property
    def responds(self) -> bool:
        """Whether they may act."""
        return self.actor.may(Right.RESPONDER)

    def at(self, path: Mapping[str, str], query: Mapping[str, str]) -> "Asked":
        """The same person asking for another place."""
        return replace(self, path=path, query=query)


@dataclass(frozen=True)
class Answer:
    """What a screen says: its view model, and what the frame around it needs to know of it."""

    view: object
    topics: frozenset[str] = frozenset()
    live: bool = True
    own: tuple[Action, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Screen:
    """One page. `fragments` are partials with one root element that has an id; `page` marks its place in the nav."""

    path: str
    page: str
    template: str
    load: Callable[[Asked], Answer]
    fragments: tuple[str, ...] = ()
    right: Right = Right.VIEWER
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """A screen's answer with the frame around it."""

    answer: Answer
    shell: Shell
