"""How deliveries of this stage are sent and their outcomes recorded: pages, that it is over, codes and tests."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from tocsin.engine.deliveries import Delivery, Outcome, bring_forward
from tocsin.identity.keys import keys_of
from tocsin.organisation.model.fields import Target
from tocsin.paging import links
from tocsin.paging import message as messages
from tocsin.paging import page as rules
from tocsin.paging.message import Message
from tocsin.paging.methods import Method, kind_named
from tocsin.paging.methods.webhook import policy_secrets
from tocsin.paging.page import LogRow, OpenPage
from tocsin.paging.queries import others_were_asked, people
from tocsin.paging.usecases.climbing import FROM_FILES, FROM_POLICY, SCREEN, breaker_of, climb, step_may_still_reach
from tocsin.paging.usecases.contact import CODE_LASTS, SEALED, address_of
from tocsin.paging.usecases.ledger import PAGES, as_page, cause_of, lock_page, settle, write_log
from tocsin.paging.usecases.opening import open_page
from tocsin.paging.usecases.telling import tell_one_over
from tocsin.paging.usecases.together import end_told_along, let_go, lock_in_order, put_back, take_along, told_along
from tocsin.store.database import announce
from tocsin.store.tables.engine import deliveries
from tocsin.store.tables.paging import contact_methods, page_log

# made once: see `lockable`
_METHOD = select(contact_methods).where(contact_methods.c.id == bindparam("method_id"))
_RECEIPTS = select(page_log.c.kind, page_log.c.delivery_id, page_log.c.data).where(
    page_log.c.page_id == bindparam("page_id"),
    page_log.c.kind.in_(("receipt", "undelivered")),
    page_log.c.person_id == bindparam("person_id"),
)


class _Sender:
    """The call itself is the method's; what surrounds it differs by kind of delivery."""

    def __init__(self, methods: Mapping[str, Method], public_url: str) -> None:
        self.methods = methods
        self.public_url = public_url

    async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
        """The call itself."""
        method = self.methods.get(prepared["kind"])
        if method is None:
            return Outcome("failed", error=f"this server knows no method {prepared['kind']!r}")
        message = replace(Message.unpacked(prepared["message"]), delivery=delivery.id)
        outcome = await method.send(prepared["address"], message)
        if not prepared.get("with"):
            return outcome
        return replace(outcome, receipt={**outcome.receipt, "with": prepared["with"]})

    def link(self, connection: Connection, page_id: str, person: str | None) -> str:
        return links.link(self.public_url, keys_of(connection), page_id, person)


class PageSender(_Sender):
    """A page. Looked at again just before it is sent; sent again with the same key when the answer was never seen."""

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        row, asked = lock_page(connection, delivery.subject_id), delivery.payload
        person, kind = asked["person"], asked["kind"]
        if row.state != "open" or rules.is_snoozed(as_page(row), now) or asked["reopened"] != row.reopened:
            return None
        if kind != SCREEN and (row.practice or (person and _was_reached(connection, row, person, asked["step"]))):
            return None
        address = _address(connection, person, asked)
        if address is None:
            write_log(
                connection, row, LogRow("skipped", person=person, method=kind, text="the method was removed"), now
            )
            _next_method(connection, delivery, now)
            return None
        again = delivery.again or delivery.attempt > 1
        more = {"again": True, "attempt": delivery.attempt} if again else {}
        text = "sent again: the first answer was never seen" if delivery.again else None
        write_log(connection, row, LogRow("attempt", person, kind, delivery.id, text, more | way_of(asked)), now)
        announce(connection, PAGES)
        taken = take_along(connection, delivery, now, lambda page: _rings(page, now))
        message = messages.page_message(
            page_id=row.id,
            title=row.title,
            detail=row.detail,
            severity=row.severity,
            services=row.services,
            restricted=row.restricted,
            practice=row.practice,
            urgent=row.urgency == "page",
            reopened=row.reopened > 0,
            last_resort=row.last_resort and others_were_asked(connection, row.id, person),
            opened_at=row.opened_at,
            link=self.link(connection, row.id, person),
            key=delivery.idempotency_key,
            now=now,
            again=delivery.again,
            reply_code=links.reply_code(keys_of(connection), row.id, person),
            others=[(each.title, each.severity) for each in taken],
        )
        with_it = [each.delivery_id for each in taken]
        return {"kind": kind, "address": address, "message": message.packed(), "with": with_it}

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        if outcome.state == "dropped":
            return
        taken = outcome.receipt.get("with", ())
        if taken:
            lock_in_order(connection, delivery, taken)
        row, asked = lock_page(connection, delivery.subject_id), delivery.payload
        person, kind = asked["person"], asked["kind"]
        breaker = breaker_of(connection)
        if outcome.state == "retry":
            breaker.failed(delivery.lane, now)
        else:
            breaker.took(delivery.lane)
        if outcome.state == "sent":
            if kind != SCREEN:
                more = {**way_of(asked), "receipt": dict(outcome.receipt)}
                if taken:
                    more["pages"] = told_along(connection, delivery, taken, now)
                write_log(connection, row, LogRow("receipt", person, kind, delivery.id, None, more), now)
                mark_proven(connection, asked["method_id"], now)
            if row.state == "ended":
                tell_one_over(connection, row, person, asked["method_id"], kind, now)
            return
        if taken:
            (let_go if outcome.state == "failed" else put_back)(connection, taken, now)
        more = {**way_of(asked), "final": outcome.state == "failed"}
        write_log(connection, row, LogRow("failed", person, kind, delivery.id, outcome.error, more), now)
        if outcome.state == "retry" and breaker.is_open(delivery.lane, now):
            _next_method(connection, delivery, now)
        if outcome.receipt.get("gone"):
            forget_proof(connection, asked["method_id"], now)
        if outcome.state == "failed" and kind != SCREEN:
            _next_method(connection, delivery, now)
            go_on_if_nothing_is_left(connection, row, asked["step"], now)


