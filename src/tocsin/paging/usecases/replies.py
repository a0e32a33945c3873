"""Answers that come by the method itself: a key, a text, a button. Each gives a sentence to be shown or spoken."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import Actor
from tocsin.identity.keys import keys_of
from tocsin.paging import links
from tocsin.paging.queries import PageView
from tocsin.paging.queries.live import answering, open_link, pages_for
from tocsin.paging.queries.people import verified_owners
from tocsin.paging.usecases.many import acknowledge_as_told, pass_on_as_told

ACKNOWLEDGE, PASS_ON = "acknowledge", "pass"
_ALL = re.compile(r"(?:ack(?:nowledge)?\s+)?all", re.IGNORECASE)
_ONE = re.compile(r"(?:ack(?:nowledge)?\s*)?([0-9]{4})?", re.IGNORECASE)


def answer_by_token(
    connection: Connection, token: str, do: str, now: datetime, *, via: str, address: str | None = None
) -> str:
    """Do what a button or key that carries a link's token says; a refusal is a sentence too.

    `address`: where the answer came from; it must be a verified one of the link's person, for this method.
    """
    try:
        opened = open_link(connection, token)
        if opened.actor is None or opened.person_id is None:
            return "This page is over."
        if address is not None and opened.person_id not in verified_owners(connection, via, address):
            return "This page is somebody else's; sign in to answer it."
        return _act(connection, opened.actor, opened.page.id, do, now, via=via)
    except (Conflict, Invalid, Forbidden, NotFound) as error:
        return _as_sentence(error.message)


def answer_by_page(connection: Connection, kind: str, address: str, page_id: str, do: str, now: datetime) -> str:
    """Do what a button says that came from a verified address: for whoever of its owners was paged."""
    try:
        for actor in _owners(connection, kind, address):
            if any(page.id == page_id for page in pages_for(connection, actor)):
                return _act(connection, actor, page_id, do, now, via=kind)
    except (Conflict, Invalid, Forbidden, NotFound) as error:
        return _as_sentence(error.message)
    return "This page is over, or it did not page you."


def answer_by_text(connection: Connection, kind: str, address: str, text: str, now: datetime) -> str | None:
    """Understand a reply that a person typed: a page's code, ACK for the only one, ACK ALL. None: nobody's address."""
    owners = _owners(connection, kind, address)
    if not owners:
        return None
    said = " ".join(text.split())
    waiting = [(actor, page) for actor in owners for page in _open_pages(connection, actor)]
    if not waiting:
        return "Nothing waits for you."
    if _ALL.fullmatch(said):
        chosen = waiting
    elif (found := _ONE.fullmatch(said)) is not None and said:
        chosen = _chosen(connection, waiting, found.group(1))
        if not chosen and found.group(1):
            return f"No open page of yours has the code {found.group(1)}. {_which(connection, waiting)}"
    else:
        chosen = []
    if not chosen:
        return _which(connection, waiting)
    told = []
    for actor, page in chosen:
        told.append(f"{_act(connection, actor, page.id, ACKNOWLEDGE, now, via=kind)} ({_title(page)})")
    left = len({page.id for actor in owners for page in _open_pages(connection, actor)})
    return " ".join(told)[:600] + (f" {left} more open." if left else "")


def _act(connection: Connection, actor: Actor, page_id: str, do: str, now: datetime, *, via: str) -> str:
    if do == ACKNOWLEDGE:
        done, more = acknowledge_as_told(connection, actor, page_id, now, via=via)
        return f"{done.sentence.rstrip('.')}, and {more} more." if more else done.sentence
    if do == PASS_ON:
        more = pass_on_as_told(connection, actor, page_id, now, reason=f"passed on by {via}")
        return f"Passed on, and {more} more." if more else "Passed on."
    raise Invalid("this button is not known")


def _owners(connection: Connection, kind: str, address: str) -> list[Actor]:
    found = [answering(connection, person) for person in verified_owners(connection, kind, address)]
    return [actor for actor in found if actor is not None]


def _open_pages(connection: Connection, actor: Actor) -> list[PageView]:
    return [page for page in pages_for(connection, actor) if page.standing == "open"]


def _chosen(
    connection: Connection, waiting: Sequence[tuple[Actor, PageView]], code: str | None
) -> list[tuple[Actor, PageView]]:
    if code is None:
        return list(waiting) if len({page.id for _, page in waiting}) == 1 else []
    keys = keys_of(connection)
    return [(actor, page) for actor, page in waiting if links.reply_code(keys, page.id, actor.person_id) == code]


def _which(connection: Connection, waiting: Sequence[tuple[Actor, PageView]]) -> str:
    keys = keys_of(connection)
    named = [f"{links.reply_code(keys, page.id, actor.person_id)} {_title(page)}" for actor, page in waiting[:5]]
    more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
    return f"Reply with a code to acknowledge, or ACK ALL: {'; '.join(named)}{more}."


def _title(page: PageView) -> str:
    """What may be read on a phone's locked screen."""
    return "restricted" if page.restricted else page.title[:50]


def _as_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
