"""Forms of what people arrange between themselves: swaps and leave."""

from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.oncall.queries import shifts_of_person
from tocsin.oncall.usecases.leave import LONGEST, AddLeave, add_leave, remove_leave
from tocsin.oncall.usecases.shadowing import AddShadow, add_shadow, end_shadow
from tocsin.oncall.usecases.swaps import OfferSwap, accept_swap, decline_swap, offer_swap, withdraw_swap
from tocsin.organisation.queries import everything
from tocsin.web.forms.rooms import people_field
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_SHOWN = "%Y-%m-%d %H:%M"


def _ask_swap(asked: Asked) -> FormView:
    schedules = everything(asked.connection).schedules
    mine = [
        (id, shift)
        for id, shift in shifts_of_person(asked.connection, asked.person_id, asked.now, asked.now + LONGEST / 12)
        if shift.start > asked.now
    ]
    chosen, first = mine[0] if mine else (next(iter(schedules), ""), None)
    return FormView(
        "Offer a shift",
        "They are told, and have to agree; until then it stays yours. Fill in the last two for hours of theirs in return.",
        "/oncall/swaps/new",
        (
            Field(
                "schedule", "Schedule", "select", chosen, choices=tuple(Choice(k, v.name) for k, v in schedules.items())
            ),
            people_field(asked),
            Field("starts_at", "From", "text", first.start.strftime(_SHOWN) if first else "", "UTC", required=True),
            Field("ends_at", "To", "text", first.end.strftime(_SHOWN) if first else "", "UTC", required=True),
            Field("back_starts_at", "In return, from", "text", "", "UTC"),
            Field("back_ends_at", "In return, to", "text", "", "UTC"),
            Field("reason", "Why", "text"),
        ),
        "Ask them",
        "/oncall",
        icon="swap",
    )


def _offer(asked: Asked, given: Given) -> Sent:
    start, end = given.instant("starts_at"), given.instant("ends_at")
    if start is None or end is None:
        raise Invalid("say from when to when", "starts_at" if start is None else "ends_at")
    command = OfferSwap(
        given.text("schedule"),
        given.text("person"),
        start,
        end,
        given.instant("back_starts_at"),
        given.instant("back_ends_at"),
        given.optional("reason"),
    )
    offer_swap(asked.connection, asked.actor, command, asked.now)
    return Sent("/oncall", "Asked. It stays yours until they agree.")


def _accept(asked: Asked, given: Given) -> Sent:
    del given
    accept_swap(asked.connection, asked.actor, str(asked.path["swap"]), asked.now)
    return Sent("/oncall", "Agreed. The shift is yours.")


def _decline(asked: Asked, given: Given) -> Sent:
    decline_swap(asked.connection, asked.actor, str(asked.path["swap"]), asked.now, given.optional("reason"))
    return Sent("/oncall", "Declined. They are told.")


def _withdraw(asked: Asked, given: Given) -> Sent:
    del given
    withdraw_swap(asked.connection, asked.actor, str(asked.path["swap"]), asked.now)
    return Sent("/oncall", "Taken back.")


def _ask_leave(asked: Asked) -> FormView:
    person = (people_field(asked, chosen=asked.person_id),) if asked.actor.may(Right.MANAGER) else ()
    return FormView(
        "Add leave",
        "Shifts in that time are warned of and stay with their person until somebody takes them.",
        "/oncall/leaves/new",
        (
            *person,
            Field("starts_at", "From", "text", "", "UTC", required=True),
            Field("ends_at", "Until", "text", "", "UTC", required=True),
            Field("note", "Note, for managers and yourself", "text"),
        ),
        "Add leave",
        "/oncall",
        icon="calendar",
    )


def _leave(asked: Asked, given: Given) -> Sent:
    start, end = given.instant("starts_at"), given.instant("ends_at")
    if start is None or end is None:
        raise Invalid("say from when until when", "starts_at" if start is None else "ends_at")
    person = given.or_none("person") or asked.person_id
    add_leave(asked.connection, asked.actor, AddLeave(person, start, end, given.optional("note")), asked.now)
    return Sent("/oncall", "Noted.")


def _end_leave(asked: Asked, given: Given) -> Sent:
    remove_leave(asked.connection, asked.actor, given.text("leave"), asked.now)
    return Sent("/oncall", "Removed.")


def _ask_shadow(asked: Asked) -> FormView:
    known = everything(asked.connection)
    person = (people_field(asked, chosen=asked.person_id),) if asked.actor.may(Right.MANAGER) else ()
    schedules = tuple(Choice(key, spec.name) for key, spec in known.schedules.items())
    people = tuple(Choice(key, spec.name) for key, spec in known.people.items() if spec.active)
    return FormView(
        "Shadow",
        "Whoever shadows is told what who is on call is paged for. They owe nothing, and are no cover.",
        "/oncall/shadows/new",
        (
            *person,
            Field("schedule", "Schedule", "select", choices=schedules),
            Field("of", "Whom", "select", choices=(Choice("", "Whoever has it"), *people)),
            Field("starts_at", "From", "text", f"{asked.now:{_SHOWN}}", "UTC", required=True),
            Field("ends_at", "Until", "text", "", "UTC", required=True),
        ),
        "Shadow",
        "/oncall",
        icon="people",
    )


def _shadow(asked: Asked, given: Given) -> Sent:
    start, end = given.instant("starts_at"), given.instant("ends_at")
    if start is None or end is None:
        raise Invalid("say from when until when", "starts_at" if start is None else "ends_at")
    person = given.or_none("person") or asked.person_id
    command = AddShadow(given.text("schedule"), person, start, end, given.or_none("of"))
    add_shadow(asked.connection, asked.actor, command, asked.now)
    return Sent("/oncall", "Noted.")


def _end_shadow(asked: Asked, given: Given) -> Sent:
    end_shadow(asked.connection, asked.actor, given.text("shadow"), asked.now)
    return Sent("/oncall", "Ended.")


FORMS = (
    Form("/oncall/shadows/new", _shadow, _ask_shadow, page="oncall"),
    Form("/oncall/shadows/end", _end_shadow, page="oncall"),
    Form("/oncall/swaps/new", _offer, _ask_swap, page="oncall"),
    Form("/oncall/swaps/{swap}/accept", _accept, page="oncall"),
    Form("/oncall/swaps/{swap}/decline", _decline, page="oncall"),
    Form("/oncall/swaps/{swap}/withdraw", _withdraw, page="oncall"),
    Form("/oncall/leaves/new", _leave, _ask_leave, page="oncall"),
    Form("/oncall/leaves/remove", _end_leave, page="oncall"),
)
