"""One answer to many pages: in a storm nobody should say the same thing forty times."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.paging.queries.together import told_with
from tocsin.paging.usecases.answering import Acknowledged, acknowledge_page, pass_on_page

MOST = 500


@dataclass(frozen=True)
class Answered:
    """What became of one page of many. `acknowledged` is None when it could not be answered; `sentence` says why."""

    page_id: str
    acknowledged: Acknowledged | None
    sentence: str


def acknowledge_pages(
    connection: Connection, actor: Actor, page_ids: Sequence[str], now: datetime, *, via: str
) -> list[Answered]:
    """Take many pages at once, each told by itself in the order asked: one that is over keeps none from being taken.

    Raises Invalid for none, or for more than MOST.
    """
    actor.require(Right.RESPONDER, "pages")
    asked = list(dict.fromkeys(page_ids))
    if not asked:
        raise Invalid("name the pages to acknowledge", "pages")
    if len(asked) > MOST:
        raise Invalid(f"at most {MOST} pages at once", "pages")
    # always locked in one order: two people who take the same pages never wait for each other
    answers = {page_id: _answer(connection, actor, page_id, now, via) for page_id in sorted(asked)}
    return [answers[page_id] for page_id in asked]


def acknowledge_as_told(
    connection: Connection, actor: Actor, page_id: str, now: datetime, *, via: str
) -> tuple[Acknowledged, int]:
    """Take the page of a message, and all others that it told the actor of: how many. Raises as `acknowledge_page`."""
    others = [id for id, _ in told_with(connection, page_id, actor.person_id)]
    done = acknowledge_page(connection, actor, page_id, now, via=via)
    answers = [_answer(connection, actor, other, now, via) for other in others]
    return done, sum(each.acknowledged is not None and each.acknowledged.yours for each in answers)


def pass_on_as_told(connection: Connection, actor: Actor, page_id: str, now: datetime, *, reason: str) -> int:
    """Pass on the page of a message, and all others that it told the actor of: how many. Raises as `pass_on_page`."""
    others = [id for id, _ in told_with(connection, page_id, actor.person_id)]
    pass_on_page(connection, actor, page_id, now, reason=reason)
    passed = 0
    for other in others:
        with suppress(NotFound, Conflict):  # over, or somebody else's since it was looked at
            pass_on_page(connection, actor, other, now, reason=reason)
            passed += 1
    return passed


def _answer(connection: Connection, actor: Actor, page_id: str, now: datetime, via: str) -> Answered:
    try:
        done = acknowledge_page(connection, actor, page_id, now, via=via)
    except (NotFound, Conflict) as refused:
        return Answered(page_id, None, refused.message)
    return Answered(page_id, done, done.sentence)
