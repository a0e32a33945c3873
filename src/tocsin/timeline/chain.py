"""The hash chain of an incident: what is hashed, how it is verified, how a redaction keeps it whole.

`hash = SHA-256(prev || body)`, where `body` is the canonical JSON of the entry's structural facts and, for each
free text, the digest of that text under a salt of its own. Redacting removes text and salt; the digest stays.
The head of the chain is signed, so that cutting off the end shows.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tocsin.timeline.entry import REDACTED, ActorRef, Entry, Fact
from tocsin.timeline.state import FACTS

GENESIS = "0" * 64
_SALT_BYTES = 16


@dataclass(frozen=True)
class Link:
    """An entry as it is stored: the bytes that are hashed, the texts and salts apart from them."""

    body: bytes
    texts: dict[str, str]
    salts: dict[str, str]
    prev: str
    hash: str
    redacted_by: str | None = None


def canonical(value: Any) -> bytes:
    """One form for one value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def text_digest(salt: str, field: str, text: str) -> str:
    """The digest that stands in the body for a free text."""
    return hashlib.sha256(
        b"\0".join((salt.encode(), field.encode(), text.encode("utf-8", "surrogatepass")))
    ).hexdigest()


def forge(entry: Entry, prev: str) -> Link:
    """The link for a new entry after `prev`."""
    texts = entry.fact.texts()
    salts = {field: secrets.token_hex(_SALT_BYTES) for field in texts}
    body = canonical(
        {
            "incident": entry.incident_id,
            "seq": entry.seq,
            "id": entry.id,
            "kind": entry.fact.kind,
            "version": entry.fact.version,
            "actor": entry.actor.model_dump(mode="json"),
            "happened_at": instant_text(entry.happened_at),
            "recorded_at": instant_text(entry.recorded_at),
            "facts": entry.fact.structure(),
            "texts": {field: text_digest(salts[field], field, text) for field, text in texts.items()},
        }
    )
    return Link(body=body, texts=texts, salts=salts, prev=prev, hash=chained(prev, body))


def chained(prev: str, body: bytes) -> str:
    """The hash of a body after the hash before it."""
    return hashlib.sha256(prev.encode() + body).hexdigest()


def read(link: Link) -> Entry:
    """The entry that a link holds; redacted texts read as `[redacted]`.

    Raises ValueError when the body is no entry of a known kind and version.
    """
    raw = json.loads(link.body)
    fact_type: type[Fact] | None = FACTS.get((raw["kind"], raw["version"]))
    if fact_type is None:
        raise ValueError(
            f"unknown kind of entry {raw['kind']!r}, version {raw['version']}; this Tocsin is too old for it"
        )
    texts = {field: link.texts.get(field, REDACTED) for field in raw["texts"]}
    return Entry(
        incident_id=raw["incident"],
        seq=raw["seq"],
        id=raw["id"],
        actor=ActorRef.model_validate(raw["actor"]),
        happened_at=instant_of(raw["happened_at"]),
        recorded_at=instant_of(raw["recorded_at"]),
        fact=fact_type.model_validate({**raw["facts"], **texts}),
        hash=link.hash,
        redacted=any(field not in link.texts for field in raw["texts"]),
    )


def faults(link: Link, prev: str, redactions: Mapping[int, Iterable[str]]) -> list[str]:
    """What is wrong with one stored link after `prev`: sentences, empty when it is whole.

    `redactions` gives, for each seq, the fields that later `redacted` entries name.
    """
    wrong = []
    if link.prev != prev:
        wrong.append("it does not follow the entry before it")
    if link.hash != chained(link.prev, link.body):
        wrong.append("its content was changed: the hash does not fit")
        return wrong
    raw = json.loads(link.body)
    allowed = set(redactions.get(raw["seq"], ()))
    for field, digest in raw["texts"].items():
        text, salt = link.texts.get(field), link.salts.get(field)
        if text is None:
            if field not in allowed:
                wrong.append(f"its text {field!r} is gone and no redaction names it")
        elif salt is None or text_digest(salt, field, text) != digest:
            wrong.append(f"its text {field!r} was changed")
    wrong.extend(
        f"it has a text {field!r} that was never recorded" for field in link.texts if field not in raw["texts"]
    )
    return wrong


def head_message(incident_id: str, seq: int, head_hash: str) -> str:
    """What is signed for the head of a chain."""
    return f"{incident_id}:{seq}:{head_hash}"


def instant_text(at: datetime) -> str:
    """RFC 3339 with microseconds and Z; one form for one instant."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant_of(text: str) -> datetime:
    """Back from `instant_text`."""
    return datetime.fromisoformat(text)
