"""Forms of the review: sections, meeting, follow-ups, artifacts, publish."""

from datetime import datetime

from tocsin.errors import Invalid
from tocsin.review import usecases
from tocsin.review.decide import SECTIONS
from tocsin.web.forms.rooms import back, form, incident_of, people_field, state
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_AT = "/incidents/{number:int}/do"
_PM = "/postmortems/{number:int}"
KINDS = (("detection", "Detection"), ("defence", "Defence in depth"), ("tests", "Tests"), ("docs", "Docs"))


def _ask_followup(asked: Asked) -> FormView:
    return form(
        asked,
        "followup",
        "Note a follow-up",
        "Note it",
        Field("title", "What should change", "text", asked.query.get("title", ""), required=True),
        Field("kind", "Kind", "select", choices=tuple(Choice(value, label) for value, label in KINDS)),
        _owner(asked),
        Field("due", "By", "text", hint="2026-12-01; can wait until resolve"),
    )


def _owner(asked: Asked, chosen: str = "") -> Field:
    people = people_field(asked, "owner", "Owner", chosen)
    choices = (Choice("", "Nobody yet", chosen=not chosen), *people.choices)
    return Field("owner", "Owner", "select", chosen, choices=choices)


def _due(given: Given) -> datetime | None:
    text = given.optional("due")
    return given.instant("due") if text else None


def _followup(asked: Asked, given: Given) -> Sent:
    usecases.add_followup(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("kind"),
        given.text("title"),
        asked.now,
        owner=given.or_none("owner"),
        due_at=_due(given),
    )
    return _back(asked, given, "Noted.")


def _back(asked: Asked, given: Given, toast: str) -> Sent:
    if given.optional("from") == "postmortem":
        return Sent(f"/postmortems/{asked.path['number']}", toast)
    return back(asked, toast, "followups")


def _ask_change(asked: Asked) -> FormView:
    followup = state(asked).review.followups.get(asked.query.get("followup", ""))
    if followup is None:
        raise Invalid("there is no such follow-up", "followup")
    states = (Choice("open", "Open"), Choice("done", "Done"), Choice("dropped", "Dropped"))
    return form(
        asked,
        "followup-change",
        followup.title,
        "Change",
        Field("followup", "", "hidden", followup.followup_id),
        _owner(asked, followup.owner or ""),
        Field("due", "By", "text", followup.due_at.date().isoformat() if followup.due_at else ""),
        Field("state", "State", "select", followup.state, choices=states),
        Field("note", "Note", "text"),
        Field("from", "", "hidden", asked.query.get("from", "")),
    )


def _change(asked: Asked, given: Given) -> Sent:
    known = state(asked).review.followups.get(given.text("followup"))
    chosen = given.or_none("state")
    usecases.change_followup(
        asked.connection,
        asked.actor,
        given.text("followup"),
        asked.now,
        owner=given.or_none("owner"),
        due_at=_due(given),
        state=chosen if known is None or chosen != known.state else None,
        note=given.or_none("note"),
    )
    return _back(asked, given, "Changed.")


def _ask_section(asked: Asked) -> FormView:
    section = asked.query.get("section", "summary")
    if section not in SECTIONS:
        raise Invalid("there is no such section", "section")
    written = state(asked).review.sections.get(section, "")
    at = f"/postmortems/{asked.path['number']}"
    fields = (
        Field("section", "", "hidden", section),
        Field("text", SECTIONS[section], "textarea", written, "Markdown. What was known at the time, no blame"),
    )
    return FormView(SECTIONS[section], "", f"{at}/section", fields, "Save", at)


def _section(asked: Asked, given: Given) -> Sent:
    sections = {given.text("section"): given.optional("text")}
    usecases.save_sections(asked.connection, asked.actor, incident_of(asked), sections, asked.now)
    return Sent(f"/postmortems/{asked.path['number']}", "Saved.")


def _ask_meeting(asked: Asked) -> FormView:
    meeting = state(asked).review.meeting_at
    at = f"/postmortems/{asked.path['number']}"
    fields = (
        Field(
            "meeting",
            "When",
            "text",
            meeting.strftime("%Y-%m-%d %H:%M") if meeting else "",
            "2026-11-20 15:00, UTC",
            required=True,
        ),
    )
    return FormView(
        "When does the review meet?", "Everyone who had a role is invited again.", f"{at}/meeting", fields, "Invite", at
    )


def _meeting(asked: Asked, given: Given) -> Sent:
    usecases.schedule_review(
        asked.connection, asked.actor, incident_of(asked), asked.now, meeting_at=given.instant("meeting")
    )
    return Sent(f"/postmortems/{asked.path['number']}", "Invited.")


def _ask_artifact(asked: Asked) -> FormView:
    at = f"/postmortems/{asked.path['number']}"
    kinds = tuple(Choice(kind, kind.capitalize()) for kind in ("logs", "prs", "commits", "dashboards", "chats"))
    fields = (
        Field("kind", "Kind", "select", asked.query.get("kind", "logs"), choices=kinds),
        Field("title", "Title", "text"),
        Field("url", "Address", "url"),
        Field("missing", "There is none of this kind", "checkbox"),
    )
    return FormView("Add an artifact", "", f"{at}/artifact", fields, "Add", at)


def _artifact(asked: Asked, given: Given) -> Sent:
    usecases.mark_artifact(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("kind"),
        asked.now,
        available=not given.yes("missing"),
        title=given.or_none("title"),
        url=given.or_none("url"),
    )
    return Sent(f"/postmortems/{asked.path['number']}", "Added.")


def _publish(asked: Asked, given: Given) -> Sent:
    del given
    usecases.publish_postmortem(asked.connection, asked.actor, incident_of(asked), asked.now)
    return Sent(f"/postmortems/{asked.path['number']}", "Published.")


FORMS = (
    Form(f"{_AT}/followup", _followup, _ask_followup),
    Form(f"{_AT}/followup-change", _change, _ask_change),
    Form(f"{_PM}/section", _section, _ask_section, page="postmortems"),
    Form(f"{_PM}/meeting", _meeting, _ask_meeting, page="postmortems"),
    Form(f"{_PM}/artifact", _artifact, _ask_artifact, page="postmortems"),
    Form(f"{_PM}/publish", _publish, page="postmortems"),
)
