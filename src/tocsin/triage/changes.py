"""Changes as the tools that make them report them. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.errors import Invalid, Mistake
from tocsin.incidents.decide import labels_of
from tocsin.incidents.wording import optional_text, text_of, told_instant
from tocsin.triage.decide import link_of

CHANGE_KINDS = ("deploy", "flag", "config", "migration", "infrastructure", "rollback")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True)
class NewChange:
    """One change of one service. `external_id` is the reporter's own: the same one again is the same change.

    `undo` is the command that takes it back; `happened_at` is UTC, now when None.
    """

    service: str
    kind: str
    summary: str
    external_id: str | None = None
    environment: str | None = None
    version: str | None = None
    link: str | None = None
    author: str | None = None
    undo: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    happened_at: datetime | None = None


def change_of_sender(
    integration: str, service: str | None, summary: str, told: Mapping[str, str], happened_at: datetime | None
) -> NewChange:
    """A change out of what a sender of alerts tells; where it names no service, its integration's or its source's."""
    named = [told.get("service", ""), service or "", told.get("source", ""), integration]
    ids = [re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:63] for name in named]
    kind = told.get("kind", "").lower()
    return NewChange(
        service=next((id for id in ids if id), "unnamed"),
        kind=kind if kind in CHANGE_KINDS else "deploy",
        summary=summary,
        external_id=told.get("id"),
        environment=told.get("environment"),
        version=told.get("version"),
        link=told.get("link"),
        author=told.get("author"),
        happened_at=happened_at,
    )


def checked(change: NewChange, now: datetime) -> NewChange:
    """The change with every field right and its time set; Invalid names every wrong one at once."""
    wrong: list[Mistake] = []

    def part(make: Callable[[], str | None]) -> str | None:
        try:
            return make()
        except Invalid as error:
            wrong.extend(error.mistakes)
        return None

    if change.kind not in CHANGE_KINDS:
        wrong.append(Mistake("kind", f"'{change.kind}' is no kind of change; those are {', '.join(CHANGE_KINDS)}"))
    if not _SERVICE.fullmatch(change.service):
        wrong.append(Mistake("service", f"'{change.service[:80]}' is no service's id, such as checkout-api"))
    at = now
    try:
        at = told_instant(change.happened_at, "happened_at", now) or now
        labels_of(change.labels)
    except Invalid as error:
        wrong.extend(error.mistakes)
    kept = NewChange(
        service=change.service,
        kind=change.kind,
        summary=part(lambda: text_of(change.summary, "summary", 1000)) or "",
        external_id=part(lambda: optional_text(change.external_id, "id", 200)),
        environment=part(lambda: optional_text(change.environment, "environment", 100)),
        version=part(lambda: optional_text(change.version, "version", 200)),
        link=part(lambda: link_of(change.link, "link") if change.link else None),
        author=part(lambda: optional_text(change.author, "author", 200)),
        undo=part(lambda: optional_text(change.undo, "undo", 4000)),
        labels=dict(change.labels),
        happened_at=at,
    )
    if wrong:
        raise Invalid("; ".join(each.message for each in wrong), mistakes=tuple(wrong))
    return kept
