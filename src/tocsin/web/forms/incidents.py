"""Forms of the incident itself: declare, rename, severity, phase, notes, merge, cancel, corrections."""

from tocsin.errors import Invalid
from tocsin.incidents import usecases
from tocsin.incidents.decide import Declare
from tocsin.runbook.bundle import Bundle, default_bundle
from tocsin.web.forms.rooms import back, form, incident_of, services_field, state, undoing
from tocsin.web.forms.sending import Form, Given, Sent
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


FORMS: tuple[Form, ...] = (
    Form("/incidents/new", _declare, _ask_declare),
    Form(f"{_AT}/severity", _severity, _ask_severity),
    Form(f"{_AT}/rename", _rename, _ask_rename),
)
