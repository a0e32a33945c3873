"""Forms of integrations and of what was set aside."""

from dataclasses import dataclass
from datetime import timedelta

from tocsin.alerts.queries.past import past_payload
from tocsin.alerts.queries.trying import Tried, TryPayload, try_payload
from tocsin.alerts.usecases.fold import fold_received
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.intake import usecases as intake
from tocsin.intake.queries import integration
from tocsin.intake.senders import sender_named, senders
from tocsin.organisation.queries import everything
from tocsin.web import format as say
from tocsin.web.forms.sending import Form, Given, Sent, Told
from tocsin.web.screens import Asked
from tocsin.web.views.common import Choice, Field, FormView

_IN, _ASIDE = "/settings/integrations", "/settings/set-aside"


def _ask_integration(asked: Asked) -> FormView:
    services = (
        Choice("", "Told by each alert"),
        *(Choice(key, spec.name) for key, spec in everything(asked.connection).services.items()),
    )
    return FormView(
        "New integration",
        "Makes a secret URL that takes alerts.",
        f"{_IN}/new",
        (
            Field("name", "Name", "text", required=True),
            Field(
                "sender",
                "Sender",
                "select",
                "alertmanager",
                choices=tuple(
                    Choice(name, sender.title)
                    for name, sender in sorted(senders().items(), key=lambda each: each[1].title)
                ),
            ),
            Field("service", "About which service", "select", choices=services),
            Field("key", "Key that senders have already, if you move them here", "text"),
        ),
        "Make it",
        _IN,
    )


def _integration(asked: Asked, given: Given) -> Sent:
    command = intake.CreateIntegration(
        given.text("name"), given.text("sender"), given.or_none("service"), given.or_none("key")
    )
    intake.create_integration(asked.connection, asked.actor, command, asked.now)
    return Sent(_IN, "Made.")


def _rotate(asked: Asked, given: Given) -> Sent:
    overlap = timedelta(days=1) if given.or_none("overlap") else timedelta(0)
    id = str(asked.path["integration"])
    intake.rotate_integration(asked.connection, asked.actor, id, asked.now, overlap=overlap)
    old = "the old one is good for a day yet" if overlap else "the old one is unknown from now on"
    return Sent(_IN, f"It has a new URL; {old}.")


def _ask_integration_change(asked: Asked) -> FormView:
    present = integration(asked.connection, asked.actor, str(asked.path["integration"]))
    signed = "every body is signed; leave empty to keep the key, or a dash takes it away"
    return FormView(
        f"Change {present.name}",
        "What its sender must do, and how much it may send.",
        f"{_IN}/{present.id}/change",
        (
            Field("per_minute", "Requests a minute, at most; 0 is no limit", "number", str(present.per_minute or 0)),
            Field(
                "signing_key",
                f"Signing key ({signed})" if present.is_signed else "Signing key, if its bodies are to be signed",
                "text",
            ),
        ),
        "Change it",
        _IN,
    )


def _ask_mapping(asked: Asked) -> FormView:
    present = integration(asked.connection, asked.actor, str(asked.path["integration"]))
    rules = sender_named(present.sender).rules
    if rules is None:
        raise Invalid(f"{present.sender} has a parser of its own and takes no mapping", "mapping")
    hint = f"{rules.hint}; it must be right before it is kept"
    return FormView(
        f"Mapping of {present.name}",
        "How its bodies become alerts.",
        f"{_IN}/{present.id}/mapping",
        (Field("mapping", "Mapping, in YAML", "textarea", present.mapping or rules.first, hint=hint),),
        "Keep it",
        _IN,
    )


def _mapping(asked: Asked, given: Given) -> Sent:
    command = intake.ChangeIntegration(mapping=given.text("mapping"))
    intake.change_integration(asked.connection, asked.actor, str(asked.path["integration"]), command, asked.now)
    return Sent(_IN, "Kept. What was set aside can be replayed now.")


