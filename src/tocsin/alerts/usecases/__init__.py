"""What senders, people and incidents can do to alerts: one function each, one transaction each."""

from tocsin.alerts.usecases.fold import fold_received, fold_signals
from tocsin.alerts.usecases.groups import (
    SnoozeGroup,
    claim_for_incident,
    end_snooze,
    release_claims,
    snooze_group,
)
from tocsin.alerts.usecases.quieting import (
    ChangeSilence,
    CreateSilence,
    apply_silences,
    cancel_silence,
    change_silence,
    create_silence,
)
from tocsin.alerts.usecases.resolving import ResolveGroup, resolve_group
from tocsin.intake.usecases import create_first_integration

__all__ = [
    "ChangeSilence",
    "CreateSilence",
    "ResolveGroup",
    "SnoozeGroup",
    "apply_silences",
    "cancel_silence",
    "change_silence",
    "claim_for_incident",
    "create_first_integration",
    "create_silence",
    "end_snooze",
    "fold_received",
    "fold_signals",
    "release_claims",
    "resolve_group",
    "snooze_group",
]
