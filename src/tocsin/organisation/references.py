"""Which object names which: every reference, whether it leads somewhere, and who uses what. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tocsin.organisation.model import MODELS, Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.model.person import Person

Objects = Mapping[tuple[Kind, str], Spec]
"""Specs by kind and id."""

# Where each kind names others: a path into its fields ('*' stands for each member of a list), and what is named there.
_PLACES: dict[Kind, tuple[tuple[str, Kind], ...]] = {
    "settings": (
        ("last_resort.*", "person"),
        ("default_policy", "policy"),
        ("runbook", "runbook"),
        ("commander_schedule", "schedule"),
        ("communications_schedule", "schedule"),
        ("operations_schedule", "schedule"),
        ("security_team", "team"),
        ("legal_team", "team"),
    ),
    "team": (("members.*", "person"), ("policy", "policy"), ("runbook", "runbook")),
    "schedule": (("team", "team"), ("rotations.*.people.*", "person")),
    "policy": (
        ("steps.*.page.*.person", "person"),
        ("steps.*.page.*.schedule", "schedule"),
        ("steps.*.page.*.next_on_call", "schedule"),
        ("steps.*.page.*.team", "team"),
        ("fallback.*.person", "person"),
        ("fallback.*.schedule", "schedule"),
        ("fallback.*.next_on_call", "schedule"),
        ("fallback.*.team", "team"),
    ),
    "service": (
        ("team", "team"),
        ("secondary_team", "team"),
        ("depends_on.*", "service"),
        ("policy", "policy"),
        ("experts.person", "person"),
        ("experts.schedule", "schedule"),
        ("experts.next_on_call", "schedule"),
        ("experts.team", "team"),
        ("runbook", "runbook"),
        ("vendors.*", "vendor"),
    ),
    "routing": (("service", "service"), ("policy", "policy")),
}
_KIND_OF = {model: kind for kind, model in MODELS.items()}


@dataclass(frozen=True)
class HalfRead:
    """What stands in the files but has a mistake, so that naming it is none.

    `objects` by kind and id; `keys` are the words of text that can't be read at all, any of which may be an id.
    """

    objects: frozenset[tuple[Kind, str]] = frozenset()
    keys: frozenset[str] = frozenset()

    def may_hold(self, kind: Kind, id: str) -> bool:
        """Whether the files may well describe this object, though it could not be read."""
        return (kind, id) in self.objects or id in self.keys


@dataclass(frozen=True)
class Reference:
    """A field that names another object."""

    field: str
    kind: Kind
    id: str


@dataclass(frozen=True)
class Dangling:
    """A reference from `user` that leads nowhere, or to somebody who is deactivated."""

    user: tuple[Kind, str]
    reference: Reference
    deactivated: bool = False


def references(spec: Spec) -> Iterator[Reference]:
    """Every object that a spec names."""
    yield from references_in(_KIND_OF[type(spec)], spec)


def references_in(kind: Kind, value: object) -> Iterator[Reference]:
    """As `references`, of plain values too, as a file holds them: whatever has not the right shape names nothing."""
    for path, named in _PLACES.get(kind, ()):
        for field, id in _walk(value, path.split("."), ""):
            yield Reference(field, named, id)


def _walk(value: object, path: list[str], field: str) -> Iterator[tuple[str, str]]:
    if not path:
        if isinstance(value, str):
            yield field, value
        return
    step, *rest = path
    prefix = f"{field}." if field else ""
    if step == "*":
        for place, member in enumerate(value) if isinstance(value, tuple | list) else ():
            yield from _walk(member, rest, f"{prefix}{place}")
    elif isinstance(value, Spec):
        yield from _walk(getattr(value, step), rest, prefix + step)
    elif isinstance(value, dict):
        yield from _walk(value.get(step), rest, prefix + step)


def dangling(objects: Objects) -> Iterator[Dangling]:
    """Every reference among the objects that leads nowhere or to a deactivated person."""
    for key, spec in objects.items():
        for reference in references(spec):
            target = objects.get((reference.kind, reference.id))
            if target is None:
                yield Dangling(key, reference)
            elif isinstance(target, Person) and not target.active:
                yield Dangling(key, reference, deactivated=True)


def users_of(objects: Objects, kind: Kind, id: str) -> list[tuple[Kind, str]]:
    """Which objects name this one, each once, in their order."""
    users = [key for key, spec in objects.items() if any((r.kind, r.id) == (kind, id) for r in references(spec))]
    return list(dict.fromkeys(users))
