"""A group as its first alert opens it. Pure."""

from datetime import datetime, timedelta

from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Firing, Group, flap_window
from tocsin.alerts.routing import Routed
from tocsin.runbook.durations import say_duration


def group_of_first(
    id: str, routed: Routed, episode: Episode, firing: Firing, opened_lately: int, now: datetime
) -> Group:
    """One alert fires, and no open group is its. `opened_lately`: how often one like it opened in the hour before."""
    waits, why = _how_long_it_flaps(routed, opened_lately)
    return Group(
        id=id,
        route=routed.route,
        key=routed.key,
        title=episode.title,
        state="open",
        urgency=routed.urgency,
        severity=episode.severity,
        services=(routed.service,) if routed.service else (),
        policy_id=routed.policy_id,
        declare=routed.declare,
        incident_id=None,
        firing=1,
        loud=int(firing.loud),
        total=1,
        worse=0,
        flap_seconds=int(waits.total_seconds()),
        opened_at=now,
        changed_at=now,
        resolved_at=None,
        closed_at=None,
        snoozed_until=None,
        snoozed_by=None,
        why=why,
        urgency_until=routed.urgency_until,
        inhibits=routed.inhibits,
        resolve_seconds=int(routed.resolve_after.total_seconds()) if routed.resolve_after else None,
        resolve_due=now + routed.resolve_after if routed.resolve_after else None,
    )


def _how_long_it_flaps(routed: Routed, opened_lately: int) -> tuple[timedelta, str]:
    waits = flap_window(routed.flap_window, opened_lately)
    if waits == routed.flap_window:
        return waits, routed.why
    return waits, f"{routed.why} It comes and goes: it is over once it has stayed away for {say_duration(waits)}."
