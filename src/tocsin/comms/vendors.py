"""Engagements with vendors, each with a clock of its own. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.incidents.wording import optional_text, text_of
from tocsin.organisation.snapshot import Organisation
from tocsin.runbook.findings import nearest
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.comms import VendorEngaged, VendorLate, VendorNoted
from tocsin.timeline.state import IncidentState


def engage_vendor(
    state: IncidentState,
    runbook: Runbook,
    organisation: Organisation,
    vendor: str,
    engagement_id: str,
    now: datetime,
    *,
    reference: str | None = None,
    contact: str | None = None,
) -> list[Fact]:
    """Open an engagement. The answer is due as the vendor's contract says, else as the runbook does."""
    known_id = organisation.current_id("vendor", vendor)
    known = organisation.vendors.get(known_id)
    if known is None:
        raise Invalid(f"there is no vendor '{vendor}'. {nearest(vendor, organisation.vendors)}".strip(), "vendor")
    if any(each.vendor == known_id and each.state == "waiting" for each in state.comms.vendors.values()):
        raise Conflict(f"{known.name} is engaged already and has not answered yet")
    within = known.response or _runbook_limit(state, runbook)
    return [
        VendorEngaged(
            engagement_id=engagement_id,
            vendor=known_id,
            contact=optional_text(contact, "contact") or known.contact or known.email or known.phone,
            reference=optional_text(reference, "reference"),
            respond_by=now + within if within else None,
        )
    ]


def note_vendor(
    state: IncidentState,
    engagement_id: str,
    new_state: Literal["waiting", "answered", "ended"],
    text: str,
    respond_by: datetime | None,
    now: datetime,
) -> list[Fact]:
    """What the vendor said; an answer stops its clock, `respond_by` (UTC) starts the next."""
    if engagement_id not in state.comms.vendors:
        raise NotFound("there is no such engagement with a vendor")
    if respond_by is not None and respond_by <= now:
        raise Invalid("the next answer is due in the future", "respond_by")
    return [
        VendorNoted(engagement_id=engagement_id, state=new_state, text=text_of(text, "text"), respond_by=respond_by)
    ]


def vendor_late(state: IncidentState, engagement_id: str, due_at: datetime) -> list[Fact]:
    """The vendor's clock ran out; recorded once for each due time."""
    engagement = state.comms.vendors.get(engagement_id)
    if engagement is None or engagement.state != "waiting" or due_at in engagement.late_told:
        return []
    return [VendorLate(engagement_id=engagement_id, due_at=due_at)]


def vendors_of(services: Iterable[str], organisation: Organisation) -> tuple[str, ...]:
    """The vendors that these services, and what they depend on directly, name."""
    found: dict[str, None] = {}
    for service in services:
        known = organisation.services.get(service)
        if known is None:
            continue
        for each in (known, *(organisation.services[id] for id in known.depends_on if id in organisation.services)):
            found |= dict.fromkeys(each.vendors)
    return tuple(found)


def _runbook_limit(state: IncidentState, runbook: Runbook) -> timedelta | None:
    clock = runbook.clocks.vendor
    return clock.reply_within.get(state.incident.severity) if clock else None
