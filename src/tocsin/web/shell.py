"""The frame around every page: what is open, what rings for you, whether you are on call."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from tocsin.alerts.queries import board as alerts
from tocsin.identity.actor import Right
from tocsin.incidents.queries import heads as incidents
from tocsin.oncall import queries as oncall
from tocsin.paging.queries import ringing as pages
from tocsin.paging.queries.live import HIDDEN
from tocsin.review import queries as review
from tocsin.web import format as say
from tocsin.web.pages.room.head import PHASE_WORDS
from tocsin.web.screens import Answer, Asked
from tocsin.web.views.common import ActiveIncident, Clock, Person, Ringing, Shell, Toast

_SHOWN = 6


def shell_for(asked: Asked, page: str, answer: Answer, live: str, toast: Toast | None = None) -> Shell:
    """The frame for one person and one page."""
    actor, now = asked.actor, asked.now
    open_now = incidents.open_incidents(asked.connection, actor)
    active = []
    for row in open_now[:_SHOWN]:
        soonest = incidents.soonest_clock(asked.connection, row.id)
        clock = Clock("", soonest[1], "down", start=soonest[1] - timedelta(minutes=15)) if soonest else None
        active.append(ActiveIncident(row.number, row.title, row.severity, PHASE_WORDS[row.phase], clock))
    ringing = tuple(
        Ringing(page_row.id, _rings(page_row), page_row.opened_at, f"/pages/{page_row.id}", page_row.urgency == "page")
        for page_row in pages.ringing_for(asked.connection, actor)
    )
    return Shell(
        now=now,
        page=page,
        person=Person(asked.person_id or actor.id, actor.name),
        duty=_duty(asked),
        csrf=asked.csrf,
        active=tuple(active),
        open_incidents=len(open_now),
        open_groups=alerts.open_group_count(asked.connection, actor),
        reviews_due=review.reviews_due(asked.connection, actor),
        ringing=ringing,
        responds=actor.may(Right.RESPONDER),
        manages=actor.may(Right.MANAGER),
        administers=actor.may(Right.ADMIN),
        live=live if answer.live else "",
        toast=toast,
        own=answer.own,
    )


def _rings(row: Row[Any]) -> str:
    title = row.title if row.seen else HIDDEN
    return f"Practice: {title}" if row.practice else title


def _duty(asked: Asked) -> str:
    shifts = oncall.duties_of(asked.connection, asked.person_id, asked.now)
    if not shifts:
        return ""
    until = min((shift.until for shift in shifts if shift.until), default=None)
    return f"On call until {say.weekday_time(until)}" if until else "On call"
