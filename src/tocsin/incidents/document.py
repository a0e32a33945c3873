"""The shared document as Markdown: a view of the state and the timeline. All times are UTC."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tocsin.runbook.checklist import first_five
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Entry, NameOf
from tocsin.timeline.facts.incidents import Corrected, role_word
from tocsin.timeline.facts.mitigation import Decision
from tocsin.timeline.state import IncidentState

_MATCHED = {"matched": "matched", "no_match": "no match", "unclear": "unclear", None: "open"}


def incident_document(
    state: IncidentState, entries: Sequence[Entry], runbook: Runbook, name_of: NameOf, now: datetime
) -> str:
    """The whole document. Sections about which nothing is known are absent."""
    parts = [
        _head(state, now),
        _section("Where we are", _where_we_are(state)),
        _section("Impact", _impact(state)),
        _section("Roles", _roles(state, name_of)),
        _section("First five minutes", _first_five(state, runbook)),
        _section(
            "Symptoms", (f"- {stamp(each.at)} {flat(each.text)} ({flat(each.by)})" for each in state.triage.symptoms)
        ),
        _section("Alerts", _groups(state)),
        _section("Decisions", _decisions(state, name_of)),
        _section("Held deploys", _held(state)),
        _section("Communication", _updates(state)),
        _section("Escalation", _escalation(state, name_of)),
        _section("Recovery", _recovery(state)),
        _section(
            "Links", (f"- {flat(each.what)}: [{bracketed(each.title)}](<{each.url}>)" for each in state.triage.links)
        ),
        _section("Evidence", _evidence(state)),
        _section("Timeline", _timeline(entries, name_of)),
    ]
    return "\n".join(part for part in parts if part)


def stamp(at: datetime | None) -> str:
    """An instant as the document writes it."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") if at else "not known"


def flat(text: str) -> str:
    """Text that somebody wrote, on one line and without markup of its own."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def bracketed(text: str) -> str:
    """Text for the words of a link."""
    return flat(text)


def code(text: str) -> str:
    """A command exactly as it was, in a fence that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"## {title}\n\n{body}\n" if body else ""


def _head(state: IncidentState, now: datetime) -> str:
    incident = state.incident
    marks = [word for word, on in (("restricted", incident.restricted), ("practice", incident.practice)) if on]
    lines = [
        f"# INC-{incident.number}: {flat(incident.title)}",
        "",
        f"- Severity: Sev{incident.severity}"
        + (f" (worst Sev{incident.highest_severity})" if incident.highest_severity != incident.severity else ""),
        f"- Phase: {incident.phase}",
        f"- Declared: {stamp(incident.declared_at)} by {flat(incident.declared_by)}",
    ]
    for label, at in (
        ("First page", incident.first_paged_at),
        ("Mitigating since", incident.mitigated_at),
        ("Restored", incident.restored_at),
        ("Resolved", incident.resolved_at),
    ):
        if at:
            lines.append(f"- {label}: {stamp(at)}")
    if marks:
        lines.append(f"- {', '.join(marks).capitalize()}")
    return "\n".join([*lines, f"- This view: {stamp(now)}", ""])


def _where_we_are(state: IncidentState) -> Iterator[str]:
    update = state.comms.last("internal")
    if update is None:
        return
    yield f"- What we know: {flat(update.known)}"
    yield f"- What we are doing: {flat(update.doing)}"
    yield f"- What comes next: {flat(update.next)}"
    yield f"- Written {stamp(update.at)} by {flat(update.by)}" + (
        f"; next update {stamp(update.next_at)}" if update.next_at else ""
    )


def _impact(state: IncidentState) -> Iterator[str]:
    triage = state.triage
    if triage.services:
        yield f"- Services: {', '.join(triage.services)}"
    if triage.customers:
        yield f"- Customers: {flat(triage.customers)}"
    if triage.impact_started_at:
        yield f"- Since: {stamp(triage.impact_started_at)}"
    if triage.impact_ended_at:
        yield f"- Until: {stamp(triage.impact_ended_at)}"


def _roles(state: IncidentState, name_of: NameOf) -> Iterator[str]:
    for role, holder in state.incident.roles.items():
        yield f"- {role_word(role)}: {flat(name_of(holder.person))} since {stamp(holder.since)}"
    if state.incident.deputy:
        yield f"- deputy: {flat(name_of(state.incident.deputy))}"


def _first_five(state: IncidentState, runbook: Runbook) -> Iterator[str]:
    for step in first_five(state, runbook):
        when = f", {stamp(step.at)}" + (f" by {flat(step.by)}" if step.by else "") if step.done and step.at else ""
        yield f"- [{'x' if step.done else ' '}] {step.title}{when}"


