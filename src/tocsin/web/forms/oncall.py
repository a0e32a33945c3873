"""Overrides: who, from, to, why."""

import re
from datetime import UTC, datetime
from typing import cast

from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.oncall import usecases
from tocsin.oncall.queries import OverrideRow, find_override, on_call, overrides_of
from tocsin.oncall.queries.feeds import FeedKind
from tocsin.oncall.usecases import feeds
from tocsin.organisation.queries import everything
from tocsin.web import format as say
from tocsin.web.forms.rooms import people_field
from tocsin.web.forms.sending import Form, Given, Sent, Told
from tocsin.web.instants import parse_instant
from tocsin.web.reading import people
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")


def _ask_override(asked: Asked) -> FormView:
    schedules = everything(asked.connection).schedules
    chosen = asked.query.get("schedule", next(iter(schedules), ""))
    start, end = _shown(asked.query.get("from", "")) or asked.now, _shown(asked.query.get("to", ""))
    if end is None and chosen in schedules:
        end = on_call(asked.connection, chosen, max(start, asked.now)).until
    choices = tuple(Choice(key, spec.name) for key, spec in schedules.items())
    return FormView(
        "Override a shift",
        "Somebody takes it for a time. The end is that of the shift unless you change it.",
        "/oncall/override",
        (
            Field("schedule", "Schedule", "select", chosen, choices=choices),
            people_field(asked, chosen=asked.query.get("person", asked.person_id)),
            *_moment_fields(start, end),
            Field("reason", "Why", "text"),
        ),
        "Set override",
        "/oncall",
        icon="swap",
    )


def _ask_change(asked: Asked) -> FormView:
    row = find_override(asked.connection, str(asked.path["override"]))
    known = people.names(asked.connection)
    return FormView(
        "Change an override",
        f"On {known.of(row.schedule_id)}. What it was until now stays; an earlier end ends it early.",
        f"/oncall/override/{row.id}/change",
        (
            people_field(asked, chosen=row.person_id),
            *_moment_fields(row.starts_at, row.ends_at),
            Field("reason", "Why", "text", row.reason),
        ),
        "Change it",
        "/oncall",
        icon="swap",
    )


def _moment_fields(start: datetime, end: datetime | None) -> tuple[Field, ...]:
    """Day and time apart, so that changing the day never changes the time."""
    return (
        Field("starts_on", "From, day", "date", f"{start:%Y-%m-%d}", required=True),
        Field("starts_at", "at, UTC", "time", f"{start:%H:%M}", required=True),
        Field("ends_on", "To, day", "date", f"{end:%Y-%m-%d}" if end else "", required=True),
        Field("ends_at", "at, UTC", "time", f"{end:%H:%M}" if end else "", required=True),
    )


def _moment(given: Given, name: str) -> datetime:
    """A day's field and a time's; or one that says all, as parse_instant reads it."""
    day, text = given.or_none(f"{name}_on"), given.or_none(f"{name}_at")
    if text is None:
        raise Invalid("say from when to when", f"{name}_at")
    if day is None or not _TIME.fullmatch(text):
        return parse_instant(text, given.now, f"{name}_at")
    return parse_instant(f"{day} {text.zfill(5)}", given.now, f"{name}_on")


def _shown(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _override(asked: Asked, given: Given) -> Sent:
    command = usecases.AddOverride(
        given.text("schedule"),
        given.text("person"),
        _moment(given, "starts"),
        _moment(given, "ends"),
        given.optional("reason"),
    )
    row = usecases.add_override(asked.connection, asked.actor, command, asked.now)
    return Sent("/oncall", f"The override stands.{_covers(asked, row)}")


def _change(asked: Asked, given: Given) -> Sent:
    row = find_override(asked.connection, str(asked.path["override"]))
    start, end = _moment(given, "starts"), _moment(given, "ends")
    command = usecases.ChangeOverride(
        row.id,
        given.text("person"),
        row.starts_at if f"{start:%Y%m%d%H%M}" == f"{row.starts_at:%Y%m%d%H%M}" else start,
        row.ends_at if f"{end:%Y%m%d%H%M}" == f"{row.ends_at:%Y%m%d%H%M}" else end,
        given.optional("reason"),
    )
    changed = usecases.change_override(asked.connection, asked.actor, command, asked.now)
    return Sent("/oncall", f"Changed.{_covers(asked, changed)}")


def _covers(asked: Asked, row: OverrideRow) -> str:
    """Which overrides of others it lies over: they may still count on theirs."""
    known = people.names(asked.connection)
    under = overrides_of(asked.connection, row.schedule_id, row.starts_at, row.ends_at)
    others = dict.fromkeys(known.of(each.person) for each in under if each.person != row.person_id)
    return f" It covers one of {say.listed(others)}; tell them." if others else ""


def _cancel(asked: Asked, given: Given) -> Sent:
    usecases.cancel_override(asked.connection, asked.actor, usecases.CancelOverride(given.text("override")), asked.now)
    return Sent("/oncall", "Taken back.")


def _make_feed(asked: Asked, given: Given) -> Sent:
    kind, _, subject = given.text("of").partition(":")
    if kind not in ("person", "schedule", "gaps"):
        raise Invalid("choose what to subscribe to", "of")
    _, secret = feeds.make_feed(asked.connection, asked.actor, cast(FeedKind, kind), subject, asked.now)
    url = f"{asked.parts.settings.outside_url}/calendar/{secret}.ics"
    text = "Subscribe to this address in your calendar. Whoever knows it sees these shifts; remove it when it got out."
    return Sent("/oncall", told=Told("A calendar's address", text, url, "/oncall"))


def _remove_feed(asked: Asked, given: Given) -> Sent:
    feeds.remove_feed(asked.connection, asked.actor, given.text("feed"), asked.now)
    return Sent("/oncall", "The address leads nowhere now.")


FORMS = (
    Form("/oncall/feeds", _make_feed, right=Right.VIEWER, page="oncall"),
    Form("/oncall/feeds/remove", _remove_feed, right=Right.VIEWER, page="oncall"),
    Form("/oncall/override", _override, _ask_override, page="oncall"),
    Form("/oncall/override/{override}/change", _change, _ask_change, page="oncall"),
    Form("/oncall/override/cancel", _cancel, page="oncall"),
)
