"""What the engine hands to the review: the runbook's effects, clocks that ran out, invitations to send."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from sqlalchemy import Connection

from tocsin.clients.smtp import Attachment, Mail, MailNotTaken, Smtp
from tocsin.clock import Clock
from tocsin.comms.handlers import COMMANDER, remind_owner
from tocsin.engine.deliveries import Delivery, Outcome
from tocsin.engine.work import Job, Registry
from tocsin.identity.actor import SYSTEM
from tocsin.incidents.handlers.effects import ask, owed_of
from tocsin.incidents.queries import state_of
from tocsin.incidents.staffing import Demand
from tocsin.incidents.usecases.neighbours import organisation_of
from tocsin.organisation.model.fields import Target
from tocsin.review import decide, usecases
from tocsin.review.invitation import Guest, invitation
from tocsin.runbook.effects import ScheduleReview
from tocsin.timeline.facts.incidents import Reminded
from tocsin.timeline.state import IncidentState


class InvitationSender:
    """Sends the review's calendar entry by e-mail."""

    def __init__(self, smtp: Smtp | None, sender: str, outside_url: str, clock: Clock) -> None:
        self._smtp = smtp
        self._organizer = parseaddr(sender)[1] or "tocsin@localhost"
        self._url = outside_url
        self._clock = clock

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        """The invitation as things stand now; None when the meeting moved since (a newer one follows)."""
        state = state_of(connection, SYSTEM, delivery.payload["incident_id"])
        organisation = organisation_of(connection)
        person = organisation.people.get(delivery.payload["person_id"])
        meeting_at = state.review.meeting_at
        if person is None or not person.email or meeting_at is None:
            return None
        if meeting_at.isoformat() != delivery.payload.get("meeting_at"):
            return None
        guests = [
            Guest(each.name, each.email)
            for id in state.review.invited
            if (each := organisation.people.get(id)) is not None and each.email
        ]
        incident = state.incident
        url = f"{self._url}/postmortems/{incident.number}"
        title = "restricted" if incident.restricted else incident.title
        calendar = invitation(
            incident_id=incident.id,
            number=incident.number,
            title=title,
            meeting_at=meeting_at,
            sequence=int(delivery.payload["seq"]),
            organizer=self._organizer,
            guests=guests,
            url=url,
            now=now,
        )
        due = state.review.due_at
        return {
            "to": person.email,
            "subject": f"Postmortem of INC-{incident.number}: {title}",
            "text": (
                f"The blameless review of INC-{incident.number} is on {meeting_at:%Y-%m-%d at %H:%M} UTC.\n"
                + (f"The postmortem is due {due:%Y-%m-%d %H:%M} UTC.\n" if due else "")
                + f"The draft is written from the timeline: {url}\n"
            ),
            "calendar": calendar,
        }

    async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
        """By SMTP; without a mail server it fails, which is told on the timeline."""
        if self._smtp is None:
            return Outcome(state="failed", error="no mail server is set (TOCSIN_SMTP__HOST)")
        mail = Mail(
            to=prepared["to"],
            subject=prepared["subject"],
            text=prepared["text"],
            key=delivery.idempotency_key,
            at=self._clock.now(),
            attachments=[
                Attachment("postmortem.ics", prepared["calendar"], "text", "calendar", (("method", "REQUEST"),))
            ],
        )
        try:
            return Outcome(state="sent", receipt=await self._smtp.send(mail))
        except MailNotTaken as error:
            return Outcome(state="failed" if error.permanent else "retry", error=error.message)

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        """Say on the timeline that somebody was invited, or why not."""
        if outcome.state in ("retry", "dropped"):
            return
        person, key = delivery.payload["person_id"], delivery.idempotency_key
        reached = outcome.state == "sent"
        words = "invited to the review by e-mail." if reached else f"the invitation did not go out: {outcome.error}"

        def rule(state: IncidentState, _: object) -> list[Reminded]:
            told = Reminded(what=key, to=(person,), text=words)
            return [] if key in state.incident.reminders else [told]

        usecases.change_review(connection, SYSTEM, delivery.payload["incident_id"], rule, now)


