"""The rules of the review: when it is, what a postmortem needs, who owns what. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import get_args

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.incidents.wording import optional_text, title_of
from tocsin.runbook.gates import missing, opens_by_itself
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import PhaseChanged
from tocsin.timeline.facts.review import (
    ArtifactKind,
    ArtifactMarked,
    Followup,
    FollowupAdded,
    FollowupChanged,
    FollowupKind,
    FollowupLate,
    PostmortemDrafted,
    PostmortemLate,
    PostmortemPublished,
    PostmortemSaved,
    ReviewScheduled,
)
from tocsin.timeline.state import IncidentState
from tocsin.triage.decide import link_of

DEFAULT_WITHIN = timedelta(hours=48)
SECTIONS = {
    "summary": "In short",
    "impact": "Impact",
    "contributing": "What made this possible",
    "well": "What went well",
    "hard": "What was hard",
    "lucky": "Where we got lucky",
}
"""Sections that people write, by id; times, decisions and the timeline come from the record."""
_MEETING_HOUR = 14  # UTC: an hour at which most of the world is awake
_MEETING_NOTICE = timedelta(hours=4)
_SATURDAY = 5
_OPENED_HERE = ("review", "closed")
_COMES_AFTER = ("postmortem_published", "confirmed")  # what closing needs beyond what publishing needs


def schedule_review(
    state: IncidentState,
    runbook: Runbook,
    now: datetime,
    *,
    within: timedelta | None = None,
    meeting_at: datetime | None = None,
    had_role: Sequence[str] = (),
) -> list[Fact]:
    """Set when the postmortem is due and who meets when; asked again, only the meeting moves.

    `had_role`: everybody who had a role at any time, handed over since or not.
    """
    incident, review = state.incident, state.review
    if incident.is_open:
        raise Conflict("the incident still runs; restore service first, the review comes after")
    limit = within or (runbook.review.within or {}).get(incident.highest_severity) or DEFAULT_WITHIN
    due_at = review.due_at or (incident.resolved_at or now) + limit
    meeting = meeting_at or review.meeting_at or propose_meeting(now, due_at)
    if meeting_at is not None and meeting_at <= now:
        raise Invalid("the meeting lies in the future", "meeting_at")
    invited = invited_people(state, had_role)
    if (review.due_at, review.meeting_at, review.invited) == (due_at, meeting, invited):
        return []
    return [ReviewScheduled(due_at=due_at, meeting_at=meeting, invited=invited)]


def open_gate(state: IncidentState, runbook: Runbook) -> list[Fact]:
    """The move into review or closed, when what its gate waits for has just come; otherwise nothing."""
    phase = opens_by_itself(state, runbook)
    if phase is None or phase not in _OPENED_HERE:
        return []
    return [PhaseChanged(phase=phase, previous=state.incident.phase, automatic=True)]


def propose_meeting(now: datetime, due_at: datetime) -> datetime:
    """The first weekday afternoon with some notice that lies before the due time; else shortly before it."""
    at = now.replace(hour=_MEETING_HOUR, minute=0, second=0, microsecond=0)
    while at < due_at:
        if at - now >= _MEETING_NOTICE and at.weekday() < _SATURDAY:
            return at
        at += timedelta(days=1)
    return max(due_at - timedelta(hours=1), now + timedelta(minutes=30))


def invited_people(state: IncidentState, had_role: Sequence[str] = ()) -> tuple[str, ...]:
    """Everybody who has a role or had one, and the deputy."""
    incident = state.incident
    people = [holder.person for holder in incident.roles.values()]
    return tuple(dict.fromkeys([*had_role, *people, *([incident.deputy] if incident.deputy else [])]))


def draft(state: IncidentState) -> list[Fact]:
    """The draft exists from now on; it is made anew from the record whenever it is read."""
    return [] if state.review.drafted_at else [PostmortemDrafted()]


def save_section(state: IncidentState, section: str, text: str) -> list[Fact]:
    """What somebody wrote in one section."""
    _unpublished(state)
    if section not in SECTIONS:
        raise Invalid(f"there is no section '{section}'; sections are {', '.join(SECTIONS)}", "section")
    written = optional_text(text, "text") or ""
    return [] if state.review.sections.get(section, "") == written else [PostmortemSaved(section=section, text=written)]


def publish(state: IncidentState, runbook: Runbook) -> list[Fact]:
    """Publish: every follow-up has an owner and a day, every kind of artifact is there or marked as not available."""
    _unpublished(state)
    if state.review.drafted_at is None:
        raise Conflict("there is no draft yet; it is made when the incident is resolved")
    lacking = [each for each in missing(state, runbook, "closed") if each.need not in _COMES_AFTER]
    if lacking:
        raise Conflict("the postmortem can't be published yet: " + " ".join(each.sentence for each in lacking))
    return [PostmortemPublished()]


def postmortem_late(state: IncidentState) -> list[Fact]:
    """Recorded once for a due time."""
    review = state.review
    if review.due_at is None or review.published_at is not None or review.due_at in review.late_told:
        return []
    return [PostmortemLate(due_at=review.due_at)]


def followup_kind(word: str) -> FollowupKind:
    """One of the four kinds; `defense-in-depth` and its spellings are `defence`."""
    plain = word.strip().lower().replace("_", "-")
    plain = {"defense": "defence", "defense-in-depth": "defence", "defence-in-depth": "defence"}.get(plain, plain)
    found: FollowupKind | None = next((kind for kind in get_args(FollowupKind) if kind == plain), None)
    if found is not None:
        return found
    raise Invalid(f"'{word}' is no kind of follow-up; kinds are detection, defence, tests, docs", "kind")


def add_followup(followup_id: str, kind: str, title: str, owner: str | None, due_at: datetime | None) -> list[Fact]:
    """Noted during the incident in one line and a kind; owner and day may come later, publishing needs them."""
    return [
        FollowupAdded(
            followup_id=followup_id, what=followup_kind(kind), title=title_of(title), owner=owner, due_at=due_at
        )
    ]


def change_followup(
    state: IncidentState,
    followup_id: str,
    *,
    owner: str | None,
    due_at: datetime | None,
    new_state: str | None,
    note: str | None,
) -> list[Fact]:
    """Another owner, another day, done, dropped (with the reason why), or open again."""
    known = followup_of(state, followup_id)
    if new_state not in (None, "open", "done", "dropped"):
        raise Invalid(f"'{new_state}' is no state of a follow-up; states are open, done, dropped", "state")
    words = optional_text(note, "note")
    if new_state == "dropped" and words is None:
        raise Invalid("say why it is dropped; the review is for others too", "note")
    same = (owner or known.owner, due_at or known.due_at, new_state or known.state)
    if same == (known.owner, known.due_at, known.state):
        return []
    return [
        FollowupChanged(
            followup_id=followup_id,
            owner=owner,
            due_at=due_at,
            state=new_state,
            note=words,
        )
    ]


def followup_late(state: IncidentState, followup_id: str) -> list[Fact]:
    """Recorded once for a due time."""
    known = state.review.followups.get(followup_id)
    if known is None or known.state != "open" or known.due_at is None or known.due_at in known.late_told:
        return []
    return [FollowupLate(followup_id=followup_id, due_at=known.due_at, owner=known.owner)]


def followup_of(state: IncidentState, followup_id: str) -> Followup:
    """The follow-up; NotFound otherwise."""
    known = state.review.followups.get(followup_id)
    if known is None:
        raise NotFound("there is no such follow-up")
    return known


def mark_artifact(state: IncidentState, what: str, available: bool, title: str | None, url: str | None) -> list[Fact]:
    """Add an artifact, or say that there is none of its kind."""
    _unpublished(state)
    kind = next((each for each in get_args(ArtifactKind) if each == what), None)
    if kind is None:
        raise Invalid(f"'{what}' is no kind of artifact; kinds are {', '.join(get_args(ArtifactKind))}", "what")
    if available and not (title or url):
        raise Invalid("an artifact needs a title or a URL", "url")
    return [
        ArtifactMarked(
            what=kind,
            available=available,
            title=title_of(title) if title else None,
            url=link_of(url) if url else None,
        )
    ]


def _unpublished(state: IncidentState) -> None:
    if state.review.published_at is not None:
        raise Conflict("the postmortem is published; what was learned since belongs into a note or a follow-up")
