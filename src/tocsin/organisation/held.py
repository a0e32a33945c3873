"""An object as the database holds it, and the JSON that rows keep. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tocsin.organisation.model import MODELS, Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.references import references

Origin = Literal["files", "screen", "start"]
Key = tuple[Kind, str]


@dataclass(frozen=True)
class Held:
    """A current object: its spec, what made it, and the file and line if files did."""

    spec: Spec
    origin: Origin
    file: str | None = None
    line: int | None = None

    @property
    def made(self) -> str:
        """Where it was made, in words."""
        if self.origin == "files":
            return f"from {self.file}:{self.line}"
        return "made on a screen" if self.origin == "screen" else "made at the first start"


def to_json(spec: Spec) -> dict[str, Any]:
    """What a row keeps of a spec."""
    return spec.model_dump(mode="json")


def from_json(kind: Kind, value: Mapping[str, Any]) -> Spec:
    """The spec that a row keeps; fields that this version no longer knows are left out."""
    model = MODELS[kind]
    return model.model_validate({name: each for name, each in value.items() if name in model.model_fields})


def digest(spec: Spec) -> str:
    """SHA-256 of the spec's canonical JSON, hexadecimal."""
    text = json.dumps(to_json(spec), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def with_renames(spec: Spec, renamed: Mapping[Key, str]) -> Spec:
    """The spec with every reference to a renamed object led to its new id."""
    touched = [each for each in references(spec) if (each.kind, each.id) in renamed]
    if not touched:
        return spec
    value = to_json(spec)
    for reference in touched:
        place: Any = value
        *path, last = reference.field.split(".")
        for step in path:
            place = place[int(step) if isinstance(place, list) else step]
        place[int(last) if isinstance(place, list) else last] = renamed[reference.kind, reference.id]
    return type(spec).model_validate(value)
