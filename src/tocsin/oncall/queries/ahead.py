"""What will go wrong on call within 30 days, of all schedules or of one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from tocsin.oncall import ahead
from tocsin.oncall.ahead import LOOKED_AHEAD, LOOKED_BACK, Trouble
from tocsin.oncall.queries import gaps_between, overrides_of, shifts_between
from tocsin.oncall.schedule import FinalShift, Gap
from tocsin.organisation.model.policy import Step
from tocsin.organisation.queries import everything, valid_since


def first_gaps(connection: Connection, schedule_id: str, now: datetime) -> list[Gap]:
    """The gaps of a schedule to tell of long before they begin."""
    since = max(now - LOOKED_BACK, valid_since(connection, "schedule").get(schedule_id, now))
    return ahead.first_gaps(gaps_between(connection, schedule_id, since, now + LOOKED_AHEAD), now)


def doubles_and_overlaps(connection: Connection, now: datetime, schedule_id: str | None = None) -> list[Trouble]:
    """Who is on call on two steps of a policy at once, and overrides that cover each other, in order."""
    organisation = everything(connection)
    policies = {
        id: policy
        for id, policy in organisation.policies.items()
        if schedule_id is None or schedule_id in _schedules_of(policy.steps)
    }
    needed = {id for policy in policies.values() for id in _schedules_of(policy.steps) if id in organisation.schedules}
    shifts = {id: shifts_between(connection, id, now, now + LOOKED_AHEAD) for id in needed}
    found = [one for id, policy in policies.items() for one in ahead.doubles(id, policy, shifts)]
    if schedule_id is not None:
        found = [one for one in found if schedule_id in (one.schedule_id, one.other)]
    for id in [schedule_id] if schedule_id is not None else organisation.schedules:
        made = overrides_of(connection, id, now, now + LOOKED_AHEAD)
        found += ahead.overlaps(id, [each for each in made if each.source == "override"])
    return sorted(found, key=lambda one: (one.start, one.schedule_id, one.person))


def first_shifts(connection: Connection, now: datetime, schedule_id: str) -> Mapping[str, FinalShift]:
    """Who is on call on a schedule within 30 days, each with their first shift."""
    found: dict[str, FinalShift] = {}
    for shift in shifts_between(connection, schedule_id, now, now + LOOKED_AHEAD):
        found.setdefault(shift.person, shift)
    return found


def _schedules_of(steps: Sequence[Step]) -> set[str]:
    return {target.schedule for step in steps for target in step.page if target.schedule}
