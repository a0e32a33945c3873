"""Forms of how an incident goes on: phases, gates, steps, its runbook, merging and cancelling."""

from tocsin.incidents import usecases
from tocsin.incidents.queries import incident_id_of
from tocsin.web.forms.rooms import back, form, incident_of, state
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.pages.room.head import PHASE_WORDS
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_AT = "/incidents/{number:int}/do"


def _ask_phase(asked: Asked) -> FormView:
    known = state(asked)
    phases = ("triage", "mitigating", "restoring", "watching", "resolved", "review", "closed")
    choices = tuple(Choice(phase, PHASE_WORDS[phase], chosen=phase == known.incident.phase) for phase in phases)
    return form(
        asked,
        "phase",
        "Move the incident",
        "Move",
        Field("phase", "To", "select", asked.query.get("to", known.incident.phase), choices=choices),
        Field("reason", "Why", "text", asked.query.get("reason", "")),
        Field("override", "Although its gate is not met", "checkbox", "", "Needs the reason, and is shown for ever"),
        lede="Phases move by themselves when their gate is met. By hand it needs a reason.",
    )


def _phase(asked: Asked, given: Given) -> Sent:
    usecases.change_phase(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("phase"),
        asked.now,
        reason=given.or_none("reason"),
        override=given.yes("override"),
    )
    return back(asked, "Moved.")


def _resolve(asked: Asked, given: Given) -> Sent:
    usecases.change_phase(
        asked.connection, asked.actor, incident_of(asked), "resolved", asked.now, reason=given.or_none("reason")
    )
    return back(asked, "Resolved. The postmortem is scheduled.")


def _ask_override(asked: Asked) -> FormView:
    view = _ask_phase(asked)
    reason = next(field for field in view.fields if field.name == "reason")
    to, yes = view.fields[0], Field("override", "", "hidden", "yes")
    needed = Field(
        "reason", "Why", "textarea", reason.value, "Shown in the room and in the postmortem for ever", required=True
    )
    return form(asked, "phase", "Override a gate", "Override the gate", to, needed, yes, crit=True)


def _tick(asked: Asked, given: Given) -> Sent:
    usecases.tick_step(
        asked.connection, asked.actor, incident_of(asked), given.text("step"), asked.now, note=given.or_none("note")
    )
    return back(asked)


def _ask_runbook(asked: Asked) -> FormView:
    return form(
        asked,
        "runbook",
        "Move to the current runbook",
        "Move",
        lede="The incident follows the version that it was declared under. Moving is recorded on its timeline.",
    )


def _runbook(asked: Asked, given: Given) -> Sent:
    del given
    usecases.move_to_current_runbook(asked.connection, asked.actor, incident_of(asked), asked.now)
    return back(asked, "The incident follows the current runbook.")


def _ask_merge(asked: Asked) -> FormView:
    return form(
        asked,
        "merge",
        "Merge into another incident",
        "Merge",
        Field("into", "Into", "text", hint="Its number, such as 146", required=True),
        Field("reason", "Why", "text"),
        lede="This room ends; its roles and alerts go on in the other one.",
        crit=True,
    )


def _merge(asked: Asked, given: Given) -> Sent:
    into = incident_id_of(asked.connection, asked.actor, given.text("into"))
    _, survivor = usecases.merge(
        asked.connection, asked.actor, incident_of(asked), into, asked.now, reason=given.or_none("reason")
    )
    return Sent(f"/incidents/{survivor.number}", "Merged.")


def _ask_cancel(asked: Asked) -> FormView:
    return form(
        asked,
        "cancel",
        "Cancel the incident",
        "Cancel the incident",
        Field("reason", "Why it is none", "textarea", required=True),
        crit=True,
    )


def _cancel(asked: Asked, given: Given) -> Sent:
    usecases.cancel(asked.connection, asked.actor, incident_of(asked), given.text("reason"), asked.now)
    return back(asked, "Cancelled.")


FORMS: tuple[Form, ...] = (
    Form(f"{_AT}/phase", _phase, _ask_phase),
    Form(f"{_AT}/override", _phase, _ask_override),
    Form(f"{_AT}/resolve", _resolve),
    Form(f"{_AT}/tick", _tick),
    Form(f"{_AT}/runbook", _runbook, _ask_runbook),
    Form(f"{_AT}/merge", _merge, _ask_merge),
    Form(f"{_AT}/cancel", _cancel, _ask_cancel),
)
