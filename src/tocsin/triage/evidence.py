"""Artefacts kept by their SHA-256: which kinds there are, how large they may be, what makes one right. Pure."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from tocsin.errors import Conflict, Invalid, TooLarge
from tocsin.incidents.wording import optional_text, title_of, told_instant
from tocsin.timeline.facts.triage import EvidenceAdded

EVIDENCE_KINDS = ("snapshot", "log", "metrics", "screenshot", "output", "scratch", "file")
LARGEST = 25 * 1024 * 1024  # bytes
_MEDIA_TYPE = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}(; ?charset=[a-z0-9-]{1,40})?"
)


@dataclass(frozen=True)
class NewEvidence:
    """Something to be kept; `captured_at` UTC (now, when None); `sha256` is what the sender counted, if it did."""

    what: str
    title: str
    content: bytes
    media_type: str = "application/octet-stream"
    host: str | None = None
    captured_at: datetime | None = None
    volatile: bool = False
    sha256: str | None = None


def evidence_fact(evidence: NewEvidence, evidence_id: str, now: datetime) -> EvidenceAdded:
    """What the timeline keeps of it; Invalid, TooLarge or (the bytes are not those that were sent) Conflict."""
    if evidence.what not in EVIDENCE_KINDS:
        raise Invalid(f"'{evidence.what}' is no kind of evidence; those are {', '.join(EVIDENCE_KINDS)}", "kind")
    if not evidence.content:
        raise Invalid("the content is empty; nothing was captured", "content")
    if len(evidence.content) > LARGEST:
        raise TooLarge(
            f"the content has {len(evidence.content)} bytes; at most {LARGEST} are kept. Compress it, or link it"
        )
    media_type = evidence.media_type.strip().lower()
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise Invalid(f"'{evidence.media_type[:80]}' is no media type, such as text/plain", "media_type")
    digest = hashlib.sha256(evidence.content).hexdigest()
    if evidence.sha256 and evidence.sha256.strip().lower() != digest:
        raise Conflict(
            f"the bytes that arrived have the SHA-256 {digest}, not {evidence.sha256[:64]}:"
            " they changed on the way; send again"
        )
    return EvidenceAdded(
        evidence_id=evidence_id,
        what=evidence.what,
        title=title_of(evidence.title),
        sha256=digest,
        size=len(evidence.content),
        media_type=media_type,
        host=optional_text(evidence.host, "host", 255),
        captured_at=told_instant(evidence.captured_at, "captured_at", now) or now,
        volatile=evidence.volatile,
    )
