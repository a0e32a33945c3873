"""Forms of settings: contact methods, tokens, password, people and their rights."""

import re
from collections.abc import Callable

from pydantic import ValidationError

from tocsin.errors import Forbidden, Invalid
from tocsin.identity import accounts, sessions
from tocsin.identity.actor import Right
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import Invitation, Invited, invite_person
from tocsin.paging import usecases as paging
from tocsin.paging.preferences import Rule
from tocsin.web.forms.sending import Form, Given, Sent, Told
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_ME, _PEOPLE = "/settings/me", "/settings/people"


def _own(asked: Asked) -> str:
    if not asked.person_id:
        raise Forbidden("this is a person's own to set")
    return asked.person_id


def _add_method(asked: Asked, given: Given) -> Sent:
    added = paging.add_method(
        asked.connection,
        asked.actor,
        _own(asked),
        given.text("kind"),
        given.text("target"),
        asked.now,
        label=given.optional("label"),
    )
    if added.secret:
        return Sent(
            _ME,
            told=Told(
                "Webhook added",
                "Its messages are signed with this secret. Check the signature where they arrive.",
                added.secret,
                _ME,
            ),
        )
    return Sent(_ME, "Added. A code is on its way: enter it, then pages come that way.")


def _verify(asked: Asked, given: Given) -> Sent:
    paging.verify_method(asked.connection, asked.actor, str(asked.path["method"]), given.text("code"), asked.now)
    return Sent(_ME, "Verified. Pages come that way from now on.")


def _send_code(asked: Asked, given: Given) -> Sent:
    del given
    paging.send_code(asked.connection, asked.actor, str(asked.path["method"]), asked.now)
    return Sent(_ME, "Another code is on its way.")


def _test(asked: Asked, given: Given) -> Sent:
    del given
    paging.test_method(asked.connection, asked.actor, str(asked.path["method"]), asked.now)
    return Sent(_ME, "A test is on its way.")


def _remove_method(asked: Asked, given: Given) -> Sent:
    del given
    paging.remove_method(asked.connection, asked.actor, str(asked.path["method"]), asked.now)
    return Sent(_ME, "Removed.")


def _add_rule(asked: Asked, given: Given) -> Sent:
    person = _own(asked)
    try:
        rule = Rule.model_validate(
            {"hours": given.optional("hours"), "severities": given.words("severities"), "methods": given.many("method")}
        )
    except ValidationError as error:
        raise Invalid(error.errors()[0]["msg"].removeprefix("Value error, "), "hours") from error
    rules = (*paging.list_rules(asked.connection, asked.actor, person), rule)
    paging.set_rules(asked.connection, asked.actor, person, rules, asked.now)
    return Sent(_ME, "Added. The first rule that fits decides.")


def _remove_rule(asked: Asked, given: Given) -> Sent:
    del given
    person, place = _own(asked), str(asked.path["place"])
    rules = paging.list_rules(asked.connection, asked.actor, person)
    kept = [rule for number, rule in enumerate(rules) if str(number) != place]
    paging.set_rules(asked.connection, asked.actor, person, kept, asked.now)
    return Sent(_ME, "Removed.")


def _password(asked: Asked, given: Given) -> Sent:
    accounts.set_password(asked.connection, asked.actor, _own(asked), str(given.form.get("password", "")), asked.now)
    return Sent(_ME, "The password is set.")


def _token(asked: Asked, given: Given) -> Sent:
    _, secret = sessions.create_token(
        asked.connection,
        asked.actor,
        given.text("name"),
        [given.text("scope")],
        asked.now,
        person_id=asked.person_id or None,
    )
    return Sent(
        _ME, told=Told("A new token", "Send it as Authorization: Bearer, or put it in TOCSIN_TOKEN.", secret, _ME)
    )


def _revoke(asked: Asked, given: Given) -> Sent:
    del given
    sessions.revoke_token(asked.connection, asked.actor, str(asked.path["token"]), asked.now)
    return Sent(_ME, "Revoked.")


