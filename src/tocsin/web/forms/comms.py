"""Forms of communication and escalation: updates, approvals, questions, teams, vendors."""

from tocsin.comms import usecases
from tocsin.comms.updates import WriteUpdate
from tocsin.errors import Invalid
from tocsin.organisation.queries import everything
from tocsin.web.forms.rooms import back, form, incident_of
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_AT = "/incidents/{number:int}/do"


def _update(asked: Asked, given: Given) -> Sent:
    wait = given.duration("next_in")
    command = WriteUpdate(
        audience="external" if given.optional("audience") == "external" else "internal",
        known=given.text("know"),
        doing=given.text("doing"),
        next=given.text("next"),
        headline=given.or_none("headline"),
        components=given.many("components"),
        status=given.optional("state") or "investigating",
        next_at=asked.now + wait if wait else None,
    )
    changed, update_id = usecases.write_update(asked.connection, asked.actor, incident_of(asked), command, asked.now)
    waits = update_id in changed.state.comms.proposed
    return back(asked, "It waits for approval." if waits else "Posted.", "comms")


def _approve(asked: Asked, given: Given) -> Sent:
    update = given.text("update")
    if given.yes("approve"):
        usecases.approve_update(
            asked.connection, asked.actor, incident_of(asked), update, given.or_none("reason"), asked.now
        )
        return back(asked, "Published on the status page.", "comms")
    usecases.reject_update(asked.connection, asked.actor, incident_of(asked), update, given.text("reason"), asked.now)
    return back(asked, "Sent back.", "comms")


def _answer(asked: Asked, given: Given) -> Sent:
    if given.optional("answer") not in ("yes", "no"):
        raise Invalid("answer yes or no", "answer")
    usecases.answer_question(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("question"),
        given.yes("answer"),
        asked.now,
        note=given.or_none("note"),
    )
    return back(asked, anchor="escalation")


def _ask_escalate(asked: Asked) -> FormView:
    known = everything(asked.connection)
    choices = tuple(Choice(key, spec.name, "team") for key, spec in known.teams.items())
    choices += tuple(Choice(key, spec.name) for key, spec in known.people.items() if spec.active)
    return form(
        asked,
        "escalate",
        "Call in a team or a person",
        "Page them",
        Field("to", "Whom", "select", choices=choices),
        Field("reason", "Why", "text", required=True),
        lede="They are paged now and see this room.",
        icon="phone",
    )


def _escalate(asked: Asked, given: Given) -> Sent:
    usecases.call_in(
        asked.connection, asked.actor, incident_of(asked), given.text("to"), given.text("reason"), asked.now
    )
    return back(asked, "Paged.", "escalation")


def _ask_vendor(asked: Asked) -> FormView:
    known = everything(asked.connection).vendors
    choices = tuple(Choice(key, spec.name) for key, spec in known.items())
    return form(
        asked,
        "vendor",
        "Engage a vendor",
        "Engage",
        Field("vendor", "Vendor", "select", choices=choices),
        Field("reference", "Their reference", "text"),
        lede="Starts the clock for their answer.",
    )


def _vendor(asked: Asked, given: Given) -> Sent:
    usecases.engage_vendor(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("vendor"),
        asked.now,
        reference=given.or_none("reference"),
    )
    return back(asked, "Engaged.", "escalation")


def _ask_vendor_note(asked: Asked) -> FormView:
    states = (Choice("answered", "Answered"), Choice("waiting", "Still waiting"), Choice("ended", "Ended"))
    return form(
        asked,
        "vendor-note",
        "What does the vendor say?",
        "Note it",
        Field("engagement", "", "hidden", asked.query.get("engagement", "")),
        Field("state", "State", "select", choices=states),
        Field("text", "What they said", "textarea", required=True),
    )


def _vendor_note(asked: Asked, given: Given) -> Sent:
    state = given.text("state")
    if state not in ("waiting", "answered", "ended"):
        raise Invalid("state is waiting, answered or ended", "state")
    usecases.note_vendor(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("engagement"),
        state,  # type: ignore[arg-type]
        given.text("text"),
        asked.now,
    )
    return back(asked, "Noted.", "escalation")


FORMS = (
    Form(f"{_AT}/update", _update),
    Form(f"{_AT}/approve", _approve),
    Form(f"{_AT}/answer", _answer),
    Form(f"{_AT}/escalate", _escalate, _ask_escalate),
    Form(f"{_AT}/vendor", _vendor, _ask_vendor),
    Form(f"{_AT}/vendor-note", _vendor_note, _ask_vendor_note),
)
