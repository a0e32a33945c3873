"""What senders ask about the pages of their own alerts: somebody there has it, gave it back, wrote something down.

An ask is about the alert of a key. It may overtake the task that raises the alert's page, so the group is looked at
first. An ask about nothing that fires changes nothing, as with the products whose senders these are.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row

from tocsin.alerts.queries.keys import latest_of_key
from tocsin.alerts.usecases import SnoozeGroup, snooze_group
from tocsin.engine.work import Job
from tocsin.errors import Conflict, Invalid
from tocsin.identity.accounts import all_accounts, normal_email
from tocsin.identity.actor import Actor, Right
from tocsin.organisation.model.fields import Target
from tocsin.paging.usecases.answering import acknowledge_page, note_on_page, snooze_page
from tocsin.paging.usecases.climbing import begin_again
from tocsin.paging.usecases.groups import look_at
from tocsin.paging.usecases.ledger import lock_live, settle
from tocsin.paging.usecases.opening import page_person

_log = logging.getLogger(__name__)


class SenderAsk(BaseModel):
    """The payload of the tasks `sender.…`; `intake` writes it."""

    model_config = ConfigDict(frozen=True)

    integration: str
    service: str | None = None
    dedup_key: str = ""
    by: str = ""
    text: str = ""
    until: datetime | None = None
    more: Mapping[str, str] = {}

    @property
    def actor(self) -> Actor:
        """Who acts: the integration, and for whom it says it does."""
        name = f"{self.by} in {self.integration}" if self.by else self.integration
        return Actor("sender", f"sender:{name}", name, Right.RESPONDER)


def acknowledge(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of `sender.acknowledge`."""
    ask, _, page = _found(connection, job, now)
    if page is not None:
        acknowledge_page(connection, ask.actor, page.id, now, via="sender")
        _note(connection, ask, page, now)


def unacknowledge(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of `sender.unacknowledge`: the page begins again at step 1."""
    ask, _, page = _found(connection, job, now)
    if page is not None and page.state == "acknowledged":
        why = f"{ask.actor.name} took the acknowledgement back"
        settle(connection, begin_again(connection, page, why, now), now)
        _note(connection, ask, page, now)


def note(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of `sender.note`; it may come with the alert's end."""
    ask, _, page = _found(connection, job, now, only_firing=False)
    if page is not None:
        _note(connection, ask, page, now)


def snooze(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of `sender.snooze`: the page is quiet until then, or its group where there is no page."""
    ask, group_id, page = _found(connection, job, now)
    try:
        if ask.until is not None and page is not None:
            snooze_page(connection, ask.actor, page.id, ask.until, now, reason=ask.text)
        elif ask.until is not None and group_id is not None:
            snooze_group(connection, ask.actor, SnoozeGroup(group_id, ask.until, ask.text), now)
    except (Conflict, Invalid) as error:
        _log.info("a sender's snooze was not done: %s", error.message)


def assign(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of `sender.assign`: whom the sender names is paged by hand; the alert's own page climbs until answered."""
    ask, _, page = _found(connection, job, now)
    if page is None:
        return
    owner = ask.more.get("owner", "")
    person = _person(connection, owner)
    if person is not None:
        page_person(connection, ask.actor, (Target(person=person),), page.title, now, detail=ask.text)
    said = "" if person else f" ({owner!r} is nobody's id or address here, so the page goes on as it is)"
    note_on_page(connection, ask.actor, page.id, f"assigned to {owner}{said}. {ask.text}".strip(), now)


def _person(connection: Connection, told: str) -> str | None:
    wanted = normal_email(told) or told
    for account in all_accounts(connection):
        if account.deactivated_at is None and wanted in (account.person_id, account.email):
            return account.person_id
    return None


def _found(
    connection: Connection, job: Job, now: datetime, *, only_firing: bool = True
) -> tuple[SenderAsk, str | None, Row[Any] | None]:
    """What is asked, the group of the alert that fires, and its page, locked."""
    ask = SenderAsk.model_validate(dict(job.payload))
    alert = latest_of_key(connection, job.subject_id, ask.dedup_key)
    if alert is None or alert.group_id is None or (only_firing and alert.state != "firing"):
        _log.info("%s of %s: nothing fires under the key %r", job.kind, ask.integration, ask.dedup_key[:100])
        return ask, None, None
    look_at(connection, alert.group_id, now)
    page = lock_live(connection, "group", alert.group_id)
    if page is not None and page.restricted:
        _log.info("%s of %s: its page belongs to a restricted incident", job.kind, ask.integration)
        return ask, None, None
    return ask, alert.group_id, page


def _note(connection: Connection, ask: SenderAsk, page: Row[Any], now: datetime) -> None:
    if ask.text.strip():
        note_on_page(connection, ask.actor, page.id, ask.text, now)


__all__ = ["acknowledge", "assign", "note", "snooze", "unacknowledge"]