def _ask_invite(asked: Asked) -> FormView:
    del asked
    return FormView(
        "Invite someone",
        "They get a link that signs them in once and lets them choose a password. From now on they can be on call.",
        f"{_PEOPLE}/invite",
        (
            Field("name", "Name", "text", required=True),
            Field("email", "Email", "email", required=True),
            Field("id", "Id", "text", "", "Short, small letters: dana. From the name when empty"),
            Field("time_zone", "Time zone", "text", "UTC", "Such as Africa/Lagos"),
            Field(
                "right", "May", "select", "responder", choices=tuple(Choice(right.word, right.word) for right in Right)
            ),
        ),
        "Invite",
        _PEOPLE,
        icon="plus",
    )


def _invite(asked: Asked, given: Given) -> Sent:
    name, email = given.text("name"), given.text("email")
    person_id = given.optional("id") or re.sub(r"[^a-z0-9]+", "-", name.split(" ", maxsplit=1)[0].lower()).strip("-")
    if not person_id:
        raise Invalid("write an id of small letters", "id")
    wanted = Invitation(person_id, Right.parse(given.text("right")), name, email, given.optional("time_zone") or "UTC")
    return _invited(asked, invite_person(asked.connection, asked.actor, wanted, asked.now))


def _account(asked: Asked, given: Given) -> Sent:
    del given
    wanted = Invitation(str(asked.path["person"]), Right.RESPONDER)
    return _invited(asked, invite_person(asked.connection, asked.actor, wanted, asked.now))


def _link(asked: Asked, given: Given) -> Sent:
    del given
    person_id = str(asked.path["person"])
    secret = accounts.make_link(asked.connection, asked.actor, person_id, "invitation", asked.now)
    return _invited(asked, Invited(secret, everything(asked.connection).person_name(person_id)))


def _invited(asked: Asked, invited: Invited) -> Sent:
    url = f"{asked.parts.settings.outside_url}/sign-in/{invited.secret}"
    return Sent(
        _PEOPLE,
        told=Told(
            f"A sign-in link for {invited.name}",
            "Give it to them yourself; it signs in once, within 7 days.",
            url,
            _PEOPLE,
        ),
    )


def _right(asked: Asked, given: Given) -> Sent:
    accounts.change_right(
        asked.connection, asked.actor, str(asked.path["person"]), Right.parse(given.text("right")), asked.now
    )
    return Sent(_PEOPLE, "Changed.")


def _deactivate(asked: Asked, given: Given) -> Sent:
    del given
    accounts.deactivate_account(asked.connection, asked.actor, str(asked.path["person"]), asked.now)
    return Sent(_PEOPLE, "Deactivated; their sessions and tokens ended.")


def _reactivate(asked: Asked, given: Given) -> Sent:
    del given
    accounts.reactivate_account(asked.connection, asked.actor, str(asked.path["person"]), asked.now)
    return Sent(_PEOPLE, "They may sign in again.")


def _settings(
    path: str,
    do: Callable[[Asked, Given], Sent],
    show: Callable[[Asked], FormView] | None = None,
    right: Right = Right.VIEWER,
) -> Form:
    return Form(path, do, show, right, "settings")


FORMS = (
    _settings("/settings/methods", _add_method),
    _settings("/settings/methods/{method}/verify", _verify),
    _settings("/settings/methods/{method}/code", _send_code),
    _settings("/settings/methods/{method}/test", _test),
    _settings("/settings/methods/{method}/remove", _remove_method),
    _settings("/settings/rules", _add_rule),
    _settings("/settings/rules/{place}/remove", _remove_rule),
    _settings("/settings/password", _password),
    _settings("/settings/tokens", _token),
    _settings("/settings/tokens/{token}/revoke", _revoke),
    _settings("/settings/people/invite", _invite, _ask_invite, Right.ADMIN),
    _settings("/settings/people/{person}/account", _account, None, Right.ADMIN),
    _settings("/settings/people/{person}/link", _link, None, Right.ADMIN),
    _settings("/settings/people/{person}/right", _right, None, Right.ADMIN),
    _settings("/settings/people/{person}/deactivate", _deactivate, None, Right.ADMIN),
    _settings("/settings/people/{person}/reactivate", _reactivate, None, Right.ADMIN),
)
