"""Heartbeats: what must be heard of every so often."""

from dataclasses import dataclass

from tocsin.alerts.queries.heartbeats import heartbeats, secret_of_heartbeat
from tocsin.identity.actor import Right
from tocsin.web import format as say
from tocsin.web.screens import Answer, Asked, Screen

_STATES = {
    "new": ("Not heard yet", ""),
    "good": ("Heard", "ok"),
    "late": ("Late", "crit"),
    "paused": ("Paused", "warn"),
}


@dataclass(frozen=True)
class HeartbeatRow:
    """A heartbeat; `tone` is its badge's."""

    id: str
    name: str
    state: str
    tone: str
    said: str
    paused: bool
    url: str


def load(asked: Asked) -> Answer:
    """What is late first; URLs for those who may set up senders."""
    may = asked.actor.may(Right.MANAGER)
    rows = []
    for each in heartbeats(asked.connection, asked.actor):
        state, tone = _STATES["paused" if each.paused_at else each.state]
        heard = f"heard {say.coarse(asked.now - each.last_at)} ago" if each.last_at else "its first beat arms it"
        said = f"every {say.coarse(each.every)}, {say.coarse(each.grace)} late at most, {heard}"
        url = ""
        if may:
            secret = secret_of_heartbeat(asked.connection, asked.actor, each.id)
            url = f"{asked.parts.settings.outside_url}/heartbeat/{secret}"
        rows.append(HeartbeatRow(each.id, each.name, state, tone, said, each.paused_at is not None, url))
    return Answer({"rows": tuple(rows), "may": may}, frozenset({"alerts"}), live=False)


SCREEN = Screen("/settings/heartbeats", "settings", "settings/heartbeats.html", load)
