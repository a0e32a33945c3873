"""What incidents do for rows that come due: effects of the runbook, pages' logs, alert groups, clocks."""

from tocsin.engine.work import Registry
from tocsin.incidents.handlers import clocks, effects, groups, handovers, pages, shifts
from tocsin.oncall.usecases.handing import SHIFT_CHANGED


def register(registry: Registry) -> None:
    """Register every handler of this stage."""
    registry.task("effect.page_role", effects.page_role)
    registry.task("effect.page_schedule", effects.page_schedule)
    registry.task("effect.page_policy", effects.page_policy)
    registry.task("effect.page_team", effects.page_team)
    registry.task("effect.open_channel", effects.open_channel)
    registry.task("effect.post", effects.post)
    registry.task("effect.require", effects.require)
    registry.task("effect.restrict", effects.restrict)
    registry.task("effect.remind", effects.remind)
    registry.task("page_entry", pages.page_entry)
    registry.task("incident_over", pages.incident_over)
    registry.task("declare_group", groups.declare_group)
    registry.task("incident_group", groups.incident_group)
    registry.task("handover_offered", handovers.offered)
    registry.task("handover_unanswered", handovers.unanswered)
    registry.task(SHIFT_CHANGED, shifts.tell_of_handover)
    registry.deadline("first_five.end", clocks.first_five_end)
    registry.deadline("role.empty", clocks.role_empty)


__all__ = ["register"]
