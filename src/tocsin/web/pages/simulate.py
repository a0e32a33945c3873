"""The page simulator: if a page came then and nobody answered, who would hear it, when and by what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from tocsin.errors import Invalid
from tocsin.organisation.model.policy import Severity
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.paging.methods import kinds
from tocsin.paging.page import Urgency
from tocsin.paging.queries.simulating import simulation
from tocsin.paging.simulation import Heard, SimulatedStep
from tocsin.wallclock import local_time_text
from tocsin.web import format as say
from tocsin.web.instants import parse_instant
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Choice

_EXAMPLE = "sat 03:00"


@dataclass(frozen=True)
class Line:
    """Somebody who hears it: their name, their own clock, and by what when."""

    who: str
    local: str
    by: str


@dataclass(frozen=True)
class StepLine:
    """One step: when and after how long, its name, who hears it, and what was passed over why."""

    at: str
    after: str
    name: str
    people: tuple[Line, ...]
    skipped: tuple[str, ...]
    passed: bool


@dataclass(frozen=True)
class SimulateView:
    """The whole page."""

    to: str
    asked_for: str
    error: str
    choices: tuple[tuple[str, tuple[Choice, ...]], ...]
    severities: tuple[Choice, ...]
    urgencies: tuple[Choice, ...]
    notifies: bool
    title: str
    steps: tuple[StepLine, ...]


def load(asked: Asked) -> Answer:
    """`?to=checkout-api&at=sat 03:00&severity=critical&urgency=notify`; else the default policy, a Saturday night."""
    organisation = everything(asked.connection)
    to, severity = asked.query.get("to", ""), asked.query.get("severity", "")
    urgency: Urgency = "notify" if asked.query.get("urgency") == "notify" else "page"
    text = asked.query.get("at", "") or _EXAMPLE
    error, steps, when = "", tuple[SimulatedStep, ...](), asked.now
    try:
        when = parse_instant(text, asked.now, "at")
        steps = simulation(asked.connection, to or None, when, severity or None, urgency)
    except Invalid as mistake:
        error = mistake.message
    view = SimulateView(
        to=to,
        asked_for=text,
        error=error,
        choices=(
            ("Services", _choices(to, ((id, each.name) for id, each in organisation.services.items()))),
            ("Teams", _choices(to, ((id, each.name) for id, each in organisation.teams.items()))),
            ("Policies", _choices(to, ((id, each.name) for id, each in organisation.policies.items()))),
            ("Schedules", _choices(to, ((id, each.name) for id, each in organisation.schedules.items()))),
        ),
        severities=_choices(severity, ((each, each.capitalize()) for each in get_args(Severity))),
        urgencies=_choices(urgency, (("page", "pages until somebody answers"), ("notify", "only notifies"))),
        notifies=urgency == "notify",
        title=f"If it came {say.moment(when, asked.now)} and nobody answered",
        steps=tuple(_line(step, when, organisation) for step in steps),
    )
    return Answer(view, frozenset({"organisation", "oncall"}), live=False, title="Page simulator")


def _choices(chosen: str, of: Iterable[tuple[str, str]]) -> tuple[Choice, ...]:
    return tuple(Choice(id, name, chosen=id == chosen) for id, name in of)


def _line(step: SimulatedStep, began: datetime, organisation: Organisation) -> StepLine:
    people = tuple(
        Line(
            organisation.person_name(each.person),
            local_time_text(step.at, organisation.time_zone_of(each.person)),
            _by(each, step.at),
        )
        for each in step.people
    )
    people += tuple(Line("Webhook", "", url) for url in step.webhooks)
    number = f"Step {step.step}" + (f", round {step.round}" if step.round > 1 else "")
    return StepLine(
        at=say.weekday_time(step.at),
        after=f"after {say.every(step.at - began)}" if step.at > began else "at once",
        name="Last resort" if step.step is None else number,
        people=people,
        skipped=step.skipped,
        passed=step.passed,
    )


def _by(heard: Heard, at: datetime) -> str:
    if heard.quiet:
        return f"only an open screen; {heard.quiet}"
    if not heard.by:
        return "only an open screen: no verified method"
    known = kinds()
    said = []
    for kind, when in heard.by:
        label = known[kind].label if kind in known else kind
        said.append(f"{label} after {say.every(when - at)}" if when > at else label)
    return ", ".join(said)


SCREEN = Screen("/oncall/simulate", "oncall", "simulate.html", load)
