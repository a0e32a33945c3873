"""The roles of a runbook: who has to be there, from when, and where they come from."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tocsin.runbook.conditions import listed
from tocsin.runbook.parts import PHASES, SEVERITIES, Part, Phase, SeveritySet, Slug, Text


class FillSource(Part):
    """Where a role's person comes from: a schedule, a policy, a team, or who is on call for the failing service."""

    kind: Literal["schedule", "policy", "team", "service"]
    name: Slug | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        if value == "service":
            return {"kind": "service"}
        if isinstance(value, Mapping) and len(value) == 1 and "kind" not in value:
            kind, name = next(iter(value.items()))
            return {"kind": kind, "name": name}
        return value

    @model_validator(mode="after")
    def _named(self) -> "FillSource":
        if (self.kind == "service") != (self.name is None):
            raise ValueError("write `service`, or a source with its name: `{schedule: primary}`")
        return self


class Required(Part):
    """When a role must be filled: at which severities, from which phase on."""

    severities: SeveritySet = SEVERITIES
    from_phase: Phase = Field("declared", alias="from")

    @model_validator(mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if value in ("always", True):
            return {}
        return {"severities": []} if value in ("never", False) else value

    def at(self, severity: int, phase: str) -> bool:
        """Whether the role is required now; in no phase after resolved."""
        if severity not in self.severities or phase not in PHASES or phase in ("resolved", "review", "closed"):
            return False
        return PHASES.index(self.from_phase) <= PHASES.index(phase)


class Role(Part):
    """A role of the response. `for_each: failing_service` makes one of it for each failing service."""

    title: Text
    duty: Text | None = None
    required: Required
    fill: Annotated[tuple[FillSource, ...], BeforeValidator(listed)] = ()
    for_each: Literal["failing_service"] | None = None
    deputy: bool = False
