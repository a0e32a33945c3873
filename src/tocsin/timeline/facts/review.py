"""Facts of the review: scheduled, drafted, written, published; follow-ups and artifacts."""

from datetime import datetime
from typing import ClassVar, Literal

from tocsin.timeline.entry import Entry, Fact, Frozen, NameOf, OptionalProse, Prose
from tocsin.timeline.facts.words import told

FollowupKind = Literal["detection", "defence", "tests", "docs"]
ArtifactKind = Literal["logs", "prs", "commits", "dashboards", "chats"]


class ReviewScheduled(Fact):
    """The blameless postmortem is due by `due_at`; the meeting is at `meeting_at`. UTC."""

    kind: ClassVar[str] = "review_scheduled"
    due_at: datetime
    meeting_at: datetime | None = None
    invited: tuple[str, ...] = ()

    def sentence(self, name_of: NameOf) -> str:
        who = ", ".join(name_of(person) for person in self.invited)
        meeting = f" Meeting {self.meeting_at:%Y-%m-%d %H:%M} UTC with {who}." if self.meeting_at else ""
        return f"scheduled the postmortem, due {self.due_at:%Y-%m-%d %H:%M} UTC.{meeting}"


class PostmortemDrafted(Fact):
    kind: ClassVar[str] = "postmortem_drafted"

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "drafted the postmortem from the timeline."


class PostmortemSaved(Fact):
    kind: ClassVar[str] = "postmortem_saved"
    section: str
    text: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"wrote the postmortem's section “{self.section}”."


class PostmortemPublished(Fact):
    kind: ClassVar[str] = "postmortem_published"

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "published the postmortem."


class PostmortemLate(Fact):
    kind: ClassVar[str] = "postmortem_late"
    due_at: datetime

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"found the postmortem late; it was due {self.due_at:%Y-%m-%d %H:%M} UTC."


class FollowupAdded(Fact):
    kind: ClassVar[str] = "followup_added"
    followup_id: str
    what: FollowupKind
    title: Prose
    owner: str | None = None
    due_at: datetime | None = None

    def sentence(self, name_of: NameOf) -> str:
        owner = f" for {name_of(self.owner)}" if self.owner else ""
        return f"added a follow-up ({self.what}){owner}: {self.title}"


class FollowupChanged(Fact):
    """Only what is not None changes."""

    kind: ClassVar[str] = "followup_changed"
    followup_id: str
    owner: str | None = None
    due_at: datetime | None = None
    state: Literal["open", "done", "dropped"] | None = None
    note: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        if self.state:
            return told(f"set a follow-up to {self.state}", self.note)
        owner = f" owner {name_of(self.owner)}" if self.owner else ""
        due = f" due {self.due_at:%Y-%m-%d}" if self.due_at else ""
        return f"changed a follow-up:{owner}{due}."


class FollowupLate(Fact):
    kind: ClassVar[str] = "followup_late"
    followup_id: str
    due_at: datetime
    owner: str | None = None

    def sentence(self, name_of: NameOf) -> str:
        owner = f" {name_of(self.owner)} was reminded." if self.owner else ""
        return f"found a follow-up late; it was due {self.due_at:%Y-%m-%d}.{owner}"


class ArtifactMarked(Fact):
    """An artifact for the postmortem, or the word that there is none of its kind."""

    kind: ClassVar[str] = "artifact_marked"
    what: ArtifactKind
    available: bool
    title: OptionalProse = None
    url: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return (
            f"added {self.what}: {self.title or self.url}" if self.available else f"marked {self.what}: not available."
        )


class Followup(Frozen):
    followup_id: str
    what: FollowupKind
    title: str
    owner: str | None
    due_at: datetime | None
    state: str = "open"
    at: datetime
    late_told: tuple[datetime, ...] = ()


class Artifact(Frozen):
    what: ArtifactKind
    available: bool
    title: str | None
    url: str | None


class ReviewPart(Frozen):
    """The postmortem and what comes of it. Times UTC."""

    due_at: datetime | None = None
    meeting_at: datetime | None = None
    invited: tuple[str, ...] = ()
    drafted_at: datetime | None = None
    published_at: datetime | None = None
    late_told: tuple[datetime, ...] = ()
    sections: dict[str, str] = {}
    followups: dict[str, Followup] = {}
    artifacts: tuple[Artifact, ...] = ()


def _followup(part: ReviewPart, fact: FollowupChanged | FollowupLate) -> ReviewPart:
    known = part.followups.get(fact.followup_id)
    if known is None:
        return part
    changes: dict[str, object]
    if isinstance(fact, FollowupLate):
        changes = {"late_told": (*known.late_told, fact.due_at)}
    else:
        given = {"owner": fact.owner, "due_at": fact.due_at, "state": fact.state}
        changes = {name: value for name, value in given.items() if value is not None}
    return part.model_copy(update={"followups": {**part.followups, fact.followup_id: known.model_copy(update=changes)}})


def apply_review(part: ReviewPart, entry: Entry) -> ReviewPart:
    """The part after one more entry."""
    fact, at = entry.fact, entry.happened_at
    match fact:
        case ReviewScheduled():
            return part.model_copy(
                update={"due_at": fact.due_at, "meeting_at": fact.meeting_at, "invited": fact.invited}
            )
        case PostmortemDrafted():
            return part.model_copy(update={"drafted_at": at})
        case PostmortemSaved():
            return part.model_copy(update={"sections": {**part.sections, fact.section: fact.text}})
        case PostmortemPublished():
            return part.model_copy(update={"published_at": at})
        case PostmortemLate():
            return part.model_copy(update={"late_told": (*part.late_told, fact.due_at)})
        case FollowupAdded():
            added = Followup(
                followup_id=fact.followup_id,
                what=fact.what,
                title=fact.title,
                owner=fact.owner,
                due_at=fact.due_at,
                at=at,
            )
            return part.model_copy(update={"followups": {**part.followups, fact.followup_id: added}})
        case FollowupChanged() | FollowupLate():
            return _followup(part, fact)
        case ArtifactMarked():
            artifact = Artifact(what=fact.what, available=fact.available, title=fact.title, url=fact.url)
            return part.model_copy(update={"artifacts": (*part.artifacts, artifact)})
    return part


KINDS: tuple[type[Fact], ...] = (
    ReviewScheduled, PostmortemDrafted, PostmortemSaved, PostmortemPublished, PostmortemLate, FollowupAdded,
    FollowupChanged, FollowupLate, ArtifactMarked,
)  # fmt: skip