class OverSender(_Sender):
    """It is over, or somebody else's."""

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        row, asked = lock_page(connection, delivery.subject_id), delivery.payload
        address = _address(connection, asked["person"], asked)
        if address is None:
            return None
        announce(connection, PAGES)
        taken = take_along(connection, delivery, now, lambda page: page.state == "ended")
        say = (
            messages.passed_message
            if delivery.kind == "page_passed"
            else partial(messages.over_message, others=[each.title for each in taken])
        )
        message = say(
            page_id=row.id,
            title=row.title,
            why=asked["why"] or "over",
            restricted=row.restricted,
            link=self.link(connection, row.id, asked["person"]),
            key=delivery.idempotency_key,
            now=now,
        )
        with_it = [each.delivery_id for each in taken]
        return {"kind": asked["kind"], "address": address, "message": message.packed(), "with": with_it}

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        if outcome.receipt.get("gone"):
            forget_proof(connection, delivery.payload["method_id"], now)
        taken = outcome.receipt.get("with", ())
        if taken and outcome.state == "sent":
            end_told_along(connection, delivery, taken, now)
        if outcome.state == "failed":
            let_go(connection, taken, now)
            row, asked = lock_page(connection, delivery.subject_id), delivery.payload
            what = "somebody else's" if delivery.kind == "page_passed" else "over"
            text = f"could not be told that it is {what}: {outcome.error}"
            write_log(connection, row, LogRow("failed", asked["person"], asked["kind"], delivery.id, text), now)


class ShadowSender(_Sender):
    """What somebody who learns hears of a page. It leads to the page behind a sign-in: no link answers for them."""

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        row, asked = lock_page(connection, delivery.subject_id), delivery.payload
        address = _address(connection, asked["person"], asked)
        if address is None or row.restricted or row.state == "ended":
            return None
        message = messages.shadow_message(
            page_id=row.id,
            title=row.title,
            paged=" and ".join(people.name_of(connection, person) for person in asked["paged"]) or "Nobody",
            link=f"{self.public_url}/pages/{row.id}",
            key=delivery.idempotency_key,
            now=now,
        )
        return {"kind": asked["kind"], "address": address, "message": message.packed()}

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        if outcome.state == "failed":
            row, asked = lock_page(connection, delivery.subject_id), delivery.payload
            text = f"could not be told what they shadow: {outcome.error}"
            write_log(connection, row, LogRow("failed", asked["person"], asked["kind"], delivery.id, text), now)


