"""People who own services together."""

from tocsin.organisation.model.fields import FormerIds, Name, Slug, Spec


class Team(Spec):
    """A team: its members, the policy by which it is paged, and its own runbook."""

    name: Name
    members: tuple[Slug, ...] = ()
    policy: Slug | None = None
    runbook: str | None = None
    was: FormerIds = ()
