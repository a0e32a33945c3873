"""Where alerts come in, and what of them could not be understood."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tocsin.alerts.queries.past import past_payloads
from tocsin.identity.actor import Right
from tocsin.intake.queries import IntegrationView, integration, integrations_now, secret_of, set_aside_now
from tocsin.intake.senders import EMAIL, sender_named
from tocsin.web import format as say
from tocsin.web.screens import Answer, Asked, Screen


@dataclass(frozen=True)
class IntegrationRow:
    """A configured sender."""

    id: str
    name: str
    sender: str
    last: str
    counts: str
    refused: int
    waiting: int
    disabled: bool
    url: str
    address: str
    """Where its mail goes; empty when it takes none."""
    has_rules: bool
    limits: tuple[str, ...]
    """What is set of it, and what came of that, each a sentence."""


@dataclass(frozen=True)
class AsideRow:
    """Something that could not be understood."""

    id: str
    at: datetime
    integration: str
    place: str
    reason: str
    content: str


def _limits(each: IntegrationView, now: datetime) -> Iterator[str]:
    if each.is_signed:
        yield "Its bodies must be signed."
    if each.per_minute is not None:
        yield f"At most {say.figure(each.per_minute, 'request')} a minute."
    if each.limited_at is not None:
        yield f"{say.figure(each.limited, 'request')} turned away as too many, the last {say.coarse(now - each.limited_at)} ago."
    if each.old_key_until is not None and each.old_key_until > now:
        yield f"The URL before is good for {say.coarse(each.old_key_until - now)} yet."


def _row(asked: Asked, each: IntegrationView) -> IntegrationRow:
    shown = asked.actor.may(Right.MANAGER) and each.disabled_at is None
    secret = secret_of(asked.connection, asked.actor, each.id) if shown else ""
    domain = asked.parts.settings.mail_domain if each.sender == EMAIL else None
    return IntegrationRow(
        each.id,
        each.name,
        each.sender,
        f"{say.coarse(asked.now - each.last_at)} ago" if each.last_at else "nothing yet",
        f"{say.figure(each.signals, 'signal')} in {say.figure(each.requests, 'request')}",
        each.refused,
        each.waiting,
        each.disabled_at is not None,
        f"{asked.parts.settings.outside_url}/in/{secret}" if secret else "",
        f"{secret}@{domain}" if secret and domain else "",
        sender_named(each.sender).rules is not None,
        tuple(_limits(each, asked.now)),
    )


def load_integrations(asked: Asked) -> Answer:
    """Where alerts come in; the URL is shown to those who may set up senders."""
    may = asked.actor.may(Right.MANAGER)
    rows = tuple(_row(asked, each) for each in integrations_now(asked.connection, asked.actor))
    return Answer({"rows": rows, "may": may}, frozenset({"integrations", "alerts"}), live=False)


def load_aside(asked: Asked) -> Answer:
    """What could not be understood and waits for an operator."""
    rows = tuple(
        AsideRow(each.id, each.at, each.integration, each.place, each.reason, each.content[:2000])
        for each in set_aside_now(asked.connection, asked.actor)
    )
    return Answer({"rows": rows}, live=False)


def load_payloads(asked: Asked) -> Answer:
    """What an integration sent lately, to be tried again."""
    present = integration(asked.connection, asked.actor, asked.path["integration"])
    payloads = past_payloads(asked.connection, asked.actor, present.id)
    view = {"id": present.id, "name": present.name, "payloads": payloads}
    return Answer(view, live=False, title=f"What {present.name} sent")


SCREENS = (
    Screen("/settings/integrations", "settings", "settings/integrations.html", load_integrations),
    Screen(
        "/settings/integrations/{integration}/payloads",
        "settings",
        "settings/payloads.html",
        load_payloads,
        right=Right.RESPONDER,
    ),
    Screen("/settings/set-aside", "settings", "settings/aside.html", load_aside, right=Right.RESPONDER),
)
