"""Whether paging is healthy, in one sentence."""

from datetime import datetime

from tocsin.paging.queries.health import Channel
from tocsin.web import format as say

_CHANNELS = {"smtp": "e-mail", "screen": "the screen"}


def paging_sentence(found: list[Channel], now: datetime) -> tuple[str, str]:
    """That paging is healthy, or what is wrong with it; both '' while nothing was ever sent."""
    bad = [channel for channel in found if not channel.is_well(now)]
    if bad:
        worst = bad[0]
        since = worst.waiting_since or worst.failed_at
        when = f" since {say.moment(since, now)}" if since else ""
        others = [_CHANNELS.get(each.lane, each.lane) for each in found if each.is_well(now)]
        instead = (
            f" {say.listed(others).capitalize()} still {'delivers' if len(others) == 1 else 'deliver'}."
            if others
            else ""
        )
        return (
            "",
            f"Pages by {_CHANNELS.get(worst.lane, worst.lane)} fail{when}: {say.sentence(worst.error or 'no answer')}{instead}",
        )
    last = max((channel.delivered_at for channel in found if channel.delivered_at), default=None)
    if last is None:
        return "", ""
    every = say.count_of(len(found), "channel")
    return f"Paging is healthy: last delivery {say.moment(last, now)}, {every} of {every.split()[0]} delivered.", ""
