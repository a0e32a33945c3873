"""Every mistake of a runbook at once: each with its line, what is wrong, how to fix it, the nearest valid name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.runbook.effects import EngageVendor, PagePolicy, PageSchedule, PageTeam, Post
from tocsin.runbook.events import STATE_NAMES, events, names_for
from tocsin.runbook.expression import mistakes_in
from tocsin.runbook.findings import Finding, RunbookError, nearest
from tocsin.runbook.loosening import loosenings
from tocsin.runbook.model import Runbook
from tocsin.runbook.parts import SEVERITIES
from tocsin.runbook.reading import Reading, read
from tocsin.runbook.sentences import disagreements

MESSAGE_NAMES = ("number", "title", "severity", "phase", "services")


@dataclass(frozen=True)
class KnownNames:
    """The organisation's names, where they are known; None leaves them unchecked."""

    schedules: frozenset[str] | None = None
    policies: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    vendors: frozenset[str] | None = None
    services: frozenset[str] | None = field(default=None)


def check_text(text: str, base: Runbook | None = None, known: KnownNames | None = None) -> list[Finding]:
    """Every mistake in a runbook's Markdown, in the order of lines; an empty list means that it can be used.

    With `base` the text is a service's runbook, which adds to the base and tightens it.
    """
    reading = read(text)
    findings = [*reading.findings, *disagreements(reading)]
    if reading.runbook is not None:
        whole = _whole(reading.runbook, base)
        findings += _references(reading, whole, known or KnownNames())
        findings += loosenings(base, reading) if base is not None else _gaps(reading)
    return sorted(set(findings))


def checked_runbook(text: str, base: Runbook | None = None, known: KnownNames | None = None) -> Runbook:
    """The runbook, if there is no mistake in it; otherwise RunbookError with all of them."""
    if findings := check_text(text, base, known):
        raise RunbookError(findings)
    runbook = read(text).runbook
    assert runbook is not None
    return runbook


def _whole(own: Runbook, base: Runbook | None) -> Runbook:
    """The names that a runbook may use: its own, and those of the base."""
    if base is None:
        return own
    return own.model_copy(
        update={"roles": {**base.roles, **own.roles}, "questions": {**base.questions, **own.questions}}
    )


# --- names -------------------------------------------------------------------------------------------------------


def _references(reading: Reading, whole: Runbook, known: KnownNames) -> Iterator[Finding]:
    """Names that lead nowhere."""
    own = reading.runbook
    assert own is not None
    for path, role in _roles_named(own):
        if role not in whole.roles and not (path[0] == "approvals" and role == "deputy"):
            yield reading.finding(path, f"'{role}' is no role of this runbook.", nearest(role, whole.roles))
    for rule_id, rule in own.rules.items():
        for event in rule.on:
            if event not in events():
                yield reading.finding(("rules", rule_id, "on"), f"'{event}' never happens.", nearest(event, events()))
        if rule.if_ is not None:
            for wrong in mistakes_in(rule.if_.tree, names_for(rule.on)):
                yield reading.finding(("rules", rule_id, "if"), f"The condition of '{rule_id}': {wrong}")
        for index, effect in enumerate(rule.do):
            place = ("rules", rule_id, "do", index)
            answer = getattr(effect, "answer", None)
            if answer is not None and answer not in whole.questions:
                yield reading.finding(
                    place, f"'{answer}' is no question of this runbook.", nearest(answer, whole.questions)
                )
            if isinstance(effect, Post):
                for name in _unknown_fields(effect.text):
                    yield reading.finding(place, f"'{{{name}}}' is not filled in.", nearest(name, MESSAGE_NAMES))
    for step_id, step in own.first_five.steps.items():
        for wrong in mistakes_in(step.done_when.tree, STATE_NAMES):
            yield reading.finding(("first_five", "steps", step_id, "done_when"), f"Step '{step_id}': {wrong}")
    yield from _organisation(reading, own, known)


