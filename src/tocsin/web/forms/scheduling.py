"""The form on which a schedule is made and changed: its buttons change the draft, which stands in the address."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import Right
from tocsin.identity.keys import keys_of
from tocsin.oncall.usecases.editing import SaveSchedule, remove_schedule, save_schedule
from tocsin.oncall.usecases.importing import fetch_calendar
from tocsin.organisation.queries import everything
from tocsin.web.forms.draft import Draft, LayerDraft, addressed, pressed, read_draft, to_schedule, written
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked

_AT = "/oncall/schedules"
_NO_ID = re.compile(r"[^a-z0-9._-]+")


def _change(asked: Asked, given: Given) -> Sent:
    schedule_id = str(asked.path["schedule"])
    draft = replace(_given(given), id=schedule_id)
    return _next(asked, given, draft, f"{_AT}/{schedule_id}/edit", new=False)


def _new(asked: Asked, given: Given) -> Sent:
    draft = _given(given)
    if not draft.id:
        draft = replace(draft, id=_NO_ID.sub("-", draft.name.casefold()).strip("-._")[:63])
    return _next(asked, given, draft, f"{_AT}/new", new=True)


def _next(asked: Asked, given: Given, draft: Draft, here: str, *, new: bool) -> Sent:
    button = given.optional("do")
    if button != "save":
        return Sent(_place(asked, here, pressed(draft, button, _fresh(asked)), button))
    try:
        save_schedule(asked.connection, asked.actor, SaveSchedule(draft.id, to_schedule(draft), new), asked.now)
    except Invalid:
        return Sent(_place(asked, here, draft, "look"))  # which says what is wrong, field by field
    except Conflict:
        if new:
            return Sent(_place(asked, here, draft, "look"))
        raise
    return Sent(f"{_AT}/{draft.id}", "Saved. It counts from now on.")


def _remove(asked: Asked, given: Given) -> Sent:
    del given
    remove_schedule(asked.connection, asked.actor, str(asked.path["schedule"]), asked.now)
    return Sent("/oncall", "Removed. Who was on call stays known.")


def _given(given: Given) -> Draft:
    return read_draft({name: given.optional(name) for name in given.form})


def _place(asked: Asked, here: str, draft: Draft, button: str) -> str:
    part = "preview" if button in ("", "look") else f"l{button.split(':')[1]}" if ":" in button else ""
    return f"{here}?{urlencode(written(addressed(draft, keys_of(asked.connection))))}{f'#{part}' if part else ''}"


def _fresh(asked: Asked) -> LayerDraft:
    """A layer to begin with: weekly turns from Monday on, in the zone of the one who makes it."""
    zone = everything(asked.connection).time_zone_of(asked.person_id)
    today = asked.now.date()
    return LayerDraft(starts=(today - timedelta(days=today.weekday())).isoformat(), time_zone=zone)


def _fetch(asked: Asked, given: Given) -> Sent:
    del given
    schedule_id = str(asked.path["schedule"])
    fetch_calendar(asked.connection, asked.actor, schedule_id, asked.now)
    return Sent(f"{_AT}/{schedule_id}", "It is being fetched.")


FORMS = (
    Form(f"{_AT}/{{schedule}}/fetch", _fetch, page="oncall"),
    Form(f"{_AT}/new", _new, right=Right.MANAGER, page="oncall"),
    Form(f"{_AT}/{{schedule}}/edit", _change, right=Right.MANAGER, page="oncall"),
    Form(f"{_AT}/{{schedule}}/remove", _remove, right=Right.MANAGER, page="oncall"),
)
