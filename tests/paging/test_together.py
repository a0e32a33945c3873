"""In a storm one message tells of many pages: none is lost, each is on record as told, and one answer takes them all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paging.conftest import PUBLIC_URL, Night, pages_by_mail
from tests.paging.test_answering import incident
from tests.paging.test_twilio import code_of, post, texted
from tests.standins.receiver import NtfyStandin, Receiver
from tests.standins.smtp import SmtpStandin
from tests.standins.twilio import ACCOUNT, NUMBER, TOKEN, TwilioStandin, signed
from tocsin.clients.twilio import Twilio
from tocsin.clock import SimulatedClock
from tocsin.engine.claims import claim_deliveries
from tocsin.identity.actor import SYSTEM
from tocsin.paging import queries, usecases
from tocsin.paging.crowd import CROWD, TOGETHER_AFTER, WINDOW, Crowd
from tocsin.paging.queries.proof import ledger
from tocsin.paging.queries.together import told_with
from tocsin.paging.services import Services
from tocsin.store.database import Database

DANA = "+447700900123"
START = datetime(2026, 11, 19, 12, tzinfo=UTC)


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin, twilio: TwilioStandin) -> Iterator[Night]:
    """Tocsin as it runs: what comes in a crowd comes together."""
    services = Services(PUBLIC_URL)

    def with_twilio(http: Any) -> Services:
        return Services(services.public_url, twilio=Twilio(http, ACCOUNT, TOKEN, NUMBER, twilio.url))

    made = Night(database, clock, smtp, with_twilio)
    database.context[CROWD] = Crowd()
    yield made
    made.close()


def storm(night: Night, count: int, **values: Any) -> list[str]:
    """So many groups begin to fire at once; their ids."""
    groups = [night.group(settled=False, title=f"Shop {n} is failing", **values) for n in range(1, count + 1)]
    night.settle()
    return groups


def receipts(night: Night, page_id: str, event: str = "receipt") -> list[tuple[str | None, str | None]]:
    detail = night.database.read(lambda c: queries.page_detail(c, SYSTEM, page_id))
    return [(line.person, line.text) for line in detail.log if line.event == event]


def states(night: Night) -> list[str]:
    return sorted(row.proof.state for row in night.database.read(lambda c: ledger(c, SYSTEM)).rows)


def test_what_follows_three_messages_comes_as_one_and_each_page_is_on_record(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    storm(night, 12)
    assert len(pages_by_mail(smtp, "dana")) == 3
    night.pass_time(seconds=31)
    (told,) = pages_by_mail(smtp, "dana")[3:]
    assert told.startswith("9 pages: Shop ")
    assert told.endswith(" is failing, and 8 more")
    alone = pages_by_mail(smtp, "dana")[:3]
    text = smtp.to("dana@example.com")[-1].text
    for n in range(1, 13):
        title = f"Shop {n} is failing"
        assert (title in alone) is not (f"• {title} (critical)" in text)
    assert "One acknowledgement takes them all." in text
    logged = [receipts(night, page.id) for page in night.pages()]
    assert sorted(len(each) for each in logged) == [1] * 12
    assert sum(("dana", "together with 8 others") in each for each in logged) == 8
    assert states(night) == ["taken"] * 12
    night.pass_time(minutes=3)
    assert len(pages_by_mail(smtp, "dana")) == 4, "nothing is told twice before the next step"


def test_a_few_go_as_ever_each_by_itself_at_once(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    for _ in range(3):
        storm(night, 2)
        night.pass_time(minutes=1, seconds=1)
    assert len(pages_by_mail(smtp, "dana")) == 6
    assert not [subject for subject in pages_by_mail(smtp, "dana") if "pages:" in subject]


def test_what_is_critical_does_not_wait_for_what_is_not(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    storm(night, 8, severity="warning")
    assert len(pages_by_mail(smtp, "dana")) == 3
    night.group(title="The till is down")
    assert pages_by_mail(smtp, "dana")[3:] == ["The till is down"]


def test_a_page_that_was_answered_meanwhile_is_not_told_of(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    storm(night, 6)
    waiting = {page.id for page in night.pages() if not receipts(night, page.id)}
    assert len(waiting) == 3
    taken = min(waiting)
    night.write(lambda c, now: usecases.acknowledge_page(c, night.actor("kofi"), taken, now, via="web"))
    night.pass_time(seconds=31)
    assert pages_by_mail(smtp, "dana")[3].startswith("2 pages: ")
    assert receipts(night, taken) == []


def test_programs_get_each_page_by_itself(night: Night, receiver: Receiver) -> None:
    night.method("dana", "webhook", f"{receiver.url}/hook")
    storm(night, 7)
    assert len([one for one in receiver.received if one.json["type"] == "page.opened"]) == 7


def test_one_tap_takes_all_that_the_message_told_of(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    storm(night, 7)
    night.pass_time(seconds=31)
    (told,) = [mail for mail in smtp.to("dana@example.com") if mail.subject.startswith("4 pages")]
    token = told.links[0].rsplit("/", 1)[1]
    opened = night.database.read(lambda c: queries.open_link(c, token))
    assert opened.actor is not None
    actor = opened.actor
    done, more = night.write(lambda c, now: usecases.acknowledge_as_told(c, actor, opened.page.id, now, via="link"))
    assert (done.yours, more) == (True, 3)
    kept = night.database.read(lambda c: told_with(c, opened.page.id, "dana", taken=True))
    assert len(kept) == 3
    assert night.database.read(lambda c: told_with(c, opened.page.id, "dana")) == []
    by_state = [page.state for page in night.pages()]
    assert (by_state.count("acknowledged"), by_state.count("open")) == (4, 3)


def test_passing_on_passes_on_all_that_the_message_told_of(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    storm(night, 8)
    night.pass_time(seconds=31)
    (told,) = [mail for mail in smtp.to("dana@example.com") if mail.subject.startswith("5 pages")]
    token = told.links[0].rsplit("/", 1)[1]
    opened = night.database.read(lambda c: queries.open_link(c, token))
    actor = opened.actor
    assert actor is not None
    passed = night.write(lambda c, now: usecases.pass_on_as_told(c, actor, opened.page.id, now, reason="in the air"))
    assert passed == 4
    detail = [night.database.read(lambda c, id=page.id: queries.page_detail(c, SYSTEM, id)) for page in night.pages()]
    asked = sorted(sum(line.event == "passed_on" for line in each.log) for each in detail)
    assert asked == [0, 0, 0, 1, 1, 1, 1, 1], "the three that came by themselves stay with her"


def test_a_reply_by_text_takes_all_that_the_text_told_of(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "sms", DANA)
    twilio.created.clear()
    storm(night, 6)
    night.pass_time(seconds=31)
    (told,) = [made for made in twilio.created if "3 pages" in made.fields["Body"]]
    assert texted(night, code_of(told)).endswith("3 more open.")
    by_state = [page.state for page in night.pages()]
    assert (by_state.count("acknowledged"), by_state.count("open")) == (3, 3)


def test_a_phone_rings_once_for_a_crowd(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "voice", DANA)
    twilio.created.clear()
    storm(night, 5)
    assert len(twilio.created) == 1
    night.pass_time(seconds=31)
    assert len(twilio.created) == 2
    url = twilio.created[1].status_url
    fields = {"CallStatus": "no-answer"}
    assert post(night, url, fields, signed(url, fields)).is_success
    night.settle()
    lost = [page for page in night.pages() if receipts(night, page.id, "undelivered")]
    assert len(lost) == 4, "all that the call told of goes another way"


def test_a_message_that_fails_lets_each_go_by_itself_to_the_next_method(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    night.mail("dana")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    storm(night, 6)
    smtp.refuse()
    night.pass_time(minutes=2)
    assert len(pages_by_mail(smtp, "dana")) == 3
    told = " ".join(f"{each['title']} {each['message']}" for each in ntfy.messages("dana-phone"))
    waiting = [page.title for page in night.pages() if ("dana", None) not in receipts(night, page.id)[:1]]
    assert all(title in told for title in waiting)
    assert all(receipts(night, page.id) for page in night.pages())


def test_whoever_has_a_second_method_is_not_told_by_it_what_the_first_will_tell(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    night.mail("dana")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    storm(night, 12)
    night.pass_time(minutes=4)
    assert len(pages_by_mail(smtp, "dana")) == 4
    assert ntfy.messages("dana-phone") == []


def test_what_is_refused_for_the_moment_comes_together_all_the_same_and_soon(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    storm(night, 9)
    smtp.refuse_for_now()
    night.pass_time(seconds=31)
    smtp.accept()
    night.pass_time(seconds=20)
    told = " ".join(f"{mail.subject} {mail.text}" for mail in smtp.to("dana@example.com"))
    assert all(f"Shop {n} is failing" in told for n in range(1, 10))
    assert len(smtp.to("dana@example.com")) <= 5
    assert all(len(receipts(night, page.id)) == 1 for page in night.pages())


def test_a_restricted_page_among_others_shows_nothing_of_itself(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    groups = storm(night, 6)
    incident(night, "secret", restricted=True)
    hidden = [page for page in night.pages() if not receipts(night, page.id)][:2]
    assert len(groups) == 6
    for page in hidden:
        group = str(page.group_id)
        night.write(lambda c, now, group=group: usecases.link_pages_to_incident(c, [group], "secret", True, False, now))
    night.pass_time(seconds=31)
    (told,) = [mail for mail in smtp.to("dana@example.com") if "3 pages" in mail.subject]
    assert not any(page.title in told.subject + told.text for page in hidden)
    assert told.text.count("(critical)") == 1, "of a restricted one not even how bad it is"


def test_who_dies_while_sending_loses_nothing(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    storm(night, 9)
    night.clock.advance(TOGETHER_AFTER)

    def begin(connection: Any, now: datetime) -> list[Any]:
        sender = night.registry.senders["page"]
        return [
            (one.delivery, sender.prepare(connection, one.delivery, now))
            for one in claim_deliveries(connection, "smtp", ["page"], "doomed", now, 50)
        ]

    ((_, prepared),) = night.write(begin)  # and here the process dies
    assert len(prepared["with"]) == 5
    night.pass_time(minutes=4)
    told = " ".join(mail.text + mail.subject for mail in smtp.to("dana@example.com"))
    assert all(f"Shop {n} is failing" in told for n in range(1, 10))
    assert all(receipts(night, page.id) for page in night.pages())


def test_a_storm_that_is_over_is_told_as_few_times(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    groups = storm(night, 9)
    night.pass_time(seconds=31)
    before = len(pages_by_mail(smtp, "dana"))
    for group in groups:
        night.change_group(group, state="closed", firing=0, loud=0)
    night.pass_time(seconds=31)
    ends = pages_by_mail(smtp, "dana")[before:]
    assert len(ends) == 4
    assert ends[3].startswith("Over: 6 pages: Shop ")
    text = " ".join(f"{mail.subject} {mail.text}" for mail in smtp.to("dana@example.com")[before:])
    assert all(f"Shop {n} is failing" in text for n in range(1, 10))
    night.pass_time(minutes=5)
    assert len(pages_by_mail(smtp, "dana")) == before + 4


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60).map(sorted))
def test_nobody_waits_longer_than_half_a_minute_and_few_messages_go(seconds: list[int]) -> None:
    crowd = Crowd()
    alone, together = [], set()
    for second in seconds:
        now = START + timedelta(seconds=second)
        at = crowd.goes_at("dana", "email", now)
        assert now <= at <= now + TOGETHER_AFTER
        if at == now:
            alone.append(at)
        else:
            together.add(at)
    for begin in (*alone, *together):
        assert sum(begin <= at < begin + WINDOW for at in (*alone, *together)) <= 5


def test_each_person_method_and_kind_is_counted_by_itself() -> None:
    crowd = Crowd()
    for key in ("dana", "kofi"):
        assert [crowd.goes_at(key, "ntfy", START) for _ in range(3)] == [START] * 3
    assert crowd.goes_at("dana", "ntfy", START) == START + TOGETHER_AFTER
    assert [crowd.goes_at("ines", "webhook", START) for _ in range(50)] == [START] * 50
    assert crowd.goes_at("ravi", "voice", START) == START
    assert crowd.goes_at("ravi", "voice", START) == START + TOGETHER_AFTER
