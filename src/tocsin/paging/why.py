"""Why an alert did or did not page, in one sentence. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Standing:
    """All that decides it. `routed` is the group's own sentence; `quiet` what keeps the alert itself from paging.

    `page`: the newest page of its group, with who has it since when, or why it ended.
    """

    fires: bool = True
    routed: str = ""
    urgency: Literal["page", "notify", "record"] = "page"
    quiet: str = ""
    snoozed_until: datetime | None = None
    incident: str = ""
    page: Literal["open", "acknowledged", "ended", ""] = ""
    holder: str = ""
    since: datetime | None = None
    ended_why: str = ""


def why(standing: Standing, now: datetime) -> str:
    """The sentence."""
    if standing.quiet:
        return f"It pages nobody: {standing.quiet}."
    if standing.urgency == "record":
        return standing.routed or "Recorded only."
    if standing.page == "open" and standing.snoozed_until and standing.snoozed_until > now:
        return f"It is quiet until {standing.snoozed_until:%H:%M} UTC: its group is snoozed."
    verb = "It paged" if standing.urgency == "page" else "It was told"
    if standing.page == "acknowledged":
        since = f" since {standing.since:%H:%M} UTC" if standing.since else ""
        return f"{verb}, and {standing.holder or 'somebody'} has it{since}; it does so again only when it gets worse."
    if standing.page == "ended":
        return f"{verb}; that is over: {standing.ended_why.rstrip('.') or 'it was ended'}."
    if standing.snoozed_until and standing.snoozed_until > now:
        return f"It pages nobody until {standing.snoozed_until:%H:%M} UTC: its group is snoozed."
    if standing.page == "open":
        return f"{standing.routed or 'It pages.'} Nobody has it yet."
    if not standing.fires:
        return "It paged nobody: it was over before anybody was needed."
    if standing.incident and not standing.routed:
        return f"It pages nobody: it belongs to {standing.incident}, which is open."
    return standing.routed or "It pages nobody yet: its group waits to be looked at."
