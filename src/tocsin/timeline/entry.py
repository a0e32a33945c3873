"""The immutable fact and the entry that carries it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from tocsin.identity.actor import Actor


class FreeText:
    """Marks a field as free text: kept apart from the hashed facts, so that it can be redacted."""


Prose = Annotated[str, FreeText()]
OptionalProse = Annotated[str | None, FreeText()]
NameOf = Callable[[str], str]  # a person's, team's or vendor's id -> the name to show
Category = Literal["alert", "comms", "decision", "evidence", "note", "role", "severity", "system"]

REDACTED = "[redacted]"


class Frozen(BaseModel):
    """A value: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(Frozen):
    """One kind of thing that can happen in an incident. Subclasses stand in `timeline/facts/`.

    Only top-level fields typed `Prose`/`OptionalProse` are free text. A field is never renamed or retyped: a new
    version of the kind is a new class, and the old one stays to read old entries.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    category: ClassVar[Category] = "system"

    def sentence(self, name_of: NameOf) -> str:
        """The fact in plain words, to stand after the actor's name: 'declared INC-147 as Sev2.'"""
        raise NotImplementedError  # every kind has its own

    @classmethod
    def prose_fields(cls) -> tuple[str, ...]:
        """The names of its free-text fields."""
        return tuple(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, FreeText) for mark in field.metadata)
        )

    def structure(self) -> dict[str, Any]:
        """Its fields without the free text, ready for JSON."""
        return self.model_dump(mode="json", exclude=set(self.prose_fields()))

    def texts(self) -> dict[str, str]:
        """Its free text by field; fields that are None are absent."""
        values = {name: getattr(self, name) for name in self.prose_fields()}
        return {name: value for name, value in values.items() if value is not None}


class ActorRef(Frozen):
    """Who did it, as the entry keeps it for ever."""

    kind: Literal["person", "token", "sender", "system"]
    id: str
    name: str
    person_id: str | None = None

    @classmethod
    def of(cls, actor: Actor) -> "ActorRef":
        """The lasting part of an actor."""
        return cls(kind=actor.kind, id=actor.id, name=actor.name, person_id=actor.person_id)


class NewFact(Frozen):
    """A fact to be appended; `happened_at` as claimed (UTC), the time of recording if None."""

    fact: Fact
    happened_at: datetime | None = None


class Entry(Frozen):
    """A recorded fact. `seq` counts from 1 in its incident and alone orders the chain; times are UTC."""

    incident_id: str
    seq: int
    id: str
    actor: ActorRef
    happened_at: datetime
    recorded_at: datetime
    fact: Fact
    hash: str
    redacted: bool = False

    @property
    def kind(self) -> str:
        """The fact's kind."""
        return self.fact.kind
