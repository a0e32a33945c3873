"""The postmortem, drafted from the record: shape, times, decisions, what was expected and what happened. Pure.

Nothing here is stored but what people wrote; reading it again after a correction gives the corrected draft.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.incidents.document import code, flat, stamp
from tocsin.review.decide import SECTIONS
from tocsin.review.inert import inert
from tocsin.timeline.entry import Entry, NameOf
from tocsin.timeline.facts.incidents import role_word
from tocsin.timeline.facts.mitigation import Decision
from tocsin.timeline.state import IncidentState

_CURATED = frozenset(
    {"declared", "severity_changed", "phase_changed", "role_assigned", "decision_opened", "decision_closed",
     "deploys_held", "deploys_released", "change_allowed", "flag_answered", "update_posted", "update_missed",
     "impact_changed", "symptom_added", "evidence_added", "team_engaged", "vendor_engaged", "regression_found",
     "gate_overridden", "group_linked", "noted", "corrected", "hold_started", "hold_broken", "watch_started",
     "watch_passed", "watch_paused", "cancelled", "merged"}
)  # fmt: skip
_PAGE_EVENTS = frozenset({"opened", "step", "acknowledged", "last_resort", "ended"})
_MATCHED = {"matched": "matched", "no_match": "no match", "unclear": "unclear", None: "no result recorded"}


@dataclass(frozen=True)
class Times:
    """How long things took, from the first page (or the declare, or the impact's start); None when not reached."""

    to_acknowledge: timedelta | None
    to_declare: timedelta | None
    to_mitigate: timedelta | None
    to_restore: timedelta | None
    to_resolve: timedelta | None
    impact: timedelta | None


@dataclass(frozen=True)
class Span:
    """One bar of the incident's shape: `lane` is impact, phase, decision, internal or external; times UTC."""

    lane: str
    label: str
    start: datetime
    end: datetime


def times(state: IncidentState) -> Times:
    """The times of the incident, each counted from what began it."""
    incident, triage = state.incident, state.triage
    start = triage.impact_started_at or incident.first_paged_at or incident.declared_at
    acknowledged = incident.milestones.get("acknowledged")

    def since(begin: datetime | None, end: datetime | None) -> timedelta | None:
        return max(end - begin, timedelta(0)) if begin and end else None

    return Times(
        to_acknowledge=since(incident.first_paged_at, acknowledged.at if acknowledged else None),
        to_declare=since(start, incident.declared_at),
        to_mitigate=since(start, incident.mitigated_at),
        to_restore=since(start, incident.restored_at),
        to_resolve=since(start, incident.resolved_at),
        impact=since(triage.impact_started_at, triage.impact_ended_at),
    )


def shape(state: IncidentState, now: datetime) -> tuple[Span, ...]:
    """Impact, phases, decisions and updates on one time axis."""
    incident, triage = state.incident, state.triage
    end = incident.ended_at or incident.resolved_at or now
    spans = []
    if triage.impact_started_at:
        spans.append(Span("impact", "Customer impact", triage.impact_started_at, triage.impact_ended_at or end))
    following = [*incident.phases[1:], None]
    for phase, after in zip(incident.phases, following, strict=True):
        if phase.phase not in ("resolved", "review", "closed"):
            spans.append(Span("phase", phase.phase, phase.entered_at, after.entered_at if after else end))
    for decision in state.mitigation.decisions.values():
        until = decision.closed_at or decision.ended_at or end
        spans.append(Span("decision", decision.title or decision.command, decision.started_at, until))
    spans.extend(Span(update.audience, update.known, update.at, update.at) for update in state.comms.updates)
    return tuple(spans)


def curated(entries: Sequence[Entry]) -> list[Entry]:
    """The entries that tell the story, in the order in which things happened."""
    kept = [
        entry
        for entry in entries
        if entry.kind in _CURATED or (entry.kind == "page" and getattr(entry.fact, "event", "") in _PAGE_EVENTS)
    ]
    return sorted(kept, key=lambda entry: (entry.happened_at, entry.seq))


def markdown(state: IncidentState, entries: Sequence[Entry], name_of: NameOf, now: datetime) -> str:
    """The whole postmortem as Markdown; times are UTC."""
    incident = state.incident
    status = "published" if state.review.published_at else "draft"
    parts = [f"# Postmortem of INC-{incident.number}: {flat(incident.title)}", f"*{status.capitalize()}, {stamp(now)}*"]
    parts.extend(_written(state, section) for section in ("summary", "impact"))
    parts += ["## Times", "\n".join(_times(state))]
    parts.append(_written(state, "contributing"))
    parts += ["## Timeline (UTC)", "\n".join(_timeline(entries, name_of)) or "Nothing recorded."]
    parts += [
        "## Decisions",
        "\n\n".join(_decision(each, name_of) for each in state.mitigation.decisions.values()) or "None.",
    ]
    parts += ["## Communication", "\n".join(_communication(state))]
    parts += ["## Recovery", "\n".join(_recovery(state)) or "No recovery criteria."]
    for section in ("well", "hard", "lucky"):
        parts.append(_written(state, section))
    parts += ["## Follow-ups", "\n".join(_followups(state, name_of)) or "None yet."]
    parts += ["## Artifacts", "\n".join(_artifacts(state)) or "None yet."]
    return "\n\n".join(part for part in parts if part) + "\n"


def suggestion(state: IncidentState, section: str) -> str:
    """What the record says for a section that nobody has written yet; '' where only people can say."""
    incident, triage = state.incident, state.triage
    if section == "summary":
        took = duration_words(times(state).to_restore)
        last = next(reversed(state.mitigation.decisions.values()), None)
        when, who = stamp(incident.declared_at), incident.declared_by
        words = f"On {when} {who} declared INC-{incident.number} as Sev{incident.severity}."
        words += f" Service was restored after {took}." if took else ""
        return words + (f" The last action was: {last.title or last.command}." if last else "")
    if section == "impact":
        parts = [triage.customers or ""]
        parts.append(f"Services: {', '.join(triage.services)}." if triage.services else "")
        impact = duration_words(times(state).impact)
        parts.append(f"It lasted {impact}." if impact else "")
        return " ".join(part for part in parts if part)
    return ""


def duration_words(span: timedelta | None) -> str:
    """`19:17`, `1:18:34`, `2 d 5 h`; '' for none."""
    if span is None:
        return ""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _written(state: IncidentState, section: str) -> str:
    text = state.review.sections.get(section) or suggestion(state, section) or "_To be written._"
    return f"## {SECTIONS[section]}\n\n{inert(text)}"


def _times(state: IncidentState) -> Iterator[str]:
    incident, took = state.incident, times(state)
    rows = (
        ("Impact began", state.triage.impact_started_at, None),
        ("First page", incident.first_paged_at, None),
        ("Declared", incident.declared_at, took.to_declare),
        ("First mitigation", incident.mitigated_at, took.to_mitigate),
        ("Restored", incident.restored_at, took.to_restore),
        ("Resolved", incident.resolved_at, took.to_resolve),
    )
    for label, at, span in rows:
        if at:
            yield f"- {label}: {stamp(at)}" + (f" (after {duration_words(span)})" if span is not None else "")
    if took.to_acknowledge is not None:
        yield f"- Acknowledged after {duration_words(took.to_acknowledge)}"
    for role, holder in incident.roles.items():
        yield f"- {role_word(role).capitalize()} since {stamp(holder.since)}"


def _timeline(entries: Sequence[Entry], name_of: NameOf) -> Iterator[str]:
    for entry in curated(entries):
        yield f"- {entry.happened_at:%Y-%m-%d %H:%M:%S} UTC **{flat(entry.actor.name)}** {flat(entry.fact.sentence(name_of))}"


def _decision(decision: Decision, name_of: NameOf) -> str:
    lines = [
        f"### {flat(decision.title or decision.what)}",
        f"{stamp(decision.started_at)}, {flat(name_of(decision.by))}"
        + (f", on {flat(decision.host)}" if decision.host else ""),
        code(decision.command),
        f"- Expected: {flat(decision.expected)}",
        f"- Actual: {flat(decision.actual) if decision.actual else 'not recorded'} ({_MATCHED[decision.matched]})",
    ]
    if decision.exit_code is not None:
        lines.append(f"- Exit code: {decision.exit_code}")
    return "\n".join(lines)


def _communication(state: IncidentState) -> Iterator[str]:
    for audience, word in (("internal", "Internal updates"), ("external", "Status page updates")):
        sent = [update for update in state.comms.updates if update.audience == audience]
        missed = sum(miss.audience == audience for miss in state.comms.missed)
        late = sum(update.late_seconds > 0 for update in sent)
        yield f"- {word}: {len(sent)} sent, {late} late, {missed} due times missed"


def _recovery(state: IncidentState) -> Iterator[str]:
    for check in state.recovery.checks.values():
        value = "no value" if check.value is None else f"{check.value:g}{check.spec.unit}"
        target = (
            "somebody's word"
            if check.spec.kind == "person"
            else f"{check.spec.comparator} {check.spec.threshold:g}{check.spec.unit}"
        )
        yield f"- {flat(check.spec.name)}: {check.verdict or 'not measured'} ({value}; target {target})"
    for override in state.recovery.overrides:
        yield f"- Gate to {override.gate} overridden by {flat(override.by)} at {stamp(override.at)}: {flat(override.reason)}"
    for at in state.recovery.regressions:
        yield f"- Regression at {stamp(at)}"


def _followups(state: IncidentState, name_of: NameOf) -> Iterator[str]:
    for each in state.review.followups.values():
        owner = name_of(each.owner) if each.owner else "no owner yet"
        due = f"{each.due_at:%Y-%m-%d}" if each.due_at else "no day yet"
        yield f"- [{'x' if each.state == 'done' else ' '}] {each.what}: {flat(each.title)} ({flat(owner)}, {due}, {each.state})"


def _artifacts(state: IncidentState) -> Iterator[str]:
    for link in state.triage.links:
        yield f"- {flat(link.what)}: [{flat(link.title)}](<{link.url}>)"
    for each in state.triage.evidence:
        yield f"- evidence: {flat(each.title)} (SHA-256 {each.sha256})"
    for artifact in state.review.artifacts:
        words = (
            f"[{flat(artifact.title or artifact.url or '')}](<{artifact.url}>)"
            if artifact.url
            else flat(artifact.title or "")
        )
        yield f"- {artifact.what}: {words if artifact.available else 'not available'}"
