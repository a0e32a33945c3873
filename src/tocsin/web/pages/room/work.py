"""Suspects, decisions, evidence, recovery, follow-ups: what is done and what shows that it worked."""

from tocsin.web import format as say
from tocsin.web.pages.room.sources import Change, Sources
from tocsin.web.views.common import Action, Badge, Clock, Verdict
from tocsin.web.views.work import DecisionRow, Evidence, EvidenceRow, FollowupRow, Followups, Suspect, Suspects

_KIND_ICONS = {
    "deploy": "rocket",
    "flag": "flag",
    "config": "sliders",
    "migration": "db",
    "rollback": "undo",
    "infrastructure": "cpu",
}
_EVIDENCE_ICONS = {
    "snapshot": "camera",
    "log": "log",
    "output": "log",
    "metrics": "chart",
    "screenshot": "camera",
    "scratch": "doc",
}
_LINK_ICONS = {
    "dashboard": "chart",
    "logs": "log",
    "trace": "log",
    "pr": "branch",
    "commit": "branch",
    "chat": "speech",
}
FOLLOWUP_WORDS = {"detection": "Detection", "defence": "Defence in depth", "tests": "Tests", "docs": "Docs"}


def kind_badge(kind: str) -> Badge:
    """'Deploy' with its icon."""
    return Badge(kind.capitalize(), "", _KIND_ICONS.get(kind, "wrench"))


def suspects_block(sources: Sources) -> Suspects | None:
    """Changes before the impact, best fit first; None when there is none."""
    impact = sources.impact_started_at or sources.state.incident.declared_at
    if impact is None or not sources.changes:
        return None
    before = [change for change in sources.changes if change.happened_at <= impact]
    if not before:
        return None
    ranked = sorted(before, key=lambda change: (-change.score, -change.happened_at.timestamp()))
    rows = tuple(_suspect(sources, change, first=index == 0) for index, change in enumerate(ranked[:6]))
    return Suspects(rows, sources.ref("actions", "roll-back"), f"{len(before)} in the 2 h before impact")


def _suspect(sources: Sources, change: Change, *, first: bool) -> Suspect:
    state = sources.state
    undone = next((d for d in state.mitigation.decisions.values() if d.change_id == change.id), None)
    marked = state.triage.suspects.get(change.id)
    verdict = Verdict("pass", f"Undone {say.time_of(undone.ended_at or undone.started_at)}") if undone else None
    if verdict is None and marked is False:
        verdict = Verdict("skip", "Cleared")
    actions: tuple[Action, ...] = ()
    if sources.may_change and not undone:
        strong = first and change.score > 0.70
        actions = (
            sources.action("Undo it…", "decide", f"change={change.id}", style="primary" if strong else "", icon="undo"),
            sources.post("Not this", "suspect", ("change", change.id), ("suspect", "no"), style="quiet")
            if marked is not False
            else sources.post("Suspect", "suspect", ("change", change.id), ("suspect", "yes"), style="quiet"),
        )
    if change.link:
        actions = (Action("See it", change.link, icon="out", dialog=False, hint="outside"), *actions)
    detail = f"{say.sentence(change.summary)} {say.time_of(change.happened_at)}, {change.why}."
    return Suspect(
        kind_badge(change.kind),
        change.service,
        change.version,
        detail,
        change.score,
        verdict,
        first and change.score > 0.70,
        actions,
    )


def decision_rows(sources: Sources) -> tuple[DecisionRow, ...]:
    """Newest first, numbered in the order in which they were taken."""
    rows = []
    for number, decision in enumerate(sources.state.mitigation.decisions.values(), start=1):
        clock = None
        if decision.is_open and decision.expected_by:
            clock = Clock("Result due", decision.expected_by, "down", start=decision.started_at)
        actual = decision.actual or ""
        if decision.exit_code is not None and not actual:
            actual = (
                f"Ended {say.time_of(decision.ended_at)} with exit code {decision.exit_code}"
                if decision.ended_at
                else ""
            )
        verdict = {
            "matched": Verdict("pass", "Matched"),
            "no_match": Verdict("fail", "No match"),
            "unclear": Verdict("skip", "Unclear"),
            None: Verdict("wait", "Measuring"),
        }[decision.matched]
        actions: tuple[Action, ...] = ()
        if decision.is_open and sources.may_change:
            due = decision.expected_by is not None and decision.expected_by <= sources.now
            actions = (
                sources.action(
                    "Say the result…", "result", f"decision={decision.decision_id}", style="primary" if due else ""
                ),
                *(
                    (
                        sources.post(
                            "5 min more", "more-time", ("decision", decision.decision_id), ("by", "5m"), style="quiet"
                        ),
                    )
                    if due
                    else ()
                ),
            )
        rows.append(
            DecisionRow(
                decision.decision_id,
                f"D{number}",
                decision.started_at,
                _first(sources, decision.by),
                decision.title or "",
                decision.command,
                decision.expected,
                actual,
                verdict,
                clock,
                actions,
                decision.is_open,
            )
        )
    return tuple(reversed(rows))


def _first(sources: Sources, name_or_id: str) -> str:
    return sources.names.of(name_or_id).split(" ", maxsplit=1)[0]


def evidence_block(sources: Sources) -> Evidence:
    """Artefacts and links, newest first, and what was asked for and is not there."""
    triage = sources.state.triage
    rows = [
        (
            kept.captured_at,
            EvidenceRow(
                _EVIDENCE_ICONS.get(kept.what, "clip"),
                kept.title,
                f"{say.size(kept.size)}, sha256 {say.short_hash(kept.sha256)}, {say.moment(kept.captured_at, sources.now)}",
                f"/evidence/{kept.evidence_id}",
                kept=kept.volatile,
            ),
        )
        for kept in triage.evidence
    ]
    rows += [
        (
            link.at,
            EvidenceRow(
                _LINK_ICONS.get(link.what, "out"),
                link.title,
                f"{link.by}, {say.moment(link.at, sources.now)}",
                link.url,
                True,
            ),
        )
        for link in triage.links
    ]
    actions: tuple[Action, ...] = ()
    if sources.may_change:
        actions = (
            sources.action("Add", "evidence", icon="plus", key="E"),
            sources.action("Link", "add-link", style="quiet"),
        )
    asked = triage.evidence_asked if not triage.evidence else ()
    ordered = tuple(row for _, row in sorted(rows, key=lambda pair: pair[0], reverse=True))
    return Evidence(ordered, sources.ref("rules", "capture-volatile"), asked, actions)


def followups_block(sources: Sources) -> Followups | None:
    """What the review will track; None while there is none and nobody may add one."""
    state = sources.state
    rows = []
    for followup in reversed(state.review.followups.values()):
        kind = FOLLOWUP_WORDS.get(followup.what, followup.what)
        owner = f", {sources.names.of(followup.owner)}" if followup.owner else ""
        due = f", by {say.day(followup.due_at, sources.now)}" if followup.due_at else ""
        done = "" if followup.state == "open" else f", {followup.state}"
        change: tuple[Action, ...] = ()
        if sources.may_change and followup.state == "open":
            change = (sources.action("Change…", "followup-change", f"followup={followup.followup_id}", style="quiet"),)
        rows.append(FollowupRow(followup.title, f"{kind}{owner}{due}{done}", followup.state == "done", change))
    if not rows and not sources.may_change:
        return None
    actions = (sources.action("Note", "followup", icon="plus", key="A"),) if sources.may_change else ()
    foot = "Owners and dates can wait until resolve." if state.incident.is_open else ""
    return Followups(tuple(rows), sources.ref("review", "follow_ups"), foot, actions)
