"""Overrides: who, from, to, why."""

from typing import cast

from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.oncall import usecases
from tocsin.oncall.queries import on_call
from tocsin.oncall.queries.feeds import FeedKind
from tocsin.oncall.usecases import feeds
from tocsin.organisation.queries import everything
from tocsin.web.forms.rooms import people_field
from tocsin.web.forms.sending import Form, Given, Sent, Told
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView


def _ask_override(asked: Asked) -> FormView:
    schedules = everything(asked.connection).schedules
    chosen = asked.query.get("schedule", next(iter(schedules), ""))
    start, end = asked.query.get("from", ""), asked.query.get("to", "")
    if not end and chosen in schedules:
        until = on_call(asked.connection, chosen, asked.now).until
        end = until.strftime("%Y-%m-%d %H:%M") if until else ""
    choices = tuple(Choice(key, spec.name) for key, spec in schedules.items())
    return FormView(
        "Override a shift",
        "Somebody takes it for a time. The end is that of the shift unless you change it.",
        "/oncall/override",
        (
            Field("schedule", "Schedule", "select", chosen, choices=choices),
            people_field(asked, chosen=asked.query.get("person", asked.person_id)),
            Field("starts_at", "From", "text", start or asked.now.strftime("%Y-%m-%d %H:%M"), "UTC", required=True),
            Field("ends_at", "To", "text", end, "UTC", required=True),
            Field("reason", "Why", "text"),
        ),
        "Set override",
        "/oncall",
        icon="swap",
    )


def _override(asked: Asked, given: Given) -> Sent:
    start, end = given.instant("starts_at"), given.instant("ends_at")
    if start is None or end is None:
        raise Invalid("say from when to when", "starts_at" if start is None else "ends_at")
    command = usecases.AddOverride(given.text("schedule"), given.text("person"), start, end, given.optional("reason"))
    usecases.add_override(asked.connection, asked.actor, command, asked.now)
    return Sent("/oncall", "The override stands.")


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
    Form("/oncall/override/cancel", _cancel, page="oncall"),
)
