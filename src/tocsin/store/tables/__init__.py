"""Every table, one file a stage, on one MetaData. A stage writes its own tables only."""

from tocsin.store.tables import (
    alerts,
    comms,
    core,
    engine,
    identity,
    intake,
    mitigation,
    oncall,
    organisation,
    paging,
    recovery,
    review,
    timeline,
    triage,
)
from tocsin.store.tables.base import metadata

__all__ = [
    "alerts",
    "comms",
    "core",
    "engine",
    "identity",
    "intake",
    "metadata",
    "mitigation",
    "oncall",
    "organisation",
    "paging",
    "recovery",
    "review",
    "timeline",
    "triage",
]
