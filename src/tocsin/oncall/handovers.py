"""When a schedule must be looked at again: at its next change of person. Pure."""

from tocsin.engine.deadlines import WantedDeadline
from tocsin.oncall.schedule import OnCall

HANDOVER = "handover"


def wanted(now: OnCall) -> list[WantedDeadline]:
    """The next handover, keyed by its instant; none when nothing changes within the horizon."""
    if now.until is None:
        return []
    return [WantedDeadline(HANDOVER, now.until.isoformat(), now.until, {"from": now.person, "to": now.next_person})]
