"""Who has it: one of two at once, a link that changes nothing when it is opened, and nobody who must not know."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, Insert, insert, select

from tests.paging.conftest import Night, pages_by_mail
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Right
from tocsin.identity.keys import KEYS
from tocsin.organisation.model.fields import Target
from tocsin.paging import queries, usecases
from tocsin.paging.page import OpenPage
from tocsin.store.database import Database
from tocsin.store.tables.engine import deadlines, tasks
from tocsin.store.tables.paging import page_log, pages
from tocsin.store.tables.timeline import incidents, members


def _execute(statement: Insert, connection: Connection, now: object) -> None:
    connection.execute(statement)


def incident(night: Night, id: str, *, restricted: bool, of: tuple[str, ...] = ()) -> None:
    now = night.clock.now()
    row = {
        "id": id, "number": 1, "restricted": restricted, "practice": False, "seq": 1, "head_hash": "", "severity": 1,
        "head_signature": "", "state_version": 1, "state": "{}", "bundle_digest": "", "title": "t", "phase": "declared",
        "declared_at": now, "updated_at": now,
    }  # fmt: skip
    night.write(lambda c, at: c.execute(insert(incidents).values(**row)))
    for person in of:
        joins = insert(members).values(incident_id=id, person_id=person)
        night.write(partial(_execute, joins))


def test_two_acknowledge_at_once_and_one_has_it(night: Night, database: Database, database_url: str) -> None:
    night.mail("dana")
    night.group()
    page = night.page().id
    # on PostgreSQL two processes have two Databases; on SQLite one process writes
    other = Database.open(database_url, night.clock, database.context) if database.is_postgresql else database
    start = threading.Barrier(2)

    def take(where: Database, who: str) -> usecases.Acknowledged:
        start.wait()
        return where.write(lambda c, now: usecases.acknowledge_page(c, night.actor(who), page, now, via="api"))

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(take, (database, other), ("dana", "kofi")))
    if other is not database:
        other.close()
    winner = next(answer for answer in answers if answer.yours)
    (loser,) = [answer for answer in answers if not answer.yours]
    assert loser.by == winner.by == night.page().acknowledged_by
    assert winner.sentence == "You have it."
    assert loser.by_name in loser.sentence and "there too" in loser.sentence
    assert len(night.log("acknowledged")) == len(night.log("also")) == 1


def test_asking_again_changes_nothing(night: Night) -> None:
    night.group()
    first = night.acknowledge("dana")
    night.clock.advance(timedelta(minutes=1))
    assert night.acknowledge("dana") == first
    for _ in range(2):
        assert not night.acknowledge("kofi").yours
    assert night.log("acknowledged", "also") == [("acknowledged", "dana"), ("also", "kofi")]


def test_an_acknowledgement_drops_what_was_to_come(night: Night) -> None:
    night.mail("dana", "kofi")
    night.group()
    night.acknowledge("dana")
    kinds = night.database.read(
        lambda c: c.execute(select(deadlines.c.kind).where(deadlines.c.state == "waiting")).scalars().all()
    )
    assert kinds == ["page_unattended"]


def test_opening_the_link_changes_nothing_and_the_button_acknowledges(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    group = night.group()
    (link,) = smtp.to("dana@example.com")[0].links
    token = link.rpartition("/")[2]

    def rows() -> list[object]:
        return night.database.read(lambda c: [c.execute(select(t)).all() for t in (pages, page_log, deadlines, tasks)])

    before = rows()
    opened = night.database.read(lambda c: queries.open_link(c, token))
    for _ in range(3):
        opened = night.database.read(lambda c: queries.open_link(c, token))
    assert rows() == before
    assert (opened.page.title, opened.person_name, opened.next_people) == (
        "Checkout is failing",
        "Dana Reyes",
        ("kofi",),
    )
    assert opened.actor is not None
    actor = opened.actor
    answer = night.write(lambda c, now: usecases.acknowledge_page(c, actor, opened.page.id, now, via="link"))
    assert answer.yours and night.page().acknowledged_via == "link"
    again = night.database.read(lambda c: queries.open_link(c, token))
    assert again.actor is not None, "good until the page has ended"
    night.change_group(group, state="closed")
    over = night.database.read(lambda c: queries.open_link(c, token))
    assert over.actor is None and over.page.ended_why == "its alerts are resolved"


def test_a_link_may_not_do_what_its_scopes_do_not_say(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    night.group()
    token = smtp.to("dana@example.com")[0].links[0].rpartition("/")[2]
    actor = night.database.read(lambda c: queries.open_link(c, token)).actor
    assert actor is not None
    assert actor.may(Right.RESPONDER, "incidents:write") and not actor.may(Right.RESPONDER, "oncall")
    assert not actor.may(Right.MANAGER, "pages")


@pytest.mark.parametrize("change", ["person", "end", "empty", "key"])
def test_a_link_that_was_changed_is_not_good(night: Night, smtp: SmtpStandin, database_url: str, change: str) -> None:
    night.mail("dana")
    night.group()
    token = smtp.to("dana@example.com")[0].links[0].rpartition("/")[2]
    bad = {"person": "A" + token[1:], "end": token[:-1] + ("0" if token[-1] != "0" else "1"), "empty": "", "key": token}
    database = night.database
    if change == "key":
        from tocsin.identity.keys import Keys

        database = Database.open(database_url, night.clock, {KEYS: Keys.generate()})
    with pytest.raises(NotFound, match="link is not good"):
        database.read(lambda c: queries.open_link(c, bad[change]))
    if database is not night.database:
        database.close()


def test_a_restricted_page_is_seen_by_members_and_by_whom_it_paged_alone(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    incident(night, "i1", restricted=True, of=("ravi",))
    asked = OpenPage(
        subject_kind="role",
        subject_id="i1:security",
        title="Customer data copied",
        to=(Target(person="dana"),),
        incident_id="i1",
        restricted=True,
    )
    page = night.write(lambda c, now: usecases.open_page(c, asked, now))
    night.settle()
    admin, dana, ravi = night.actor("ada", Right.ADMIN), night.actor("dana"), night.actor("ravi")
    read = night.database.read
    assert read(lambda c: queries.pages_list(c, admin)) == []
    assert read(lambda c: queries.counts(c, admin)) == {"open": 0, "acknowledged": 0, "last_resort": 0}
    for forbidden in (
        lambda c, now: usecases.acknowledge_page(c, admin, page, now, via="web"),
        lambda c, now: usecases.end_page(c, admin, page, "x", now),
        lambda c, now: queries.page_detail(c, admin, page),
    ):
        with pytest.raises(NotFound):
            night.write(forbidden)
    (hidden,) = read(lambda c: queries.pages_for(c, dana))
    assert (hidden.hidden, hidden.title, hidden.role) == (True, "You are needed in a restricted incident", None)
    assert read(lambda c: queries.page_detail(c, dana, page)).log == ()
    (seen,) = read(lambda c: queries.pages_list(c, ravi))
    assert (seen.title, seen.role) == ("Customer data copied", "security")
    token = smtp.to("dana@example.com")[0].links[0].rpartition("/")[2]
    assert read(lambda c: queries.open_link(c, token)).page.title == "You are needed in a restricted incident"
    assert night.write(lambda c, now: usecases.acknowledge_page(c, dana, page, now, via="link")).yours


def test_a_viewer_may_look_and_not_answer(night: Night) -> None:
    night.group()
    viewer = night.actor("ravi", Right.VIEWER)
    assert len(night.database.read(lambda c: queries.pages_list(c, viewer))) == 1
    with pytest.raises(Forbidden):
        night.write(lambda c, now: usecases.acknowledge_page(c, viewer, night.page().id, now, via="web"))


def test_a_person_is_paged_by_hand_and_twice_is_two_pages(night: Night, smtp: SmtpStandin) -> None:
    night.mail("ravi")

    def call(target: Target, text: str = "Can you look at the ledger?") -> str:
        return str(night.write(lambda c, now: usecases.page_person(c, night.actor("dana"), (target,), text, now)))

    first, second = call(Target(person="ravi")), call(Target(person="ravi"))
    night.settle()
    assert first != second
    assert pages_by_mail(smtp, "ravi") == ["Can you look at the ledger?"] * 2
    assert "Dana asks for you." in smtp.to("ravi@example.com")[0].text
    with pytest.raises(Invalid, match="'nobody'"):
        call(Target(person="nobody"))
    with pytest.raises(Invalid, match="few words"):
        call(Target(person="ravi"), "  ")


def test_a_page_of_the_same_subject_is_opened_once_until_it_has_ended(night: Night) -> None:
    asked = OpenPage(subject_kind="role", subject_id="i1:commander", title="Take command", to=(Target(person="dana"),))
    first = night.write(lambda c, now: usecases.open_page(c, asked, now))
    assert night.write(lambda c, now: usecases.open_page(c, asked, now)) == first
    assert night.write(lambda c, now: usecases.withdraw_page(c, "role", "i1:commander", "Kofi is IC", now))
    assert not night.write(lambda c, now: usecases.withdraw_page(c, "role", "i1:commander", "Kofi is IC", now))
    assert night.write(lambda c, now: usecases.open_page(c, asked, now)) != first


def test_by_hand_and_acknowledged_a_day_ago_is_over(night: Night, smtp: SmtpStandin) -> None:
    night.mail("ravi")
    asked = (Target(person="ravi"),)
    night.write(lambda c, now: usecases.page_person(c, night.actor("dana"), asked, "Look, please", now))
    night.settle()
    night.acknowledge("ravi")
    night.pass_time(hours=25)
    assert night.page().state == "ended"
    assert pages_by_mail(smtp, "ravi") == ["Look, please"], "and nobody is woken to hear it"


def test_the_log_is_copied_to_the_incident_then_and_later(night: Night) -> None:
    night.mail("dana")
    group = night.group()
    incident(night, "i1", restricted=False)
    assert night.copied == []
    night.write(lambda c, now: usecases.link_pages_to_incident(c, [group], "i1", False, False, now))
    night.settle()
    assert [row["event"] for row in night.copied] == ["opened", "step", "attempt", "attempt", "receipt"]
    night.acknowledge("dana")
    night.write(lambda c, now: usecases.link_pages_to_incident(c, [group], "i1", False, False, now))
    night.settle()
    assert [row["event"] for row in night.copied[5:]] == ["acknowledged"], "each row once"
    night.pass_time(hours=1)
    assert night.page().reopened == 0, "the incident looks after it"
    assert night.database.read(lambda c: queries.first_paged_at(c, [group])) == night.page().opened_at


def test_a_group_that_joins_an_incident_does_not_page_unless_it_gets_worse(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    incident(night, "i1", restricted=True)
    group = night.group(incident_id="i1")
    assert night.pages() == []
    night.change_group(group, worse=1)
    page = night.page()
    assert (page.incident_id, page.restricted) == ("i1", True)
    assert pages_by_mail(smtp, "dana") == ["You are needed in a restricted incident"]


def test_what_tocsin_can_not_do_pages_the_last_resort_once_for_all(night: Night, smtp: SmtpStandin) -> None:
    night.mail("ada")

    def stuck(what: str) -> None:
        night.write(lambda c, now: usecases.page_last_resort(c, what, now))
        night.settle()

    for what in ("effect.freeze for incident i1: boom", "effect.freeze for incident i1: boom", "ics for i2: bang"):
        stuck(what)
    assert pages_by_mail(smtp, "ada") == ["Tocsin can't do something that it must"]
    assert night.page().detail.splitlines() == ["effect.freeze for incident i1: boom", "ics for i2: bang"]
    night.pass_time(minutes=16)
    assert len(pages_by_mail(smtp, "ada")) == 2, "every 15 minutes without end"
    night.acknowledge("ada")
    night.pass_time(minutes=31)
    stuck("ics for i2: bang")
    assert night.page().state == "open"
    assert len(pages_by_mail(smtp, "ada")) == 3


def test_a_task_that_keeps_failing_pages_the_last_resort(
    night: Night, smtp: SmtpStandin, clock: SimulatedClock
) -> None:
    from tocsin.engine.tasks import owe

    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    night.mail("ada")
    night.registry.task("broken", fail)
    night.write(lambda c, now: owe(c, "broken", "incident", "i1", {}, now))
    night.pass_time(minutes=5)
    assert pages_by_mail(smtp, "ada") == ["Tocsin can't do something that it must"]
    assert "boom" in smtp.to("ada@example.com")[0].text


def test_a_page_that_ended_takes_no_more_answers(night: Night) -> None:
    group = night.group()
    page = night.page().id
    night.change_group(group, state="closed")
    until = night.clock.now() + timedelta(hours=1)
    dana = night.actor("dana")
    for answer in (
        lambda c, now: usecases.acknowledge_page(c, dana, page, now, via="web"),
        lambda c, now: usecases.snooze_page(c, dana, page, until, now),
        lambda c, now: usecases.pass_on_page(c, dana, page, now),
        lambda c, now: usecases.note_on_page(c, dana, page, "x", now),
        lambda c, now: usecases.end_page(c, dana, page, "x", now),
    ):
        with pytest.raises(Conflict, match="this page is over: its alerts are resolved"):
            night.write(answer)
    with pytest.raises(NotFound):
        night.write(lambda c, now: usecases.acknowledge_page(c, SYSTEM, "no-such-page", now, via="web"))
