"""Somebody who can be on call, hold a role or own work."""

from tocsin.organisation.model.fields import Email, FormerIds, Name, Spec, ZoneName


class Person(Spec):
    """A person. Never deleted: who leaves is deactivated. How they are paged is set on screens, not in files."""

    name: Name
    email: Email
    time_zone: ZoneName = "UTC"
    active: bool = True
    was: FormerIds = ()