def _groups(state: IncidentState) -> Iterator[str]:
    for group in state.incident.groups.values():
        services = ", ".join(group.services) or "no service"
        yield f"- {flat(group.title)}: {group.firing} of {group.total} firing ({services})"


def _decisions(state: IncidentState, name_of: NameOf) -> Iterator[str]:
    for decision in state.mitigation.decisions.values():
        yield from _decision(decision, name_of)


def _decision(decision: Decision, name_of: NameOf) -> Iterator[str]:
    where = f" on {flat(decision.host)}" if decision.host else ""
    yield f"### {stamp(decision.started_at)}, {flat(name_of(decision.by))}{where}"
    yield ""
    if decision.title:
        yield f"{flat(decision.title)}\n"
    yield f"{code(decision.command)}\n"
    yield f"- Expected: {flat(decision.expected)}" + (
        f", by {stamp(decision.expected_by)}" if decision.expected_by else ""
    )
    if decision.ended_at:
        yield f"- Ended: {stamp(decision.ended_at)}, exit code {decision.exit_code}"
    yield f"- Actual: {flat(decision.actual) if decision.actual else 'still to be said'} ({_MATCHED[decision.matched]})"
    yield ""


def _held(state: IncidentState) -> Iterator[str]:
    for held in state.mitigation.held.values():
        which = "every service" if held.service == "*" else held.service
        yield f"- {which} since {stamp(held.since)} by {flat(held.by)}" + (
            f": {flat(held.reason)}" if held.reason else ""
        )
    for allowed in state.mitigation.allowed:
        yield f"- allowed: {flat(allowed.change_id)} on {allowed.service} by {flat(allowed.by)}: {flat(allowed.reason)}"


def _updates(state: IncidentState) -> Iterator[str]:
    for update in state.comms.updates:
        late = f", {update.late_seconds // 60} min late" if update.late_seconds >= 60 else ""
        text = " ".join(flat(part) for part in (update.known, update.doing, update.next))
        yield f"- {stamp(update.at)} {update.audience}{late}, {flat(update.by)}: {text}"


def _escalation(state: IncidentState, name_of: NameOf) -> Iterator[str]:
    for question, answer in state.comms.answers.items():
        asked = state.incident.questions.get(question)
        word = "yes" if answer.answer else "no"
        yield f"- {flat(asked.text if asked else question)} {word} ({flat(answer.by)}, {stamp(answer.at)})"
    for team in state.comms.teams.values():
        yield f"- {flat(name_of(team.team))} called in {stamp(team.at)}: {flat(team.why)}"
    for vendor in state.comms.vendors.values():
        yield f"- vendor {flat(name_of(vendor.vendor))}: {vendor.state} since {stamp(vendor.opened_at)}"


def _recovery(state: IncidentState) -> Iterator[str]:
    for check in state.recovery.checks.values():
        verdict = {"pass": "passes", "fail": "fails", "no_data": "no data", None: "not measured yet"}[check.verdict]
        spec = check.spec
        target = "" if spec.kind == "person" else f" ({spec.comparator} {spec.threshold:g}{spec.unit})"
        yield f"- {flat(spec.name)}{target}: {verdict}"
    for override in state.recovery.overrides:
        yield (
            f"- Gate to {override.gate} overridden {stamp(override.at)} by {flat(override.by)}: {flat(override.reason)}"
            f" (missing: {flat(' '.join(override.missing))})"
        )


def _evidence(state: IncidentState) -> Iterator[str]:
    for kept in state.triage.evidence:
        where = f" on {flat(kept.host)}" if kept.host else ""
        yield (
            f"- {stamp(kept.captured_at)} {flat(kept.what)}{where}: {flat(kept.title)}, {kept.size} bytes,"
            f" SHA-256 `{kept.sha256}`{', volatile, kept' if kept.volatile else ''}"
        )


def _timeline(entries: Sequence[Entry], name_of: NameOf) -> Iterator[str]:
    corrected = {entry.fact.corrects: entry.seq for entry in entries if isinstance(entry.fact, Corrected)}
    for entry in sorted(entries, key=lambda each: (each.happened_at, each.seq)):
        late = (
            f" (told {stamp(entry.recorded_at)})"
            if (entry.recorded_at - entry.happened_at).total_seconds() >= 60
            else ""
        )
        mark = f" (corrected by entry {corrected[entry.seq]})" if entry.seq in corrected else ""
        sentence = flat(entry.fact.sentence(name_of))
        yield f"- {stamp(entry.happened_at)} #{entry.seq} {flat(entry.actor.name)} {sentence}{late}{mark}"
