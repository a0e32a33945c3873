"""Forms of pages: acknowledge, pass on, snooze, end, page somebody by hand."""

from tocsin.errors import Invalid
from tocsin.organisation.model.fields import Target
from tocsin.paging import usecases
from tocsin.web.forms.rooms import anyone_field, people_field, room, state
from tocsin.web.forms.sending import Form, Given, Sent
from tocsin.web.screens import Asked
from tocsin.web.views.common import Field, FormView


def _acknowledge(asked: Asked, given: Given) -> Sent:
    del given
    answer = usecases.acknowledge_page(asked.connection, asked.actor, str(asked.path["page"]), asked.now, via="web")
    return Sent(f"/pages/{answer.page_id}", answer.sentence)


def _pass_on(asked: Asked, given: Given) -> Sent:
    usecases.pass_on_page(
        asked.connection, asked.actor, str(asked.path["page"]), asked.now, reason=given.optional("reason")
    )
    return Sent(f"/pages/{asked.path['page']}", "Passed on.")


def _snooze(asked: Asked, given: Given) -> Sent:
    wait = given.duration("for")
    if wait is None:
        raise Invalid("say for how long, such as 30m", "for")
    usecases.snooze_page(
        asked.connection,
        asked.actor,
        str(asked.path["page"]),
        asked.now + wait,
        asked.now,
        reason=given.optional("reason"),
    )
    return Sent(f"/pages/{asked.path['page']}", "Quiet until then.")


def _ask_snooze(asked: Asked) -> FormView:
    at = f"/pages/{asked.path['page']}"
    fields = (Field("for", "For", "text", "30m", required=True), Field("reason", "Why", "text"))
    return FormView(
        "Keep the page quiet", "It comes back by itself if it still fires.", f"{at}/snooze", fields, "Snooze", at
    )


def _end(asked: Asked, given: Given) -> Sent:
    usecases.end_page(asked.connection, asked.actor, str(asked.path["page"]), given.text("reason"), asked.now)
    return Sent(f"/pages/{asked.path['page']}", "Ended. Everyone who was paged is told.")


def _ask_end(asked: Asked) -> FormView:
    at = f"/pages/{asked.path['page']}"
    fields = (Field("reason", "Why it is over", "text", required=True),)
    return FormView(
        "End the page", "Everyone who was paged is told.", f"{at}/end", fields, "End the page", at, crit=True
    )


def _ask_page(asked: Asked) -> FormView:
    number = asked.path.get("number")
    place = room(asked) if number else "/"
    return FormView(
        "Page someone",
        "They are paged now, by every way they have, until they acknowledge.",
        f"{room(asked)}/do/page" if number else "/page-someone",
        (
            people_field(asked, "to", chosen=asked.query.get("person", "")),
            Field("text", "What for", "text", f"Join INC-{number}" if number else "", required=True),
            Field("role", "", "hidden", asked.query.get("role", "")),
        ),
        "Page them",
        place,
        icon="phone",
        crit=True,
    )


def _page(asked: Asked, given: Given) -> Sent:
    number = asked.path.get("number")
    to = (Target(person=given.text("to").removeprefix("person:")),)
    text = given.text("text")
    if number:
        incident = state(asked).incident
        usecases.page_person(
            asked.connection,
            asked.actor,
            to,
            text,
            asked.now,
            incident_id=incident.id,
            restricted=incident.restricted,
            practice=incident.practice,
        )
    else:
        usecases.page_person(asked.connection, asked.actor, to, text, asked.now)
    return Sent(room(asked, "roles") if number else "/", "Paged.")


def _ask_reassign(asked: Asked) -> FormView:
    at = f"/pages/{asked.path['page']}"
    return FormView(
        "Give the page to somebody else",
        "They are paged now, and must acknowledge it. Whoever has it is told.",
        f"{at}/reassign",
        (anyone_field(asked), Field("reason", "Why", "text")),
        "Give it to them",
        at,
    )


def _reassign(asked: Asked, given: Given) -> Sent:
    page, to = str(asked.path["page"]), given.text("to")
    usecases.reassign_page(asked.connection, asked.actor, page, to, asked.now, reason=given.optional("reason"))
    return Sent(f"/pages/{page}", "They are paged.")


def _ask_for_help(asked: Asked) -> FormView:
    at = f"/pages/{asked.path['page']}"
    return FormView(
        "Ask for help",
        "They get a page of their own about the same. Who has the page keeps it.",
        f"{at}/help",
        (anyone_field(asked), Field("text", "What help is wanted", "text")),
        "Page them",
        at,
        icon="phone",
    )


def _help(asked: Asked, given: Given) -> Sent:
    page, to = str(asked.path["page"]), given.text("to")
    usecases.ask_to_help(asked.connection, asked.actor, page, [to], asked.now, text=given.optional("text"))
    return Sent(f"/pages/{page}", "They are paged.")


def _ask_decline(asked: Asked) -> FormView:
    at = f"/pages/{asked.path['page']}"
    fields = (Field("reason", "Why", "text"),)
    return FormView("Decline", "Nobody is asked in your place.", f"{at}/decline", fields, "I can't help", at)


def _decline(asked: Asked, given: Given) -> Sent:
    page = str(asked.path["page"])
    usecases.decline_page(asked.connection, asked.actor, page, asked.now, reason=given.optional("reason"))
    return Sent(f"/pages/{page}", "They are told that you can't.")


_AT = "/pages/{page}"
FORMS = (
    Form(f"{_AT}/reassign", _reassign, _ask_reassign),
    Form(f"{_AT}/help", _help, _ask_for_help),
    Form(f"{_AT}/decline", _decline, _ask_decline),
    Form(f"{_AT}/acknowledge", _acknowledge),
    Form(f"{_AT}/pass", _pass_on),
    Form(f"{_AT}/snooze", _snooze, _ask_snooze),
    Form(f"{_AT}/end", _end, _ask_end),
    Form("/page-someone", _page, _ask_page),
    Form("/incidents/{number:int}/do/page", _page, _ask_page),
)
