"""Forms of heartbeats."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.alerts.usecases import heartbeats as usecases
from tocsin.alerts.usecases.heartbeats import CreateHeartbeat
from tocsin.errors import Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.intake.signal import SEVERITIES
from tocsin.organisation.queries import everything
from tocsin.runbook.durations import parse_duration
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_LIST = "/settings/heartbeats"


def _ask(asked: Asked) -> FormView:
    services = (
        Choice("", "None"),
        *(Choice(key, spec.name) for key, spec in everything(asked.connection).services.items()),
    )
    return FormView(
        "New heartbeat",
        "Makes a secret URL; when nothing asks for it in time, that is an alert.",
        f"{_LIST}/new",
        (
            Field("name", "Name", "text", required=True),
            Field("every", "How often it is heard of", "text", "24h", hint="such as 5m, 24h or 7d", required=True),
            Field("grace", "How much later it may be", "text", "10m", required=True),
            Field("severity", "How bad its silence is", "select", "error", choices=_choices()),
            Field("service", "About which service", "select", choices=services),
        ),
        "Make it",
        _LIST,
    )


def _choices() -> tuple[Choice, ...]:
    return tuple(Choice(each, each.capitalize()) for each in SEVERITIES)


def _new(asked: Asked, given: Given) -> Sent:
    spans = {}
    for name in ("every", "grace"):
        try:
            spans[name] = parse_duration(given.text(name))
        except ValueError as error:
            raise Invalid(str(error), name) from error
    command = CreateHeartbeat(
        given.text("name"), **spans, service=given.or_none("service"), severity=given.text("severity")
    )
    usecases.create_heartbeat(asked.connection, asked.actor, command, asked.now)
    return Sent(_LIST, "Made. Its first beat arms it.")


def _done(use_case: Callable[[Connection, Actor, str, datetime], Any], said: str) -> Callable[[Asked, Given], Sent]:
    def do(asked: Asked, given: Given) -> Sent:
        del given
        use_case(asked.connection, asked.actor, str(asked.path["heartbeat"]), asked.now)
        return Sent(_LIST, said)

    return do


FORMS = (
    Form(f"{_LIST}/new", _new, _ask, Right.MANAGER, "settings"),
    Form(f"{_LIST}/{{heartbeat}}/pause", _done(usecases.pause_heartbeat, "Paused."), None, Right.RESPONDER, "settings"),
    Form(
        f"{_LIST}/{{heartbeat}}/resume",
        _done(usecases.resume_heartbeat, "Awaited from its next beat on."),
        None,
        Right.RESPONDER,
        "settings",
    ),
    Form(
        f"{_LIST}/{{heartbeat}}/remove", _done(usecases.remove_heartbeat, "Removed."), None, Right.MANAGER, "settings"
    ),
)
