"""What a person can do with an incident: one function, one transaction each, `(connection, actor, …, now)`.

Those of later stages (impact, decisions, updates, checks) stand in their own rooms.
"""

from tocsin.incidents.usecases.declaring import declare, link_group, pin_services
from tocsin.incidents.usecases.ending import cancel, merge
from tocsin.incidents.usecases.moving import (
    add_note,
    advance,
    change_phase,
    change_severity,
    correct_entry,
    move_to_current_runbook,
    rename,
    tick_step,
)
from tocsin.incidents.usecases.people import (
    accept_handover,
    add_member,
    assign_role,
    decline_handover,
    name_deputy,
    offer_handover,
    release_role,
    remove_member,
    restrict,
)
from tocsin.incidents.usecases.redacting import redact_entry, remember_copy

__all__ = [
    "accept_handover", "add_member", "add_note", "advance", "assign_role", "cancel", "change_phase", "change_severity",
    "correct_entry", "declare", "decline_handover", "link_group", "merge", "move_to_current_runbook", "name_deputy",
    "offer_handover", "pin_services", "redact_entry", "release_role", "remember_copy", "remove_member", "rename",
    "restrict", "tick_step",
]  # fmt: skip
