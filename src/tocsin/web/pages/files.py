"""What leaves as a file: the shared document, the postmortem, evidence as it was captured."""

from starlette.responses import PlainTextResponse, Response

from tocsin.incidents.command import read_bundle
from tocsin.incidents.document import incident_document
from tocsin.incidents.queries import incident_id_of, read_entries, state_of
from tocsin.review.queries import postmortem_markdown
from tocsin.runbook.events import services_of
from tocsin.triage.queries import evidence_content
from tocsin.web.markdown import prose
from tocsin.web.reading.people import names
from tocsin.web.screens import Answer, Asked, Screen

_MARKDOWN = "text/markdown; charset=utf-8"
_SHOWN = frozenset({"text/plain", "text/plain; charset=utf-8", "image/png", "image/jpeg", "application/json"})


def _document(asked: Asked) -> str:
    incident_id = incident_id_of(asked.connection, asked.actor, str(asked.path["number"]))
    state = state_of(asked.connection, asked.actor, incident_id)
    runbook = read_bundle(asked.connection, state.incident.bundle_digest).effective(services_of(state))
    entries = read_entries(asked.connection, incident_id)
    return incident_document(state, entries, runbook, names(asked.connection).of, asked.now)


def load_print(asked: Asked) -> Answer:
    """The room as a document: one column, commands and times kept."""
    return Answer({"number": asked.path["number"], "document": prose(_document(asked))}, live=False)


def load_document(asked: Asked) -> Answer:
    """The same as Markdown."""
    return Answer(PlainTextResponse(_document(asked), media_type=_MARKDOWN), live=False)


def load_postmortem(asked: Asked) -> Answer:
    """The postmortem as Markdown."""
    incident_id = incident_id_of(asked.connection, asked.actor, str(asked.path["number"]))
    text = postmortem_markdown(asked.connection, asked.actor, incident_id, asked.now)
    return Answer(PlainTextResponse(text, media_type=_MARKDOWN), live=False)


def load_evidence(asked: Asked) -> Answer:
    """An artefact's bytes. What a browser could run is only offered to be kept."""
    kept, content = evidence_content(asked.connection, asked.actor, str(asked.path["evidence"]))
    shown = kept.media_type in _SHOWN
    headers = {
        "Content-Disposition": "inline" if shown else f'attachment; filename="{kept.evidence_id}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    media_type = kept.media_type if shown else "application/octet-stream"
    return Answer(Response(content, media_type=media_type, headers=headers), live=False)


SCREENS = (
    Screen("/incidents/{number:int}/print", "incidents", "print.html", load_print),
    Screen("/incidents/{number:int}/document.md", "incidents", "print.html", load_document),
    Screen("/postmortems/{number:int}.md", "postmortems", "print.html", load_postmortem),
    Screen("/evidence/{evidence}", "incidents", "print.html", load_evidence),
)
