"""What people do to the organisation. Each is one transaction."""

from tocsin.organisation.usecases.changing import (
    ALERTING_CHANGED,
    SCHEDULE_CHANGED,
    TOPIC,
    ApplyFiles,
    RemoveObject,
    SaveObject,
    apply_files,
    create_first_organisation,
    remove_object,
    save_object,
)
from tocsin.organisation.usecases.inviting import Invitation, Invited, invite_person

__all__ = [
    "ALERTING_CHANGED",
    "SCHEDULE_CHANGED",
    "TOPIC",
    "ApplyFiles",
    "Invitation",
    "Invited",
    "RemoveObject",
    "SaveObject",
    "apply_files",
    "create_first_organisation",
    "invite_person",
    "remove_object",
    "save_object",
]
