"""Forms of who does what: roles, handover, deputy, members, restriction."""

from tocsin.incidents import usecases
from tocsin.web.forms.rooms import back, form, incident_of, people_field, roles_field, state, undoing
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.reading.people import names
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_AT = "/incidents/{number:int}/do"


def _ask_role(asked: Asked) -> FormView:
    return form(
        asked,
        "role",
        "Give a role",
        "Give it",
        roles_field(asked, asked.query.get("role", "")),
        people_field(asked, chosen=asked.query.get("person", asked.person_id)),
        Field("replace", "Although somebody has it", "checkbox"),
    )


def _role(asked: Asked, given: Given) -> Sent:
    role = given.text("role")
    before = state(asked).incident.roles.get(role)
    changed = usecases.assign_role(
        asked.connection,
        asked.actor,
        incident_of(asked),
        role,
        given.or_none("person"),
        asked.now,
        replace=given.yes("replace"),
    )
    known = names(asked.connection)
    holder = changed.state.incident.roles.get(role)
    was = {"person": before.person, "replace": "yes"} if before else {}
    return back(
        asked,
        f"{known.of(holder.person)} has it." if holder else "Nobody has it.",
        "roles",
        undoing(asked, "role" if before else "leave", role=role, **was) if holder and holder != before else None,
    )


def _leave(asked: Asked, given: Given) -> Sent:
    usecases.release_role(
        asked.connection, asked.actor, incident_of(asked), given.text("role"), asked.now, reason=given.or_none("reason")
    )
    return back(asked, "Nobody has it now.", "roles")


def _ask_handover(asked: Asked) -> FormView:
    role = asked.query.get("role", "commander")
    last = state(asked).comms.last("internal")
    facts = (
        (("What we know", last.known), ("What we are doing", last.doing), ("What comes next", last.next))
        if last
        else ()
    )
    return form(
        asked,
        "handover",
        "Hand over",
        "Offer it",
        Field("role", "", "hidden", role),
        people_field(asked, "to", "To"),
        Field("note", "What they need to know", "textarea"),
        lede="They must say yes; until then it stays yours.",
        facts=facts,
    )


def _handover(asked: Asked, given: Given) -> Sent:
    usecases.offer_handover(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.text("role"),
        given.text("to"),
        asked.now,
        note=given.or_none("note"),
    )
    return back(asked, "Offered. It stays yours until they say yes.")


def _accept(asked: Asked, given: Given) -> Sent:
    usecases.accept_handover(asked.connection, asked.actor, incident_of(asked), given.text("role"), asked.now)
    return back(asked, "It is yours.")


def _decline(asked: Asked, given: Given) -> Sent:
    usecases.decline_handover(
        asked.connection, asked.actor, incident_of(asked), given.text("role"), asked.now, reason=given.or_none("reason")
    )
    return back(asked, "Declined.")


def _ask_deputy(asked: Asked) -> FormView:
    return form(
        asked,
        "deputy",
        "Name a deputy",
        "Name",
        people_field(asked),
        lede="May hand command over and approve in the commander's place.",
    )


def _deputy(asked: Asked, given: Given) -> Sent:
    usecases.name_deputy(asked.connection, asked.actor, incident_of(asked), given.text("person"), asked.now)
    return back(asked, "Named.")


def _ask_restrict(asked: Asked) -> FormView:
    restricted = state(asked).incident.restricted
    title = "Open the incident to everybody" if restricted else "Restrict the incident to its members"
    return form(
        asked,
        "restrict",
        title,
        "Open it" if restricted else "Restrict it",
        Field("restricted", "", "hidden", "no" if restricted else "yes"),
        Field("reason", "Why", "text", required=restricted),
    )


def _restrict(asked: Asked, given: Given) -> Sent:
    usecases.restrict(
        asked.connection,
        asked.actor,
        incident_of(asked),
        given.yes("restricted"),
        asked.now,
        reason=given.or_none("reason"),
    )
    return back(asked)


def _ask_members(asked: Asked) -> FormView:
    known, members = names(asked.connection), state(asked).incident.members
    return form(
        asked,
        "members",
        "Members",
        "Change",
        people_field(asked),
        Field("member", "Is", "select", "yes", choices=(Choice("yes", "a member"), Choice("no", "no member any more"))),
        facts=(("Members now", ", ".join(known.of(member) for member in members) or "nobody"),),
    )


def _members(asked: Asked, given: Given) -> Sent:
    change = usecases.add_member if given.yes("member") else usecases.remove_member
    change(asked.connection, asked.actor, incident_of(asked), given.text("person"), asked.now)
    return back(asked, "Members changed.")


FORMS: tuple[Form, ...] = (
    Form(f"{_AT}/role", _role, _ask_role),
    Form(f"{_AT}/leave", _leave),
    Form(f"{_AT}/handover", _handover, _ask_handover),
    Form(f"{_AT}/accept", _accept),
    Form(f"{_AT}/decline", _decline),
    Form(f"{_AT}/deputy", _deputy, _ask_deputy),
    Form(f"{_AT}/restrict", _restrict, _ask_restrict),
    Form(f"{_AT}/members", _members, _ask_members),
)
