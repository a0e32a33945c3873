"""One episode of a condition, and what a signal does to it: late, re-sent and out-of-order messages included."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tocsin.intake.signal import SEVERITIES, Severity, Signal

State = Literal["firing", "resolved"]
What = Literal["opens", "reopens", "goes_on", "resolves", "changes_nothing"]
UNHEARD = "unheard"
"""In place of a person: nothing was heard of the alert for as long as its rule waits."""


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert, from firing to resolved.

    `started_at` and `ended_at` are as the sender says; `received_at`, `resolved_at` and `last_at` are when Tocsin
    was told first, of the end, and last. All UTC. `received` counts messages; 0 means that the end came before the
    beginning, and such an episode is nobody's business: it is kept only so that the late beginning changes nothing.
    """

    id: str
    integration_id: str
    dedup_key: str
    state: State
    severity: Severity
    title: str
    service: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    links: tuple[tuple[str, str], ...]
    group_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    resolved_at: datetime | None
    silenced_by: str | None
    received_at: datetime
    last_at: datetime
    received: int
    resolved_by: str | None = None
    """Who called it over where its sender did not: a person's id, or `UNHEARD`. What is sent afterwards counts as new."""


def judge(signal: Signal, latest: Episode | None, *, flaps: bool) -> What:
    """What the signal does, given the latest episode of its key.

    `flaps`: the latest episode resolved within its group's flap window, so that firing again is the same episode.
    """
    if signal.status == "resolved":
        if latest is None or latest.state == "resolved" or _ends_an_earlier_one(signal, latest):
            return "changes_nothing"
        return "resolves"
    if latest is None:
        return "opens"
    if latest.state == "firing":
        return "goes_on"
    if _is_over_already(signal, latest):
        return "changes_nothing"
    return "reopens" if flaps and latest.received > 0 else "opens"


def _ends_an_earlier_one(signal: Signal, latest: Episode) -> bool:
    """A resolved message of an episode before this one, which as far as its sender said fires yet."""
    if latest.started_at is None:
        return False
    if signal.started_at is not None and signal.started_at >= latest.started_at:
        return False
    if signal.ended_at is not None:
        return signal.ended_at <= latest.started_at
    return signal.started_at is not None


def _is_over_already(signal: Signal, resolved: Episode) -> bool:
    """A firing message of an episode that has ended: it began no later than the end that is known.

    Without a claimed start, arrival decides, so it is new. An end that lies after its own message came is a wrong
    clock and counts from the message: else one wrong year would keep a key from ever paging again. Where not its
    sender called it over, the sender knows better, and only what belongs to an episode before is old.
    """
    if signal.started_at is None:
        return False
    if resolved.resolved_by is not None:
        return resolved.started_at is not None and signal.started_at < resolved.started_at
    if resolved.started_at is not None and signal.started_at <= resolved.started_at:
        return True
    end = _end_by_the_senders_clock(resolved)
    return end is not None and signal.started_at <= end


def _end_by_the_senders_clock(resolved: Episode) -> datetime | None:
    told = resolved.resolved_at
    if resolved.ended_at is not None:
        return min(resolved.ended_at, told) if told is not None else resolved.ended_at
    if told is None or resolved.started_at is None:
        return told
    # The end was not claimed, starts are: a sender whose clock is behind (or who means local time by UTC) is
    # believed as far as its last start was late, so that its next one is not taken for an old one.
    late = max(resolved.received_at - resolved.started_at, timedelta(0))
    return told - late


def opened(signal: Signal, id: str, integration_id: str, service: str | None, now: datetime) -> Episode:
    """A new episode; it has no group yet."""
    return Episode(
        id=id,
        integration_id=integration_id,
        dedup_key=signal.dedup_key,
        state="firing",
        severity=signal.severity,
        title=signal.title,
        service=service,
        labels=signal.labels,
        annotations=signal.annotations,
        links=_links(signal),
        group_id=None,
        started_at=signal.started_at,
        ended_at=None,
        resolved_at=None,
        silenced_by=None,
        received_at=now,
        last_at=now,
        received=1,
    )


def continued(episode: Episode, signal: Signal, now: datetime) -> Episode:
    """The episode fires on, as the newest message describes it; an older one only counts."""
    if signal.started_at is not None and episode.started_at is not None and signal.started_at < episode.started_at:
        return replace(episode, last_at=now, received=episode.received + 1)
    return replace(
        episode,
        severity=signal.severity,
        title=signal.title,
        labels=signal.labels,
        annotations=signal.annotations,
        links=_links(signal),
        started_at=signal.started_at or episode.started_at,
        last_at=now,
        received=episode.received + 1,
    )


def repeats(episode: Episode, signal: Signal) -> bool:
    """Whether an episode fires on and the message says nothing new of it: `continued` only counts it then."""
    return (
        episode.state == "firing"
        and signal.severity == episode.severity
        and signal.title == episode.title
        and (signal.started_at is None or signal.started_at == episode.started_at)
        and signal.labels == episode.labels
        and signal.annotations == episode.annotations
        and _links(signal) == episode.links
    )


def is_worse(after: Episode, before: Episode) -> bool:
    """Whether it is more severe than it was."""
    return SEVERITIES.index(after.severity) < SEVERITIES.index(before.severity)


def reopened(episode: Episode, signal: Signal, now: datetime) -> Episode:
    """The same episode fires again inside the flap window."""
    return replace(continued(episode, signal, now), state="firing", ended_at=None, resolved_at=None, resolved_by=None)


def resolved(episode: Episode, signal: Signal, now: datetime) -> Episode:
    """The episode is over."""
    return replace(
        episode, state="resolved", ended_at=signal.ended_at, resolved_at=now, last_at=now, received=episode.received + 1
    )


def ended_unseen(latest: Episode | None, signal: Signal, id: str, integration_id: str, now: datetime) -> Episode | None:
    """What to remember of an end without a beginning, so that the beginning, when it comes late, pages nobody.

    None where nothing need be remembered: without a claimed end nothing can be compared with it. What somebody else
    called over is over by its sender's word, too, from then on.
    """
    if signal.status != "resolved":
        return None
    if latest is not None and latest.resolved_by is not None:
        if _ends_an_earlier_one(signal, latest):
            return None
        return replace(latest, ended_at=signal.ended_at, resolved_by=None)
    if signal.ended_at is None:
        return None
    if latest is None:
        unseen = opened(signal, id, integration_id, None, now)
        return replace(unseen, state="resolved", ended_at=signal.ended_at, resolved_at=now, received=0)
    if latest.state == "resolved" and latest.ended_at is not None and signal.ended_at > latest.ended_at:
        return replace(latest, ended_at=signal.ended_at, resolved_at=now)
    return None


def _links(signal: Signal) -> tuple[tuple[str, str], ...]:
    return tuple((link.title, link.url) for link in signal.links)
