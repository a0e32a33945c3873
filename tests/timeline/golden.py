"""Golden entries: one of every kind and version, as it was hashed when that version was first released.

`python -m tests.timeline.golden` adds entries for kinds that have none yet; it never rewrites one that stands, because
what was hashed once must be read for ever.
"""

import json
import types
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tocsin.timeline.chain import GENESIS, Link, forge
from tocsin.timeline.entry import ActorRef, Entry, Fact
from tocsin.timeline.state import FACTS

FILE = Path(__file__).with_name("golden.jsonl")
_AT = datetime(2026, 11, 19, 14, 8, 31, 123456, tzinfo=UTC)
_ACTOR = ActorRef(kind="person", id="dana", name="Dana Okafor", person_id="dana")


def golden() -> dict[tuple[str, int], Link]:
    """The stored entries by kind and version."""
    found = {}
    for line in FILE.read_text().splitlines():
        raw = json.loads(line)
        link = Link(raw["body"].encode(), raw["texts"], raw["salts"], GENESIS, raw["hash"])
        found[raw["kind"], raw["version"]] = link
    return found


def sample(annotation: Any, name: str) -> Any:
    """A plain value of a type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return arguments[0]
    if origin in (Union, types.UnionType):
        return sample(next(each for each in arguments if each is not type(None)), name)
    if origin is tuple:
        return (sample(arguments[0], name),)
    if origin is dict:
        return {"area": "checkout"}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return built(annotation)
    return {str: f"some {name}", int: 2, float: 0.5, bool: True, datetime: _AT}[annotation]


def built(model: type[BaseModel]) -> Any:
    """An instance with every field given."""
    return model(**{name: sample(field.annotation, name) for name, field in model.model_fields.items()})


def _line(fact: Fact) -> str:
    entry = Entry(
        incident_id="018f0000-0000-7000-8000-000000000001",
        seq=1,
        id="018f0000-0000-7000-8000-000000000002",
        actor=_ACTOR,
        happened_at=_AT,
        recorded_at=_AT,
        fact=fact,
        hash="",
    )
    link = forge(entry, GENESIS)
    raw = {"kind": fact.kind, "version": fact.version, "body": link.body.decode(), "texts": link.texts}
    return json.dumps({**raw, "salts": link.salts, "hash": link.hash}, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    known = golden() if FILE.exists() else {}
    with FILE.open("a") as file:
        for name, kind in sorted(FACTS.items()):
            if name not in known:
                file.write(_line(built(kind)) + "\n")
