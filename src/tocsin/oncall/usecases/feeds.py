"""Making a calendar's secret address, and taking it back."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.audit import record
from tocsin.identity.keys import new_secret, token_hash
from tocsin.ids import new_id
from tocsin.oncall.queries import find_schedule
from tocsin.oncall.queries.feeds import FeedKind
from tocsin.organisation.queries import everything
from tocsin.store.tables.oncall import calendar_feeds


def make_feed(connection: Connection, actor: Actor, kind: FeedKind, subject_id: str, now: datetime) -> tuple[str, str]:
    """Make a feed of a person's shifts, a schedule's, or gaps ('' for all schedules): its id, and its secret, told once.

    One's own shifts for everybody; another person's for managers. Raises NotFound, Invalid, Forbidden.
    """
    actor.require_own()
    if kind == "person":
        if subject_id not in everything(connection).active_people:
            raise Invalid(f"there is nobody active called '{subject_id}'", field="subject")
        if subject_id != actor.person_id:
            actor.require(Right.MANAGER)
    elif kind == "schedule" or subject_id:
        find_schedule(connection, subject_id)
    feed_id, secret = new_id(), new_secret()
    connection.execute(
        insert(calendar_feeds).values(
            id=feed_id,
            kind=kind,
            subject_id=subject_id,
            token_hash=token_hash(secret),
            created_by=actor.id,
            created_at=now,
        )
    )
    record(connection, actor, "make calendar feed", feed_id, {"kind": kind, "subject": subject_id}, now)
    return feed_id, secret


def remove_feed(connection: Connection, actor: Actor, feed_id: str, now: datetime) -> None:
    """Let a feed's address lead nowhere. Its maker may, and managers. Raises NotFound."""
    actor.require_own()
    row = connection.execute(select(calendar_feeds).where(calendar_feeds.c.id == feed_id)).first()
    if row is None or (row.created_by != actor.id and not actor.may(Right.MANAGER)):
        raise NotFound(f"there is no calendar feed '{feed_id}'")
    connection.execute(
        update(calendar_feeds)
        .where(calendar_feeds.c.id == feed_id, calendar_feeds.c.removed_at.is_(None))
        .values(removed_at=now)
    )
    record(connection, actor, "remove calendar feed", feed_id, {}, now)
