"""Forms of triage: symptoms, impact, links, suspects, evidence."""

from tocsin.errors import Invalid
from tocsin.triage import usecases
from tocsin.triage.decide import LINK_KINDS, Impact
from tocsin.triage.evidence import EVIDENCE_KINDS, NewEvidence
from tocsin.web import format as say
from tocsin.web.forms.rooms import back, form, incident_of, services_field, state
from tocsin.web.forms.sending import LARGEST_FILE, Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_AT = "/incidents/{number:int}/do"


def _ask_symptom(asked: Asked) -> FormView:
    return form(asked, "symptom", "What do you see?", "Note it", Field("text", "Symptom", "textarea", required=True))


def _symptom(asked: Asked, given: Given) -> Sent:
    usecases.add_symptom(asked.connection, asked.actor, incident_of(asked), given.text("text"), asked.now)
    return back(asked, "Noted.")


def _ask_impact(asked: Asked) -> FormView:
    triage = state(asked).triage
    since = say.iso(triage.impact_started_at) if triage.impact_started_at else ""
    until = say.iso(triage.impact_ended_at) if triage.impact_ended_at else ""
    return form(
        asked,
        "impact",
        "Who is hit?",
        "Set impact",
        services_field(asked, triage.services, "Services"),
        Field("customers", "Customers", "text", triage.customers or "", "How many, which, as far as known"),
        Field("started_at", "Since", "text", since, "14:05, -5m or a full time; UTC. May be corrected backwards"),
        Field("ended_at", "Until", "text", until, "Empty while it goes on"),
    )


def _impact(asked: Asked, given: Given) -> Sent:
    impact = Impact(
        given.words("services"), given.or_none("customers"), given.instant("started_at"), given.instant("ended_at")
    )
    usecases.change_impact(asked.connection, asked.actor, incident_of(asked), impact, asked.now)
    return back(asked, "Impact set.", "blast")


def _ask_link(asked: Asked) -> FormView:
    kinds = tuple(Choice(kind, kind.capitalize()) for kind in LINK_KINDS)
    return form(
        asked,
        "add-link",
        "Keep a link",
        "Keep it",
        Field("url", "Address", "url", required=True),
        Field("title", "Title", "text"),
        Field("kind", "Kind", "select", choices=kinds),
    )


def _link(asked: Asked, given: Given) -> Sent:
    usecases.add_link(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("url"),
        asked.now,
        title=given.or_none("title"),
        what=given.optional("kind") or "dashboard",
    )
    return back(asked, "Kept.", "evidence")


def _suspect(asked: Asked, given: Given) -> Sent:
    usecases.mark_suspect(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("change"),
        given.yes("suspect"),
        asked.now,
        reason=given.or_none("reason"),
    )
    return back(asked, anchor="suspects")


def _ask_evidence(asked: Asked) -> FormView:
    kinds = tuple(Choice(kind, kind.capitalize()) for kind in EVIDENCE_KINDS)
    return form(
        asked,
        "evidence",
        "Keep evidence",
        "Keep it",
        Field("title", "Title", "text", asked.query.get("title", ""), required=True),
        Field("kind", "Kind", "select", choices=kinds),
        Field("file", "File", "file"),
        Field("text", "Or text", "textarea"),
        Field("volatile", "It would be gone after a restart", "checkbox"),
        lede=f"Kept by its SHA-256; at most {LARGEST_FILE >> 20} MiB.",
        multipart=True,
    )


def _evidence(asked: Asked, given: Given) -> Sent:
    file, text = given.file("file"), given.optional("text")
    if file is None and not text:
        raise Invalid("choose a file, or write or paste text", "file")
    content, media_type = (file.content, file.media_type) if file else (text.encode(), "text/plain; charset=utf-8")
    evidence = NewEvidence(given.text("kind"), given.text("title"), content, media_type, volatile=given.yes("volatile"))
    usecases.add_evidence(asked.connection, asked.actor, incident_of(asked), evidence, asked.now)
    return back(asked, "Kept.", "evidence")


FORMS = (
    Form(f"{_AT}/symptom", _symptom, _ask_symptom),
    Form(f"{_AT}/impact", _impact, _ask_impact),
    Form(f"{_AT}/add-link", _link, _ask_link),
    Form(f"{_AT}/suspect", _suspect),
    Form(f"{_AT}/evidence", _evidence, _ask_evidence, largest=LARGEST_FILE + (1 << 20)),
)
