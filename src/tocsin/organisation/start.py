"""What the very first start makes, so that a page reaches somebody with nothing configured. Pure."""

from datetime import datetime, timedelta

from tocsin import wallclock
from tocsin.organisation.held import Key
from tocsin.organisation.model import SETTINGS_ID
from tocsin.organisation.model.fields import Spec, Target
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.policy import Policy, Step
from tocsin.organisation.model.schedule import Rotation, Schedule
from tocsin.organisation.model.settings import Settings
from tocsin.organisation.snapshot import DEFAULT_POLICY

PRIMARY_SCHEDULE = "primary"
"""The schedule of the default policy."""
COMMANDERS, COMMUNICATIONS = "incident-commanders", "communications"
"""The schedules by which the shipped runbook fills roles."""


def first_objects(person_id: str, name: str, email: str, time_zone: str, now: datetime) -> dict[Key, Spec]:
    """One person, always on call and the last resort; the schedules that the shipped runbook names; a policy."""
    yesterday = wallclock.to_wall(now, wallclock.zone(time_zone)).date() - timedelta(days=1)
    always = Rotation(people=(person_id,), starts=yesterday, time_zone=time_zone)
    step = Step(page=(Target(schedule=PRIMARY_SCHEDULE),))
    return {
        ("person", person_id): Person(name=name, email=email, time_zone=time_zone),
        ("schedule", PRIMARY_SCHEDULE): Schedule(name="Primary", rotations=(always,)),
        ("schedule", COMMANDERS): Schedule(name="Incident commanders", rotations=(always,)),
        ("schedule", COMMUNICATIONS): Schedule(name="Communications", rotations=(always,)),
        ("policy", DEFAULT_POLICY): Policy(name="Default", steps=(step,)),
        ("settings", SETTINGS_ID): Settings(
            last_resort=(person_id,),
            default_policy=DEFAULT_POLICY,
            commander_schedule=COMMANDERS,
            communications_schedule=COMMUNICATIONS,
        ),
    }