def _ask_try(asked: Asked) -> FormView:
    present = integration(asked.connection, asked.actor, str(asked.path["integration"]))
    past = asked.query.get("past")
    payload = past_payload(asked.connection, asked.actor, present.id, past).payload if past else ""
    fields = [Field("payload", "A payload, as it would be sent", "textarea", payload, required=True)]
    rules = sender_named(present.sender).rules
    if rules is not None:
        fields.append(Field("mapping", "With this mapping", "textarea", present.mapping or rules.first))
    fields.append(Field("at", "As if it came at", "text", "", "UTC, such as sat 03:00; now if left empty"))
    return FormView(
        f"Try a payload of {present.name}",
        "Shows what alerts are in it and which way each would go. Nothing is kept, nobody is paged.",
        f"{_IN}/{present.id}/try",
        tuple(fields),
        "Try it",
        _IN,
    )


def _try(asked: Asked, given: Given) -> Sent:
    id = str(asked.path["integration"])
    mapping = given.or_none("mapping")
    command = TryPayload(given.text("payload"), id, mapping=mapping, at=given.instant("at"))
    tried = try_payload(asked.connection, asked.actor, command, asked.now)
    title = say.figure(len(tried.paths), "alert") + " would come of it"
    present = integration(asked.connection, asked.actor, id)
    keeps = mapping if mapping != present.mapping and asked.actor.may(Right.MANAGER) else None
    back = f"{_IN}/{id}/try"
    return Sent(back, told=TriedView(title, "", "", back, "tried.html", tried, keeps or "", f"{_IN}/{id}/mapping"))


def _change_integration(asked: Asked, given: Given) -> Sent:
    told = given.or_none("per_minute") or "0"
    if not told.isdecimal():
        raise Invalid("a limit is a number of requests a minute", "per_minute")
    key = given.or_none("signing_key")
    command = intake.ChangeIntegration("" if key == "-" else key, int(told[:9]))
    intake.change_integration(asked.connection, asked.actor, str(asked.path["integration"]), command, asked.now)
    return Sent(_IN, "Changed.")


def _disable(asked: Asked, given: Given) -> Sent:
    del given
    intake.disable_integration(asked.connection, asked.actor, str(asked.path["integration"]), asked.now)
    return Sent(_IN, "Disabled.")


def _enable(asked: Asked, given: Given) -> Sent:
    del given
    intake.enable_integration(asked.connection, asked.actor, str(asked.path["integration"]), asked.now)
    return Sent(_IN, "Enabled.")


def _replay(asked: Asked, given: Given) -> Sent:
    del given
    done = intake.replay_set_aside(asked.connection, asked.actor, str(asked.path["aside"]), fold_received, asked.now)
    return Sent(
        _ASIDE,
        f"{done.signals} taken in." if not done.problems else f"!Still not understood: {'; '.join(done.problems)}",
    )


def _discard(asked: Asked, given: Given) -> Sent:
    del given
    intake.discard_set_aside(asked.connection, asked.actor, str(asked.path["aside"]), asked.now)
    return Sent(_ASIDE, "Discarded; it stays on record.")


@dataclass(frozen=True)
class TriedView(Told):
    """What would become of a payload."""

    tried: Tried | None = None
    mapping: str = ""
    """A mapping that was tried and is not kept yet."""
    keep: str = ""
    """Where it is kept."""


FORMS = tuple(
    Form(path, do, show, right, "settings")
    for path, do, show, right in (
        (f"{_IN}/new", _integration, _ask_integration, Right.MANAGER),
        (f"{_IN}/{{integration}}/change", _change_integration, _ask_integration_change, Right.MANAGER),
        (f"{_IN}/{{integration}}/mapping", _mapping, _ask_mapping, Right.MANAGER),
        (f"{_IN}/{{integration}}/try", _try, _ask_try, Right.RESPONDER),
        (f"{_IN}/{{integration}}/rotate", _rotate, None, Right.MANAGER),
        (f"{_IN}/{{integration}}/disable", _disable, None, Right.MANAGER),
        (f"{_IN}/{{integration}}/enable", _enable, None, Right.MANAGER),
        (f"{_ASIDE}/{{aside}}/replay", _replay, None, Right.RESPONDER),
        (f"{_ASIDE}/{{aside}}/discard", _discard, None, Right.RESPONDER),
    )
)
