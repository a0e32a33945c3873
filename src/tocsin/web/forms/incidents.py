"""Forms of the incident itself: declare, rename, severity, phase, notes, merge, cancel, corrections."""

from datetime import datetime

from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.incidents import usecases
from tocsin.incidents.decide import Declare
from tocsin.incidents.queries import incident_id_of
from tocsin.runbook.bundle import Bundle, default_bundle
from tocsin.web.forms.rooms import back, form, incident_of, room, services_field, state, undoing
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.pages.room.head import PHASE_WORDS
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView, Ref

_AT = "/incidents/{number:int}/do"
_WORDS = {1: "Critical", 2: "Severe", 3: "Degraded"}


def severity_choices(bundle: Bundle, chosen: int = 0) -> tuple[Choice, ...]:
    """The three severities in the runbook's words."""
    return tuple(
        Choice(str(level), _WORDS[level], ", ".join(bundle.base.severity_words(level)), level == chosen)
        for level in (1, 2, 3)
    )


def _ask_declare(asked: Asked) -> FormView:
    group, title = asked.query.get("group", ""), asked.query.get("title", "")
    practice = asked.query.get("practice") == "yes"
    bundle = default_bundle()
    return FormView(
        "Run a practice incident" if practice else "Declare an incident",
        "Opens the room and the channel, pages the incident commander on call, starts the clocks.",
        "/incidents/new",
        (
            Field(
                "title",
                "What customers notice",
                value=title or ("Practice: checkout fails" if practice else ""),
                required=True,
            ),
            Field(
                "severity",
                "How bad is it?",
                "radio",
                asked.query.get("severity", ""),
                choices=severity_choices(bundle),
                required=True,
                hint="When unsure, pick the worse one. Lowering it later is fine.",
                ref=Ref(bundle.base.section_of("severities")),
            ),
            services_field(asked, tuple(asked.query.get("services", "").split()), "Services hit"),
            Field("impact", "Customers notice since", "text", "", "14:05, -5m or empty, in UTC"),
            Field("restricted", "Restricted", "checkbox", "", "Only its members see it: for security and legal"),
            Field("practice", "Practice", "checkbox", "yes" if practice else "", "Sends nothing outside"),
            Field("group", "", "hidden", group),
        ),
        "Declare",
        "/",
        icon="incident",
        crit=not practice,
    )


def _declare(asked: Asked, given: Given) -> Sent:
    group = given.optional("group")
    severity = given.optional("severity")
    if severity not in ("1", "2", "3"):
        raise Invalid("choose how bad it is", "severity")
    command = Declare(
        title=given.text("title"),
        severity=int(severity),
        services=given.words("services"),
        group_ids=(group,) if group else (),
        restricted=given.yes("restricted"),
        practice=given.yes("practice"),
        impact_started_at=given.instant("impact"),
    )
    changed = usecases.declare(asked.connection, asked.actor, command, asked.now)
    return Sent(f"/incidents/{changed.number}")


def _ask_severity(asked: Asked) -> FormView:
    known = state(asked)
    return form(
        asked,
        "severity",
        "How bad is it?",
        "Change severity",
        Field(
            "severity",
            "Severity",
            "radio",
            str(known.incident.severity),
            choices=severity_choices(default_bundle()),
            required=True,
        ),
        Field("reason", "Why", "text", "", "Needed when you lower it"),
        lede="Raising it is never wrong; it pages whom the worse one needs.",
    )


def _severity(asked: Asked, given: Given) -> Sent:
    before = state(asked).incident.severity
    changed = usecases.change_severity(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.number("severity"),
        asked.now,
        reason=given.or_none("reason"),
    )
    now = changed.state.incident.severity
    raised = now < before
    undo = undoing(asked, "severity", severity=str(before), reason="Raised by mistake; undone.") if raised else None
    return back(asked, f"Severity is Sev{now}.", undo=undo)


def _ask_rename(asked: Asked) -> FormView:
    title = Field(
        "title", "Title", value=state(asked).incident.title, required=True, hint="What customers notice, in plain words"
    )
    return form(asked, "rename", "Rename the incident", "Rename", title)


