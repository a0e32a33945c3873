"""Forms of the handover: a note for whoever comes, and that it was read."""

from tocsin.oncall.usecases.handing import WriteNote, confirm_handover, write_note
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked


def _note(asked: Asked, given: Given) -> Sent:
    schedule = given.text("schedule")
    write_note(asked.connection, asked.actor, WriteNote(schedule, given.text("text")), asked.now)
    return Sent(f"/oncall/handover?schedule={schedule}", "Noted for whoever comes next.")


def _read(asked: Asked, given: Given) -> Sent:
    confirm_handover(asked.connection, asked.actor, str(asked.path["handover"]), asked.now)
    return Sent(f"/oncall/handover?schedule={given.optional('schedule')}", "Recorded that you have read it.")


FORMS = (
    Form("/oncall/handover/note", _note, page="oncall"),
    Form("/oncall/handovers/{handover}/read", _read, page="oncall"),
)