class ContactSender(_Sender):
    """A code or a test, to one method."""

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        row = connection.execute(select(contact_methods).where(contact_methods.c.id == delivery.subject_id)).first()
        if row is None or row.removed_at is not None:
            return None
        key = delivery.idempotency_key
        if delivery.kind == "contact_code":
            code = keys_of(connection).open(SEALED, delivery.payload["code"])
            minutes = int(CODE_LASTS.total_seconds() // 60)
            message = messages.code_message(code=code, key=key, now=now, minutes=minutes)
        else:
            message = messages.test_message(name=delivery.payload["name"], key=key, now=now)
        return {"kind": row.kind, "address": address_of(connection, row), "message": message.packed()}

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        if outcome.state == "sent" and delivery.kind == "contact_test":
            mark_proven(connection, delivery.subject_id, now)
        if outcome.receipt.get("gone"):
            forget_proof(connection, delivery.subject_id, now)
        announce(connection, "people")


def go_on_if_nothing_is_left(connection: Connection, row: Row[Any], step: str, now: datetime) -> None:
    """When nothing of the present step can reach anyone any more, the next step's turn has come at once."""
    page = as_page(row)
    present = page.name_of_step == step and not row.last_resort
    if (
        present
        and rules.climbs(page, cause_of(connection, row, now), now)
        and not step_may_still_reach(connection, row)
    ):
        write_log(connection, row, LogRow("passed_on", text="the step reached nobody"), now)
        settle(connection, climb(connection, row, now), now)


def _rings(page: Row[Any], now: datetime) -> bool:
    return bool(page.state == "open") and not rules.is_snoozed(as_page(page), now)


def way_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a page's log keeps of a delivery's payload: by which step and method it went."""
    return {"step": asked["step"], "method_id": asked["method_id"], "way": asked["kind"]}


def _address(connection: Connection, person: str | None, asked: Mapping[str, Any]) -> str | None:
    if asked["kind"] == SCREEN:
        return people.name_of(connection, person) if person else ""
    if asked["method_id"].startswith(FROM_POLICY):
        url = str(asked["method_id"].removeprefix(FROM_POLICY))
        return " ".join((url, *policy_secrets(keys_of(connection), url)))
    if asked["method_id"] == FROM_FILES:
        return people.email_of(connection, person) if person else None
    row = connection.execute(_METHOD, {"method_id": asked["method_id"]}).first()
    return address_of(connection, row) if row is not None and row.removed_at is None else None


def _was_reached(connection: Connection, row: Row[Any], person: str | None, step: str) -> bool:
    """Whether a provider took a page of this step for the person, and has not said since that it did not arrive."""
    rows = connection.execute(_RECEIPTS, {"page_id": row.id, "person_id": person}).all()
    lost = {one.delivery_id for one in rows if one.kind == "undelivered"}
    return any(one.data.get("step") == step for one in rows if one.kind == "receipt" and one.delivery_id not in lost)


def _next_method(connection: Connection, delivery: Delivery, now: datetime) -> None:
    """Let the person's next method of the same step go now."""
    waiting = connection.execute(
        select(deliveries.c.id, deliveries.c.payload).where(
            deliveries.c.subject_kind == "page",
            deliveries.c.subject_id == delivery.subject_id,
            deliveries.c.kind == "page",
            deliveries.c.state == "waiting",
        )
    )
    asked = delivery.payload
    later = [
        (payload["place"], id)
        for id, payload in waiting
        if payload["person"] == asked["person"]
        and payload["step"] == asked["step"]
        and payload["place"] > asked["place"]
    ]
    if later:
        bring_forward(connection, min(later)[1], now)


def mark_proven(connection: Connection, method_id: str, now: datetime) -> None:
    """Something has just reached its owner by this method."""
    connection.execute(update(contact_methods).where(contact_methods.c.id == method_id).values(last_proven_at=now))


def forget_proof(connection: Connection, method_id: str, now: datetime) -> None:
    """The provider says that there is nothing at this address any more: it reaches nobody until it is proved again.

    Its owner is told by what is left.
    """
    row = connection.execute(_METHOD, {"method_id": method_id}).first()
    if row is None or row.verified_at is None:
        return
    connection.execute(update(contact_methods).where(contact_methods.c.id == method_id).values(verified_at=None))
    announce(connection, "people")
    asked = OpenPage(
        subject_kind="deadline",
        subject_id=f"method-gone:{method_id}",
        title=f"Pages reach you no more by {row.label or kind_named(row.kind).label}",
        detail="Whoever carries them says that it is gone. Add it again under Settings, You, if it is still yours.",
        urgency="notify",
        to=(Target(person=row.person_id),),
    )
    open_page(connection, asked, now)
