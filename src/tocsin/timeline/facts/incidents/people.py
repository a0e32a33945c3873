"""The kinds of facts of who works on an incident: roles, handovers, deputies, members and who may see it."""

from typing import ClassVar, Literal

from tocsin.timeline.entry import Category, Fact, NameOf, OptionalProse

ROLE_WORDS = {
    "commander": "incident commander",
    "communications": "communications",
    "operations": "ops",
    "expert": "expert",
}


def role_word(role: str) -> str:
    """A role as screens write it; `expert:payments-api` is the expert of one service."""
    stem, _, service = role.partition(":")
    word = ROLE_WORDS.get(stem, stem.replace("_", " "))
    return f"{word} for {service}" if service else word


class RoleAssigned(Fact):
    kind: ClassVar[str] = "role_assigned"
    category: ClassVar[Category] = "role"
    role: str  # commander | communications | operations | expert | a runbook's own
    person: str
    previous: str | None = None
    how: Literal["taken", "given", "schedule", "handover"] = "given"

    def sentence(self, name_of: NameOf) -> str:
        role = role_word(self.role)
        if self.how == "taken":
            return "took command." if self.role == "commander" else f"took {role}."
        if self.how == "handover" and self.previous:
            return f"took over {role} from {name_of(self.previous)}."
        return f"made {name_of(self.person)} {role}."


class RoleReleased(Fact):
    kind: ClassVar[str] = "role_released"
    category: ClassVar[Category] = "role"
    role: str
    person: str
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        return f"released {name_of(self.person)} from {role_word(self.role)}."


class HandoverOffered(Fact):
    kind: ClassVar[str] = "handover_offered"
    category: ClassVar[Category] = "role"
    role: str
    to: str
    note: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        return f"offered {role_word(self.role)} to {name_of(self.to)}."


class HandoverDeclined(Fact):
    kind: ClassVar[str] = "handover_declined"
    category: ClassVar[Category] = "role"
    role: str
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"declined the handover of {role_word(self.role)}."


class DeputyNamed(Fact):
    kind: ClassVar[str] = "deputy_named"
    category: ClassVar[Category] = "role"
    person: str

    def sentence(self, name_of: NameOf) -> str:
        return f"named {name_of(self.person)} deputy."


class RoleShouted(Fact):
    """A required role was empty past its time; who was reminded or paged."""

    kind: ClassVar[str] = "role_shouted"
    category: ClassVar[Category] = "role"
    role: str
    candidate: str | None = None
    count: int = 1

    def sentence(self, name_of: NameOf) -> str:
        who = f" {name_of(self.candidate)} is the person to page." if self.candidate else " Nobody is on call for it."
        return f"found {role_word(self.role)} still empty.{who}"


class MemberAdded(Fact):
    kind: ClassVar[str] = "member_added"
    person: str

    def sentence(self, name_of: NameOf) -> str:
        return f"added {name_of(self.person)} to the incident's members."


class MemberRemoved(Fact):
    kind: ClassVar[str] = "member_removed"
    person: str

    def sentence(self, name_of: NameOf) -> str:
        return f"removed {name_of(self.person)} from the incident's members."


class RestrictionChanged(Fact):
    kind: ClassVar[str] = "restriction_changed"
    restricted: bool
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "restricted the incident to its members." if self.restricted else "opened the incident to everybody."