def _rename(asked: Asked, given: Given) -> Sent:
    usecases.rename(asked.connection, asked.actor, incident_of(asked), given.text("title"), asked.now)
    return back(asked, "Renamed.")


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


def _note(asked: Asked, given: Given) -> Sent:
    text, at = given.text("text"), given.optional("at")
    happened: datetime | None = given.instant("at") if at else None
    if text.startswith("/at "):
        when, _, text = text[4:].strip().partition(" ")
        happened = Given(given.form, given.now, {}).instant("at") if at else _instant(when, asked)
        if not text:
            raise Invalid("write the fact after the time: /at 14:05 and what happened", "text")
    usecases.add_note(asked.connection, asked.actor, incident_of(asked), text, asked.now, happened_at=happened)
    return back(asked, anchor="h-log")


def _instant(text: str, asked: Asked) -> datetime:
    from tocsin.web.instants import parse_instant

    return parse_instant(text, asked.now, "text")


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


def _ask_link(asked: Asked) -> FormView:
    from tocsin.alerts.queries.board import groups_now

    rows = [row for row in groups_now(asked.connection, asked.actor) if row.incident_id is None]
    choices = tuple(Choice(row.id, row.title, f"{row.firing} firing") for row in rows)
    return form(
        asked,
        "link",
        "Add alerts",
        "Add",
        Field("group", "Group", "select", choices=choices),
        lede="Groups that belong to no incident yet.",
    )


def _link(asked: Asked, given: Given) -> Sent:
    usecases.link_group(asked.connection, asked.actor, incident_of(asked), given.text("group"), asked.now)
    return back(asked, "Added.")


def _ask_correct(asked: Asked) -> FormView:
    return form(
        asked,
        "correct",
        f"Correct entry {asked.query.get('entry', '')}",
        "Correct",
        Field("entry", "", "hidden", asked.query.get("entry", "")),
        Field("text", "What is right", "textarea"),
        Field("happened_at", "When it happened", "text", hint="14:05, -5m; UTC"),
        lede="The old text stays one click away.",
    )


def _correct(asked: Asked, given: Given) -> Sent:
    usecases.correct_entry(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.number("entry"),
        asked.now,
        text=given.or_none("text"),
        happened_at=given.instant("happened_at"),
    )
    return back(asked, "Corrected.", "h-log")


def _ask_redact(asked: Asked) -> FormView:
    return form(
        asked,
        "redact",
        f"Redact entry {asked.query.get('entry', '')}",
        "Redact",
        Field("entry", "Entry", "text", asked.query.get("entry", "")),
        Field("reason", "Why", "text"),
        lede="Removes the text everywhere it was copied. This can't be taken back.",
        crit=True,
    )


def _redact(asked: Asked, given: Given) -> Sent:
    usecases.redact_entry(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.number("entry"),
        asked.now,
        reason=given.or_none("reason"),
    )
    return back(asked, "Redacted.", "h-log")


FORMS: tuple[Form, ...] = (
    Form("/incidents/new", _declare, _ask_declare),
    Form(f"{_AT}/severity", _severity, _ask_severity),
    Form(f"{_AT}/rename", _rename, _ask_rename),
    Form(f"{_AT}/phase", _phase, _ask_phase),
    Form(f"{_AT}/override", _phase, _ask_override),
    Form(f"{_AT}/resolve", _resolve),
    Form(f"{_AT}/note", _note),
    Form(f"{_AT}/tick", _tick),
    Form(f"{_AT}/runbook", _runbook, _ask_runbook),
    Form(f"{_AT}/merge", _merge, _ask_merge),
    Form(f"{_AT}/cancel", _cancel, _ask_cancel),
    Form(f"{_AT}/link", _link, _ask_link),
    Form(f"{_AT}/correct", _correct, _ask_correct),
    Form(f"{_AT}/redact", _redact, _ask_redact, Right.ADMIN),
)
__all__ = ["FORMS", "room", "severity_choices"]