def _roles_named(own: Runbook) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every place that names a role."""
    for name in ("internal_update", "external_update", "empty_role", "unanswered", "decision_result", "vendor"):
        clock = getattr(own.clocks, name)
        if clock is not None and clock.role is not None:
            yield ("clocks", name, "role"), clock.role
    for rule_id, rule in own.rules.items():
        for index, effect in enumerate(rule.do):
            if (role := getattr(effect, "role", None)) is not None:
                yield ("rules", rule_id, "do", index), role
    for question_id, question in own.questions.items():
        if question.role is not None:
            yield ("questions", question_id, "role"), question.role
    for step_id, step in own.first_five.steps.items():
        if step.role is not None:
            yield ("first_five", "steps", step_id, "role"), step.role
    for phase, gate in own.gates.items():
        if gate.confirmed_by is not None:
            yield ("gates", phase, "confirmed_by"), gate.confirmed_by
    if own.approvals.external_update is not None:
        for index, role in enumerate(own.approvals.external_update.by):
            yield ("approvals", "external_update", "by", index), role


def _organisation(reading: Reading, own: Runbook, known: KnownNames) -> Iterator[Finding]:
    """Schedules, policies, teams and vendors that the organisation does not have."""
    for path, kind, name in _organisation_names(own):
        valid: frozenset[str] | None = getattr(known, kind)
        if valid is not None and name not in valid:
            singular = {"policies": "policy"}.get(kind, kind.removesuffix("s"))
            yield reading.finding(path, f"There is no {singular} '{name}'.", nearest(name, valid))
    if own.service is not None and known.services is not None and own.service not in known.services:
        yield reading.finding(
            ("service",), f"There is no service '{own.service}'.", nearest(own.service, known.services)
        )


def _organisation_names(own: Runbook) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    plural = {"schedule": "schedules", "policy": "policies", "team": "teams"}
    for role_id, role in own.roles.items():
        for index, source in enumerate(role.fill):
            if source.name is not None:
                yield ("roles", role_id, "fill", index), plural[source.kind], source.name
    for rule_id, rule in own.rules.items():
        for index, effect in enumerate(rule.do):
            place = ("rules", rule_id, "do", index)
            match effect:
                case PageSchedule():
                    yield place, "schedules", effect.schedule
                case PagePolicy():
                    yield place, "policies", effect.policy
                case PageTeam():
                    yield place, "teams", effect.team
                case EngageVendor() if effect.vendor is not None:
                    yield place, "vendors", effect.vendor


def _unknown_fields(text: str) -> list[str]:
    """Names in braces that a message does not have."""
    pieces = [piece.partition("}")[0] for piece in text.split("{")[1:] if "}" in piece]
    return [piece[:40] for piece in pieces if piece not in MESSAGE_NAMES]


# --- what a base must say ----------------------------------------------------------------------------------------


def _gaps(reading: Reading) -> Iterator[Finding]:
    """What an organisation's runbook may not leave unsaid."""
    runbook = reading.runbook
    assert runbook is not None
    end = len(reading.document.lines)
    for severity in SEVERITIES:
        if runbook.severities.get(severity) is None:
            yield Finding(
                end, f"Sev{severity} is not said anywhere.", f"Add `severities: {{sev{severity}: {{means: …}}}}`."
            )
    if "commander" not in runbook.roles:
        yield Finding(end, "There is no role 'commander'.", "Add `roles: {commander: {title: …, required: always}}`.")
    elif not runbook.roles["commander"].required.severities:
        yield reading.finding(("roles", "commander", "required"), "Nobody has to lead.", "Write `required: always`.")
    for name in ("internal_update", "external_update"):
        clock = getattr(runbook.clocks, name)
        if clock is None:
            yield Finding(end, f"The clock '{name}' is not said anywhere.", f"Add `clocks: {{{name}: {{every: …}}}}`.")
        else:
            yield from _unsaid(reading, ("clocks", name, "every"), clock.every)
    if runbook.clocks.vendor is not None:
        yield from _unsaid(reading, ("clocks", "vendor", "reply_within"), runbook.clocks.vendor.reply_within)
    if runbook.review.within is None:
        yield Finding(end, "It is not said when the review takes place.", "Add `review: {within: 48h}`.")
    else:
        yield from _unsaid(reading, ("review", "within"), runbook.review.within)
    if (gate := runbook.gates.get("watching")) is None or gate.hold is None:
        yield Finding(end, "It is not said how long the criteria must hold.", "Add `gates: {watching: {hold: 10m}}`.")
    if (gate := runbook.gates.get("resolved")) is None or gate.watch is None:
        yield Finding(end, "It is not said how long the watch runs.", "Add `gates: {resolved: {watch: 45m}}`.")
    if not runbook.recovery.checks:
        yield Finding(end, "There is no recovery check for services without one.", "Add `recovery: {checks: …}`.")


def _unsaid(reading: Reading, path: tuple[str, ...], values: dict[int, timedelta | None]) -> Iterator[Finding]:
    for severity in SEVERITIES:
        if severity not in values:
            fix = f"Write a duration, or `sev{severity}: off`."
            yield reading.finding(path, f"{'.'.join(path)}: sev{severity} is not said.", fix)
