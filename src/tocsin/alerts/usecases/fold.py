"""Signals into episodes, episodes into groups, groups into tasks: one call for many messages, in their transaction.

It runs on the hot path: a message that changes nothing for people writes one alert row and locks no group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.alerts import alert as episodes
from tocsin.alerts import grouping
from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Firing, Group
from tocsin.alerts.opening import group_of_first
from tocsin.alerts.queries.rows import opened_row, stored_row
from tocsin.alerts.routing import Routed, described
from tocsin.alerts.silences import silenced_by
from tocsin.alerts.usecases.known import Known
from tocsin.alerts.usecases.rows import (
    GROUP,
    TOPIC,
    Key,
    Raced,
    attended,
    count_again,
    count_group,
    insert_alerts,
    insert_group,
    latest_episodes,
    locked_groups,
    open_group_ids,
    opened_since,
    tell,
    update_episodes,
    update_group,
)
from tocsin.engine.tasks import owe
from tocsin.ids import new_id, new_ids
from tocsin.intake.signal import SEVERITIES, IntegrationRef, Received, Signal
from tocsin.store.columns import is_postgresql
from tocsin.store.database import announce
from tocsin.store.prepared import savepoint, stored

_TRIES = 6


def fold_signals(
    connection: Connection, integration: IntegrationRef, signals: Sequence[Signal], now: datetime
) -> dict[str, int]:
    """As `fold_received`, for what came by one integration."""
    return fold_received(connection, [Received(integration, signal) for signal in signals], now)


def fold_received(
    connection: Connection, received: Sequence[Received], now: datetime, *, hopeful: bool = False
) -> dict[str, int]:
    """Upsert episodes and groups, owe what they mean. Returns by integration id how many signals changed nothing.

    `hopeful`: another process that is quicker is Raced at once, which ends the transaction; else it is tried again here.
    """
    if hopeful or not is_postgresql(connection):
        return _Fold(connection, now, hopeful).run(received)
    for attempt in range(1, _TRIES + 1):
        try:
            with savepoint(connection, "fold_again"):
                return _Fold(connection, now).run(received)
        except Raced:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable")  # pragma: no cover


@dataclass(frozen=True)
class _Joins:
    """Where a new alert that is routed so and so joins without changing more of a group than its counts."""

    group_id: str
    service: str | None
    loud: bool


@dataclass
class _Fold:
    """One fold: what was read, and what is to be written."""

    connection: Connection
    now: datetime
    hopeful: bool = False
    known: dict[Key, Episode] = field(default_factory=dict)
    fresh: dict[str, Episode] = field(default_factory=dict)
    changed: dict[str, Episode] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    opened: list[tuple[Any, ...]] = field(default_factory=list)
    joins: dict[tuple[int, bool], _Joins | None] = field(
        default_factory=dict
    )  # by what `found` keeps alive, and if silenced
    joined: dict[str, tuple[int, int]] = field(default_factory=dict)
    repeated: list[tuple[str, int]] = field(default_factory=list)
    only_joined: set[str] = field(default_factory=set)  # of those that are touched
    new_groups: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    waits: dict[str, Routed] = field(default_factory=dict)
    stale: dict[str, int] = field(default_factory=dict)

    def run(self, received: Sequence[Received]) -> dict[str, int]:
        unsorted: dict[Key, list[Received]] = {}
        for each in received:
            unsorted.setdefault((each.integration.id, each.signal.dedup_key), []).append(each)
        by_key = {key: unsorted[key] for key in sorted(unsorted)}
        self.known = latest_episodes(self.connection, by_key)
        self.before = {each.id: each for each in self.known.values()}
        self.remembered = Known.of(self.connection, self.now)
        self.router, self.silences = self.remembered.router, self.remembered.silences
        self.instant = stored(self.connection)
        self.stored_now = self.instant(self.now)
        self.ids = new_ids(len(by_key))
        routed = self._lock_groups(by_key)
        for key, some in by_key.items():
            if len(some) == 1 and self._is_plain(self.known.get(key), some[0], routed.get(key)):
                continue
            self._add_joined()
            for each in some:
                self._apply(key, each)
        self._add_joined()
        self._write()
        return self.stale

    def _lock_groups(self, by_key: dict[Key, list[Received]]) -> dict[Key, Routed]:
        """The groups that may change; of a message that only repeats itself, none. How what fires is routed, last."""
        ids: set[str] = set()
        keys: set[Key] = set()
        found: dict[Key, Routed] = {}
        for key, some in by_key.items():
            latest = self.known.get(key)
            if latest is not None:
                if _only_repeats(latest, some):
                    continue
                if latest.group_id is not None:
                    ids.add(latest.group_id)
            for each in some:
                if each.signal.status == "firing":
                    found[key] = routed = self._route(each)
                    keys.add((routed.route, routed.key))
        known = self.remembered
        ids.update(known.open[key] for key in keys if key in known.open)
        ids.update(open_group_ids(self.connection, [key for key in keys if key not in known.open]))
        self.groups = {id: known.groups[id] for id in ids if id in known.groups}
        self.groups.update(locked_groups(self.connection, [id for id in ids if id not in known.groups]))
        self.open = {(each.route, each.key): each.id for each in self.groups.values() if each.state != "closed"}
        self.stored_groups = dict(self.groups)
        return found

    def _route(self, each: Received) -> Routed:
        return self.router.route(each.integration, each.signal)

    def _silence(self, each: Received, routed: Routed) -> str | None:
        if not self.silences:
            return None
        return silenced_by(self.silences, described(each.integration, each.signal, routed.service), self.now)

    def _is_plain(self, latest: Episode | None, each: Received, routed: Routed | None) -> bool:
        """What nearly every message of a storm is, kept cheap: a new alert of a known group, or the same one again."""
        if latest is None:
            return routed is not None and self._only_joins(each, routed)
        if each.signal.status == "firing" and episodes.repeats(latest, each.signal):
            self.repeated.append((latest.id, latest.received + 1))
            return True
        return False

    def _only_joins(self, each: Received, routed: Routed) -> bool:
        """One message of an unknown key joins an open group and changes no more of it than its counts."""
        silence = self._silence(each, routed) if self.silences else None
        alike = (id(routed), silence is None)
        if alike in self.joins:
            joins = self.joins[alike]
        else:
            joins = self.joins[alike] = self._where_it_joins(each.signal, routed, loud=silence is None)
        if joins is None:
            return False
        count, loud = self.joined.get(joins.group_id, (0, 0))
        self.joined[joins.group_id] = (count + 1, loud + joins.loud)
        self.opened.append(
            opened_row(
                each.signal,
                next(self.ids),
                each.integration.id,
                joins.service,
                joins.group_id,
                silence,
                self.stored_now,
                self.instant,
            )
        )
        return True

    def _where_it_joins(self, signal: Signal, routed: Routed, *, loud: bool) -> _Joins | None:
        """The same for all that are routed as this one, which are as severe as it is."""
        group_id = self.open.get((routed.route, routed.key))
        firing = Firing(signal.severity, routed.urgency, routed.service, loud)
        if group_id is None or not grouping.only_joins(self.groups[group_id], firing):
            return None
        return _Joins(group_id, routed.service, loud)

    def _add_joined(self) -> None:
        for group_id, (count, loud) in self.joined.items():
            if group_id not in self.touched:
                self.only_joined.add(group_id)
            self.groups[group_id] = grouping.joined(self.groups[group_id], count, loud, self.now)
            self.touched.add(group_id)
        self.joined.clear()

    def _apply(self, key: Key, each: Received) -> None:
        latest = self.known.get(key)
        group = self.groups.get(latest.group_id or "") if latest else None
        flaps = bool(latest and group and grouping.still_flaps(group, latest.resolved_at, self.now))
        what = episodes.judge(each.signal, latest, flaps=flaps)
        if what == "opens":
            self._open(key, each)
        elif what == "changes_nothing" or latest is None:
            self.stale[each.integration.id] = self.stale.get(each.integration.id, 0) + 1
            unseen = episodes.ended_unseen(latest, each.signal, new_id(), each.integration.id, self.now)
            if unseen is not None:
                self._keep(key, unseen)
        elif what == "reopens":
            self._reopen(key, latest, each)
        elif what == "goes_on":
            self._go_on(key, latest, each)
        else:
            self._keep(key, episodes.resolved(latest, each.signal, self.now))
            if group is not None:
                self._set(grouping.resolves(group, self.now, was_loud=latest.silenced_by is None))

    def _open(self, key: Key, each: Received) -> None:
        routed = self._route(each)
        episode = episodes.opened(each.signal, new_id(), each.integration.id, routed.service, self.now)
        silence = self._silence(each, routed)
        firing = Firing(episode.severity, routed.urgency, routed.service, silence is None)
        group_id = self.open.get((routed.route, routed.key))
        if group_id is None:
            group = self._new_group(routed, episode, firing)
        else:
            group = grouping.fires(self.groups[group_id], firing, self.now, is_new=True)
        self._set(group)
        self._keep(key, replace(episode, group_id=group.id, silenced_by=silence), is_new=True)

    def _reopen(self, key: Key, latest: Episode, each: Received) -> None:
        routed = self._route(each)
        episode = episodes.reopened(latest, each.signal, self.now)
        episode = replace(episode, silenced_by=self._silence(each, routed))
        group = self.groups[latest.group_id or ""]
        self._set(grouping.fires(group, _firing(episode, routed), self.now, is_new=False))
        self._keep(key, episode)

    def _go_on(self, key: Key, latest: Episode, each: Received) -> None:
        episode = episodes.continued(latest, each.signal, self.now)
        group = self.groups.get(latest.group_id or "")
        if group is not None and episodes.is_worse(episode, latest):
            self._set(grouping.worsens(group, _firing(episode, self._route(each)), self.now))
        self._keep(key, episode)

    def _new_group(self, routed: Routed, episode: Episode, firing: Firing) -> Group:
        since = self.now - grouping.FLAPPING_WITHIN
        lately = opened_since(self.connection, routed.route, routed.key, since)
        group = group_of_first(new_id(), routed, episode, firing, lately, self.now)
        group = grouping.opened(group, attended(self.connection, group))
        self.open[routed.route, routed.key] = group.id
        self.new_groups.add(group.id)
        self.waits[group.id] = routed
        return group

    def _set(self, group: Group) -> None:
        self.groups[group.id] = group
        self.touched.add(group.id)
        self.only_joined.discard(group.id)
        self.joins.clear()

    def _keep(self, key: Key, episode: Episode, *, is_new: bool = False) -> None:
        is_new = is_new or (episode.received == 0 and key not in self.known)
        self.known[key] = episode
        if is_new or episode.id in self.fresh:
            self.fresh[episode.id] = episode
        else:
            self.changed[episode.id] = episode

    def _write(self) -> None:
        for id in sorted(self.touched & self.new_groups, key=lambda id: (self.groups[id].route, self.groups[id].key)):
            insert_group(self.connection, self.groups[id])
        self.opened += [stored_row(each, self.instant) for each in self.fresh.values()]
        insert_alerts(self.connection, self.opened, hopeful=self.hopeful)
        count_again(self.connection, self.repeated, self.now)
        update_episodes(self.connection, list(self.changed.values()), self.before, self.now)
        for id in sorted(self.touched):
            self._settle(self.groups[id])
        self.remembered.keep(self.groups.values())
        if any(group.inhibits for group in self.groups.values()):
            Known.forget(self.connection)  # what fires or ends here may be what keeps others quiet
        if self.opened or self.repeated or self.changed:
            announce(self.connection, TOPIC)

    def _settle(self, group: Group) -> None:
        if group.id in self.only_joined:
            count_group(self.connection, group, self.stored_groups[group.id])
        elif group.id not in self.new_groups:
            update_group(self.connection, group)
        else:
            routed = self.waits[group.id]
            if routed.group_wait and grouping.needs_a_look(group):
                later = self.now + routed.group_wait
                payload = {"group_id": group.id}
                owe(self.connection, "look_at_group", GROUP, group.id, payload, self.now, paging=True, not_before=later)
        tell(self.connection, group, self.now)


def _only_repeats(latest: Episode, some: Sequence[Received]) -> bool:
    return latest.state == "firing" and all(
        each.signal.status == "firing" and SEVERITIES.index(each.signal.severity) >= SEVERITIES.index(latest.severity)
        for each in some
    )


def _firing(episode: Episode, routed: Routed) -> Firing:
    return Firing(episode.severity, routed.urgency, routed.service, episode.silenced_by is None)


__all__ = ["fold_received", "fold_signals"]
