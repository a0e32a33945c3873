"""Facts of pages, copied from a page's own log onto the timeline of its incident."""

from datetime import datetime
from typing import ClassVar

from tocsin.timeline.entry import Category, Entry, Fact, Frozen, NameOf, OptionalProse


class PageRecorded(Fact):
    """One row of a page's log. `event`: opened, step, attempt, receipt, failed, skipped, acknowledged, also,
    snoozed, reopened, passed_on, last_resort, told_over, ended, noted, paused, resumed, urgent, stuck, delivered, undelivered,
    reassigned, asked, joined, declined, rests, shadow."""

    kind: ClassVar[str] = "page"
    category: ClassVar[Category] = "alert"
    page_id: str
    log_seq: int
    event: str
    purpose: str  # the page's subject_kind: group, role, person, regression, tocsin, deadline, help
    role: str | None = None
    person: str | None = None
    method: str | None = None
    text: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        who = name_of(self.person) if self.person else "nobody"
        by = f" by {self.method}" if self.method else ""
        match self.event:
            case "opened":
                return f"opened a page: {self.text or 'act now'}"
            case "step":
                return f"paged {who}."
            case "attempt":
                return f"tried to reach {who}{by}."
            case "receipt":
                return f"reached {who}{by}" + (f", {self.text}." if self.text else ".")
            case "delivered":
                return f"the page arrived at {who}{by}."
            case "undelivered":
                return f"the page did not arrive at {who}{by}: {self.text or 'no reason given'}"
            case "failed":
                return f"could not reach {who}{by}: {self.text or 'no answer'}"
            case "skipped":
                return f"skipped {who}: {self.text or 'not reachable'}"
            case "acknowledged":
                return f"acknowledged the page{by}."
            case "also":
                return "is there too."
            case "ended":
                return f"ended the page: {self.text or 'over'}"
            case "told_over":
                return f"told {who}{by} that it is over."
            case "last_resort":
                return "turned to the last resort" + (f": {self.text}." if self.text else ".")
            case "noted":
                return f"noted on the page: {self.text}"
            case "snoozed":
                return f"snoozed the page {self.text or ''}".rstrip() + "."
            case "passed_on":
                return "passed the page on" + (f": {self.text}." if self.text else ".")
            case "shadow":
                return f"told {who}{by}, who shadows."
            case "rests":
                return f"saw that {self.text or 'somebody rests'}."
            case "reassigned":
                return f"gave the page {self.text or 'to others'}."
            case "asked":
                return f"asked {self.text or 'others to help'}."
            case "joined":
                return "helps with it."
            case "declined":
                return "can't help" + (f": {self.text}." if self.text else ".")
            case _:
                return f"{self.event.replace('_', ' ')} the page{': ' + self.text if self.text else '.'}"


class PageView(Frozen):
    page_id: str
    purpose: str
    role: str | None = None
    text: str | None = None
    opened_at: datetime
    state: str = "open"  # open | acknowledged | ended
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    paged: tuple[str, ...] = ()
    ended_at: datetime | None = None


class PagingPart(Frozen):
    """The pages that belong to the incident."""

    pages: dict[str, PageView] = {}


def apply_paging(part: PagingPart, entry: Entry) -> PagingPart:
    """The part after one more entry."""
    fact = entry.fact
    if not isinstance(fact, PageRecorded):
        return part
    view = part.pages.get(fact.page_id) or PageView(
        page_id=fact.page_id, purpose=fact.purpose, role=fact.role, opened_at=entry.happened_at
    )
    changes: dict[str, object] = {}
    match fact.event:
        case "opened":
            changes = {"text": fact.text, "opened_at": entry.happened_at, "state": "open"}
        case "reopened":
            changes = {"state": "open", "acknowledged_by": None, "acknowledged_at": None}
        case "step" if fact.person and fact.person not in view.paged:
            changes = {"paged": (*view.paged, fact.person)}
        case "acknowledged":
            changes = {"state": "acknowledged", "acknowledged_by": fact.person, "acknowledged_at": entry.happened_at}
        case "ended":
            changes = {"state": "ended", "ended_at": entry.happened_at}
    return part.model_copy(update={"pages": {**part.pages, fact.page_id: view.model_copy(update=changes)}})


KINDS: tuple[type[Fact], ...] = (PageRecorded,)