def register(registry: Registry, smtp: Smtp | None, sender: str, outside_url: str, clock: Clock) -> None:
    """Take the review's work from the engine."""
    registry.task("effect.schedule_review", schedule_review)
    registry.task("effect.draft_postmortem", draft_postmortem)
    registry.deadline("resolve.confirm", remind_owner)
    registry.deadline("review.soon", review_soon)
    registry.deadline("postmortem.due", postmortem_due)
    registry.deadline("followup.soon", remind_followup_owner)
    registry.deadline("followup.due", followup_due)
    registry.deadline("followup.again", remind_followup_owner)
    registry.sender(usecases.INVITATION, InvitationSender(smtp, sender, outside_url, clock))


def schedule_review(connection: Connection, job: Job, now: datetime) -> None:
    """The runbook sets the review's time."""
    effect = owed_of(job).effect
    assert isinstance(effect, ScheduleReview)
    within = effect.within
    usecases.change_review(
        connection,
        SYSTEM,
        job.subject_id,
        lambda state, runbook: (
            []
            if state.incident.is_open
            else decide.schedule_review(
                state,
                runbook,
                now,
                within=within.get(state.incident.highest_severity) if within else None,
                had_role=usecases.people_with_role(connection, job.subject_id),
            )
        ),
        now,
    )


def draft_postmortem(connection: Connection, job: Job, now: datetime) -> None:
    """The runbook asks for the draft."""
    usecases.draft_postmortem(connection, SYSTEM, job.subject_id, now)


def review_soon(connection: Connection, job: Job, now: datetime) -> None:
    """The postmortem is due soon: everybody invited to its review hears of it, once."""

    def rule(state: IncidentState, _: object) -> list[Reminded]:
        review = state.review
        if review.published_at or review.due_at is None or job.key in state.incident.reminders:
            return []
        return [Reminded(what=job.key, to=review.invited, text=f"The postmortem is due {review.due_at:%H:%M} UTC.")]

    changed = usecases.change_review(connection, SYSTEM, job.subject_id, rule, now)
    if changed.entries:
        title = f"The postmortem of INC-{changed.number} is due soon"
        for person in changed.state.review.invited:
            _tell(connection, changed.state, person, job.key, title, now)


def postmortem_due(connection: Connection, job: Job, now: datetime) -> None:
    """The postmortem is late: recorded, and everybody invited to its review hears of it."""
    changed = usecases.change_review(
        connection, SYSTEM, job.subject_id, lambda state, _: decide.postmortem_late(state), now
    )
    if changed.entries:
        incident = changed.state.incident
        for person in changed.state.review.invited:
            _tell(connection, changed.state, person, job.key, f"The postmortem of INC-{incident.number} is late", now)


def followup_due(connection: Connection, job: Job, now: datetime) -> None:
    """A follow-up is late: recorded, and its owner is reminded."""
    followup_id = str(job.payload["followup_id"])
    changed = usecases.change_review(
        connection, SYSTEM, job.subject_id, lambda state, _: decide.followup_late(state, followup_id), now
    )
    if changed.entries:
        _tell_owner(connection, changed.state, followup_id, job.key, "is late", now)


def remind_followup_owner(connection: Connection, job: Job, now: datetime) -> None:
    """A follow-up is due soon, or still late: its owner is reminded, once for each clock."""
    followup_id = str(job.payload["followup_id"])

    def rule(state: IncidentState, _: object) -> list[Reminded]:
        known = state.review.followups.get(followup_id)
        if known is None or known.state != "open" or job.key in state.incident.reminders:
            return []
        return [Reminded(what=job.key, to=(known.owner,) if known.owner else (), text=f"Follow-up: {known.title}")]

    changed = usecases.change_review(connection, SYSTEM, job.subject_id, rule, now)
    if changed.entries:
        words = "is due soon" if job.kind == "followup.soon" else "is still late"
        _tell_owner(connection, changed.state, followup_id, job.key, words, now)


def _tell_owner(
    connection: Connection, state: IncidentState, followup_id: str, key: str, words: str, now: datetime
) -> None:
    """Without an owner the incident's commander hears of it: somebody must."""
    known = state.review.followups[followup_id]
    commander = state.incident.roles.get(COMMANDER)
    if known.owner:
        _tell(connection, state, known.owner, key, f"A follow-up of yours {words}: {known.title}", now)
    elif commander:
        _tell(connection, state, commander.person, key, f"A follow-up without owner {words}: {known.title}", now)


def _tell(connection: Connection, state: IncidentState, person: str, key: str, title: str, now: datetime) -> None:
    subject = f"{state.incident.id}:{key}:{person}"
    ask(connection, state, "deadline", subject, title, Demand((Target(person=person),)), now, urgency="notify")
