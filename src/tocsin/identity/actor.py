"""The actor of a use case: who, with which right and, for a token, which scopes."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from tocsin.errors import Forbidden

ActorKind = Literal["person", "token", "sender", "system"]


class Right(IntEnum):
    """What a user may do; each includes those before it."""

    VIEWER = 1
    RESPONDER = 2
    MANAGER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """As files and screens write it."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "Right":
        """From its word; ValueError for any other."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"{word!r} is no right; rights are viewer, responder, manager, admin") from None


@dataclass(frozen=True)
class Actor:
    """Who gives a command or asks a question.

    `id` is unique among all kinds and the same over time (`dana`, `token:018f…`, `system`); `person_id` is the
    person behind it, if any. A token has scopes (`respond`, `freeze:read`, …); `None` means all of its right.
    """

    kind: ActorKind
    id: str
    name: str
    right: Right
    person_id: str | None = None
    scopes: frozenset[str] | None = None

    def may(self, right: Right, scope: str | None = None) -> bool:
        """Whether the actor has the right and, being a token, a scope that reaches so far.

        The scopes `read`, `respond`, `manage`, `admin` reach as far as the right of that rank; a narrow one
        (`freeze:read`, `changes:write`) allows just the use cases that name it.
        """
        if self.right < right:
            return False
        return self._reaches(right) or (scope is not None and scope in (self.scopes or ()))

    def require(self, right: Right, scope: str | None = None) -> None:
        """Raise Forbidden, naming what is missing, unless the actor may."""
        wide = next(word for word, reach in SCOPE_REACH.items() if reach == right)
        if self.right < right:
            by_token = f" (with a token, one made with --scope {wide})" if self.scopes is not None else ""
            raise Forbidden(f"{self.name} has the right {self.right.word}; this needs {right.word}{by_token}")
        if not self.may(right, scope):
            needed = scope if scope in NARROW_SCOPES else wide
            raise Forbidden(f"the token of {self.name} has not the scope {needed!r}; make one with --scope {needed}")

    def require_own(self) -> None:
        """Raise Forbidden unless the actor may change what is their own: a token that only reads changes nothing."""
        self.require(Right.VIEWER)
        if not self._reaches(Right.RESPONDER):
            raise Forbidden(f"the token of {self.name} only reads; make one with --scope respond, or sign in")

    def _reaches(self, right: Right) -> bool:
        if self.scopes is None:
            return True
        return any(SCOPE_REACH[each] >= right for each in self.scopes if each in SCOPE_REACH)


SCOPE_REACH = {"read": Right.VIEWER, "respond": Right.RESPONDER, "manage": Right.MANAGER, "admin": Right.ADMIN}
NARROW_SCOPES = ("freeze:read", "changes:write")


SYSTEM = Actor(kind="system", id="system", name="Tocsin", right=Right.ADMIN)


def person(person_id: str, name: str, right: Right) -> Actor:
    """The actor for a signed-in person."""
    return Actor(kind="person", id=person_id, name=name, right=right, person_id=person_id)
