"""The proof-of-page ledger: who was owed a page, by what it went, whether it came, and how late."""

from datetime import timedelta
from typing import Any

from tests.paging.conftest import Night
from tests.standins.receiver import NtfyStandin
from tests.standins.smtp import SmtpStandin
from tocsin.identity.actor import SYSTEM
from tocsin.organisation.model.fields import Target
from tocsin.paging import usecases
from tocsin.paging.page import OpenPage
from tocsin.paging.queries.proof import LedgerRow, ledger
from tocsin.paging.usecases.receipts import record_receipt
from tocsin.store.tables.engine import deliveries


def kept(night: Night, **asked: Any) -> list[LedgerRow]:
    return list(night.database.read(lambda c: ledger(c, SYSTEM, **asked)).rows)


def told(night: Night) -> list[tuple[str, str, str | None]]:
    return [(row.proof.person, row.proof.state, row.proof.method) for row in kept(night)]


def test_a_page_that_a_provider_took_is_on_record_with_its_moments(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    night.group()
    (row,) = kept(night)
    assert (row.title, row.proof.person, row.proof.state, row.proof.method) == (
        "Checkout is failing", "dana", "taken", "email",
    )  # fmt: skip
    assert row.proof.owed_at == row.proof.paged_at == row.proof.taken_at == night.clock.now()
    assert row.proof.late(night.clock.now()) == timedelta(0)


def test_who_acknowledges_proves_it_best(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    night.group()
    night.pass_time(minutes=1)
    night.acknowledge("dana")
    (row,) = kept(night)
    assert row.proof.state == "acknowledged" and row.proof.acknowledged_at == night.clock.now()
    assert row.proof.late(night.clock.now()) == timedelta(0), "it left at once, whenever it was answered"


def test_each_step_and_person_has_a_line_of_their_own(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    night.pass_time(minutes=6)
    night.acknowledge("kofi")
    assert told(night) == [("dana", "taken", "email"), ("kofi", "acknowledged", "email")]
    assert [row.proof.person for row in kept(night, person="kofi")] == ["kofi"]


def test_tocsin_was_away_and_the_ledger_says_how_long_the_step_was_owed(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    owed = night.clock.now() + timedelta(minutes=5)
    night.away(minutes=20)
    night.settle()
    row = next(row for row in kept(night) if row.proof.person == "kofi")
    assert row.proof.owed_at == owed
    assert row.proof.began_late == row.proof.late(night.clock.now()) == timedelta(minutes=15)


def test_who_has_only_the_screen_was_not_reached_and_it_says_why(night: Night, smtp: SmtpStandin) -> None:
    night.mail("kofi")
    night.group()
    first, second = kept(night)
    assert (first.proof.state, first.proof.why_not) == ("not reached", "no verified method but the screen")
    assert first.proof.late(night.clock.now()) is None
    assert second.proof.person == "kofi"


def test_what_waits_grows_later_and_what_was_refused_for_good_says_so(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    ntfy.answer_with(503)
    night.group()
    night.clock.advance(timedelta(seconds=40))
    (row,) = kept(night)
    assert row.proof.state == "waiting" and row.proof.late(night.clock.now()) == timedelta(seconds=40)
    ntfy.answer_with(404)
    night.settle()
    row = kept(night)[0]
    assert row.proof.state == "not reached" and "404" in str(row.proof.why_not)


def test_what_arrived_by_the_provider_s_word_is_proven_and_what_was_lost_is_not(
    night: Night, smtp: SmtpStandin
) -> None:
    night.mail("dana")
    night.group()
    sent = deliveries.select().where(deliveries.c.kind == "page", deliveries.c.lane == "smtp")
    delivery = night.database.read(lambda c: c.execute(sent).one()).id
    night.pass_time(seconds=30)
    night.write(lambda c, now: record_receipt(c, delivery, "delivered", "delivered", now))
    (row,) = kept(night)
    assert row.proof.state == "arrived" and row.proof.arrived_at == night.clock.now()
    night.group(title="Payments are slow")
    newest = night.database.read(lambda c: c.execute(sent.order_by(deliveries.c.id.desc())).first())
    assert newest is not None
    night.write(lambda c, now: record_receipt(c, newest.id, "undelivered", "nobody there", now))
    lost = next(row for row in kept(night) if row.title == "Payments are slow" and row.proof.person == "dana")
    assert (lost.proof.state, lost.proof.why_not) == ("not reached", "nobody there")


def test_it_is_bounded_by_time_and_goes_on_where_it_stopped(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    for title in ("one", "two", "three"):
        night.group(title=title)
        night.pass_time(hours=1)
    assert {row.title for row in kept(night)} == {"one", "two", "three"}
    since = night.clock.now() - timedelta(minutes=90)
    assert {row.title for row in kept(night, since=since)} == {"three"}
    assert {row.title for row in kept(night, until=since)} == {"one", "two"}
    first = kept(night, most_pages=1)
    assert {row.title for row in first} == {"three"}
    begun = night.database.read(lambda c: ledger(c, SYSTEM, most_pages=1))
    assert {row.title for row in kept(night, before=begun.next)} == {"one", "two"}
    assert night.database.read(lambda c: ledger(c, SYSTEM, most_pages=3)).next is None


def test_practice_and_what_only_notifies_owe_nobody_a_proof(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    night.group(urgency="notify")
    ask = OpenPage(subject_kind="person", title="Drill", practice=True, to=(Target(person="dana"),))
    night.write(lambda c, now: usecases.open_page(c, ask, now))
    night.settle()
    assert kept(night) == []
