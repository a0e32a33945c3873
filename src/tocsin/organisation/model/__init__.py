"""The shape of every kind of object: what the YAML files say and what the rows keep.

A file has top-level keys, each a mapping from id to spec: `people`, `teams`, `services`, `schedules`, `policies`,
`routing`, `vendors`, `runbooks`; and `organisation`, the one set of settings. Any file may hold any of them.
"""

from typing import Literal

from tocsin.organisation.model.fields import Spec
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.policy import Policy
from tocsin.organisation.model.routing import RoutingRule
from tocsin.organisation.model.runbook import Runbook
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.model.service import Service
from tocsin.organisation.model.settings import Settings
from tocsin.organisation.model.team import Team
from tocsin.organisation.model.vendor import Vendor

Kind = Literal["settings", "person", "team", "schedule", "policy", "vendor", "runbook", "service", "routing"]

SETTINGS_ID = "organisation"
"""The id of the one object of kind 'settings'."""

MODELS: dict[Kind, type[Spec]] = {
    "settings": Settings,
    "person": Person,
    "team": Team,
    "schedule": Schedule,
    "policy": Policy,
    "vendor": Vendor,
    "runbook": Runbook,
    "service": Service,
    "routing": RoutingRule,
}

TOP_LEVEL: dict[str, Kind] = {
    "organisation": "settings",
    "people": "person",
    "teams": "team",
    "schedules": "schedule",
    "policies": "policy",
    "vendors": "vendor",
    "runbooks": "runbook",
    "services": "service",
    "routing": "routing",
}
"""The top-level keys of a file and the kind that each holds."""

KEY_OF: dict[Kind, str] = {kind: key for key, kind in TOP_LEVEL.items()}
"""The top-level key under which a kind is written."""
