"""Forms of the incident's log: notes and their slash commands, corrections, alerts added, redaction."""

from datetime import datetime
from urllib.parse import urlencode

from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.incidents import usecases
from tocsin.web.forms.rooms import back, form, incident_of, room
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_AT = "/incidents/{number:int}/do"
# A slash command leads to its form, filled in; anything else that begins with a slash is a fact, such as a path.
_SLASH = {"/decision": ("decide", "command"), "/evidence": ("evidence", "title"), "/action": ("followup", "title")}


def _note(asked: Asked, given: Given) -> Sent:
    text, at = given.text("text"), given.optional("at")
    command, _, rest = text.partition(" ")
    if leads := _SLASH.get(command):
        what, field = leads
        return Sent(f"{room(asked)}/do/{what}?{urlencode({field: rest.strip()})}")
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
    Form(f"{_AT}/note", _note),
    Form(f"{_AT}/link", _link, _ask_link),
    Form(f"{_AT}/correct", _correct, _ask_correct),
    Form(f"{_AT}/redact", _redact, _ask_redact, Right.ADMIN),
)
