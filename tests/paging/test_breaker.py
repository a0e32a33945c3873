"""A provider that is down is asked last, and is asked first again once it is back."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.paging.conftest import Night, pages_by_mail
from tests.standins.receiver import NtfyStandin
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.paging.breaker import Breaker


def push_then_mail(night: Night, ntfy: NtfyStandin) -> None:
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    night.mail("dana")


def arrived(ntfy: NtfyStandin) -> list[str]:
    return [request.json["title"] for request in ntfy.received]


def test_after_three_failures_the_next_method_goes_at_once(night: Night, smtp: SmtpStandin, ntfy: NtfyStandin) -> None:
    push_then_mail(night, ntfy)
    ntfy.answer_with(503)
    night.group()
    assert pages_by_mail(smtp, "dana") == [], "one failure is worth another try"
    night.pass_time(seconds=6)
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"], "not only after half a minute"


def test_the_next_page_goes_by_what_works_first(night: Night, smtp: SmtpStandin, ntfy: NtfyStandin) -> None:
    push_then_mail(night, ntfy)
    ntfy.answer_with(503)
    night.group()
    night.pass_time(seconds=6)
    night.group(title="Payments are slow")
    assert pages_by_mail(smtp, "dana")[-1] == "Payments are slow"
    ntfy.answer_with(200)
    night.pass_time(minutes=3)
    night.group(title="Search is slow")
    assert arrived(ntfy)[-1] == "Search is slow", "two minutes later it is tried again"


def test_what_is_down_still_gets_it_when_nothing_else_is_there(night: Night, ntfy: NtfyStandin) -> None:
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    ntfy.answer_with(503)
    night.group()
    night.pass_time(seconds=6)
    ntfy.answer_with(200)
    night.pass_time(seconds=30)
    assert arrived(ntfy) == ["Checkout is failing"]


def test_wrong_addresses_do_not_shut_out_a_provider_that_works(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    push_then_mail(night, ntfy)
    ntfy.answer_with(404)
    for title in ("one", "two", "three", "four"):
        night.group(title=title)
    ntfy.answer_with(200)
    night.group(title="five")
    assert arrived(ntfy) == ["five"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200)), max_size=20))
def test_it_is_open_after_three_failures_in_a_row_for_two_minutes(history: list[tuple[bool, int]]) -> None:
    breaker, clock = Breaker(), SimulatedClock()
    row, last = 0, clock.now()
    for works, seconds in history:
        clock.advance(timedelta(seconds=seconds))
        if works:
            breaker.took("sms")
            row = 0
        else:
            breaker.failed("sms", clock.now())
            row, last = row + 1, clock.now()
        assert breaker.is_open("sms", clock.now()) == (row >= 3)
        assert not breaker.is_open("mail", clock.now())
    assert not breaker.is_open("sms", last + timedelta(minutes=2))
