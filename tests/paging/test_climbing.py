"""A page goes on until somebody has it, its cause is gone, or an operator ends it; never faster than a person can answer."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.paging.conftest import Night, pages_by_mail
from tests.standins.smtp import SmtpStandin
from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import SYSTEM
from tocsin.paging import queries, usecases
from tocsin.store.tables.engine import deadlines, deliveries


def test_a_firing_group_pages_who_is_on_call_at_once(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    night.group()
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"]
    assert night.log() == [
        ("opened", None),
        ("step", "dana"),
        ("attempt", "dana"),
        ("attempt", "dana"),
        ("receipt", "dana"),
    ]
    assert [line for line in night.printed if "Dana Reyes" in line and "https://tocsin.example/p/" in line]


def test_nobody_acknowledges_so_it_climbs_to_the_last_resort_and_does_not_stop(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ada")
    night.group()
    start = night.clock.now()
    night.pass_time(hours=2)
    detail = night.database.read(lambda c: queries.page_detail(c, SYSTEM, night.page().id))
    steps = [((line.at - start) // timedelta(minutes=1), line.person) for line in detail.log if line.event == "step"]
    assert steps == [
        (0, "dana"),
        (5, "kofi"),
        (15, "dana"),
        (20, "kofi"),
        (30, "ada"),
        (45, "ada"),
        (60, "ada"),
        (75, "ada"),
        (90, "ada"),
        (105, "ada"),
        (120, "ada"),
    ]
    assert len(pages_by_mail(smtp, "ada")) == 7
    assert "last resort" in smtp.to("ada@example.com")[-1].text


def test_who_acknowledges_ends_the_climb(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    assert night.acknowledge("dana").yours
    night.write(lambda c, now: usecases.note_on_page(c, night.actor("dana"), night.page().id, "The card network.", now))
    night.pass_time(hours=3)
    assert pages_by_mail(smtp, "kofi") == []
    assert night.page().state == "acknowledged"


def test_a_gap_passes_to_the_next_step_at_once(night: Night, smtp: SmtpStandin) -> None:
    night.mail("kofi")
    night.group("gappy")
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"]
    assert night.texts("skipped") == ["schedule 'empty': nobody is on call"]


def test_a_person_with_no_verified_method_does_not_hold_the_page_up(night: Night, smtp: SmtpStandin) -> None:
    night.mail("kofi")
    night.write(lambda c, now: usecases.add_method(c, night.actor("dana"), "dana", "email", "dana@example.com", now))
    night.group()
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"]
    assert [subject[:9] for subject in pages_by_mail(smtp, "dana")] == ["Your code"]
    assert ("attempt", "dana") in night.log(), "the screen is there all the same"


def test_when_no_step_reaches_anyone_the_last_resort_is_paged_at_once(night: Night, smtp: SmtpStandin) -> None:
    night.mail("ada")
    night.group("nobody")
    assert pages_by_mail(smtp, "ada") == ["Checkout is failing"]
    night.pass_time(minutes=31)
    assert len(pages_by_mail(smtp, "ada")) == 3


def test_with_nothing_configured_the_last_resort_gets_it_on_screen_and_by_the_address_in_the_files(
    night: Night, smtp: SmtpStandin
) -> None:
    night.group()
    assert sorted(line.split("\n")[0] for line in night.printed) == [
        "PAGE for Ada Okafor: Checkout is failing",
        "PAGE for Dana Reyes: Checkout is failing",
        "PAGE for Kofi Mensah: Checkout is failing",
    ]
    assert pages_by_mail(smtp, "ada") == ["Checkout is failing"]


def test_tocsin_was_away_two_hours_and_no_ladder_is_burnt(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ada")
    night.group()
    night.away(hours=2)
    night.settle()
    assert [person for _, person in night.log("step")] == ["dana", "kofi"], "one step, not the whole ladder"
    night.pass_time(minutes=9)
    assert [person for _, person in night.log("step")] == ["dana", "kofi"], "counted from when it was carried out"
    night.pass_time(minutes=2)
    assert [person for _, person in night.log("step")] == ["dana", "kofi", "dana"]


def test_who_is_on_call_is_asked_at_the_moment_of_the_step(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ravi")
    night.group()
    from tests.paging.conftest import ORGANISATION
    from tocsin.organisation.usecases import ApplyFiles, apply_files

    changed = ORGANISATION.replace("people: [dana]", "people: [ravi]").replace("{person: kofi}", "{person: ada}")
    night.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"organisation.yaml": changed}), now))
    night.pass_time(minutes=16)
    assert [person for _, person in night.log("step")] == ["dana", "kofi", "ravi"], "people of now, policy of then"


def test_acknowledged_and_nothing_done_for_half_an_hour_begins_again(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    night.acknowledge("dana")
    night.pass_time(minutes=29)
    assert night.page().state == "acknowledged"
    night.pass_time(minutes=2)
    page = night.page()
    assert (page.state, page.reopened, page.step) == ("open", 1, 0)
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"] * 2
    night.pass_time(minutes=5)
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"], "it climbs again from step 1"


def test_acknowledged_and_resolved_does_not_begin_again(night: Night) -> None:
    night.mail("dana")
    group = night.group()
    night.acknowledge("dana")
    night.change_group(group, state="closing", firing=0, loud=0)
    night.pass_time(hours=1)
    assert (night.page().state, night.page().reopened) == ("acknowledged", 0)


def test_a_group_that_gets_worse_pages_again(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    group = night.group(severity="warning")
    night.acknowledge("dana")
    night.change_group(group, severity="critical", worse=1, title="Checkout is down")
    assert night.page().state == "open"
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing", "Checkout is down"]
    night.acknowledge("dana")
    night.change_group(group, total=2, firing=2, loud=2)
    assert night.page().state == "acknowledged", "no worse than it was"


def test_in_the_flap_window_it_does_not_climb_and_at_its_end_everyone_is_told(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    group = night.group()
    night.pass_time(minutes=6)
    night.change_group(group, state="closing", firing=0, loud=0)
    night.pass_time(minutes=30)
    assert [person for _, person in night.log("step")] == ["dana", "kofi"]
    night.change_group(group, state="closed")
    assert night.page().state == "ended"
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing", "Over: Checkout is failing"]
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing", "Over: Checkout is failing"]
    _, over = smtp.to("kofi@example.com")[-2:]
    assert over.text.startswith("Over") and "Its alerts are resolved" in over.text
    assert night.log("told_over") == [("told_over", "dana"), ("told_over", "kofi")]


def test_firing_again_in_the_flap_window_climbs_on(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    group = night.group()
    night.change_group(group, state="closing", firing=0, loud=0)
    night.pass_time(minutes=10)
    night.change_group(group, state="open", firing=1, loud=1)
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"]
    assert [event for event, _ in night.log("paused", "resumed")] == ["paused", "resumed"]


def test_who_calls_it_over_has_its_page_and_everyone_is_told_who_did(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    group = night.group()
    night.pass_time(minutes=6)
    night.change_group(group, state="closing", firing=0, loud=0, resolved_by="kofi")
    assert (night.page().state, night.page().acknowledged_by) == ("acknowledged", "kofi")
    assert ("acknowledged", "kofi") in night.log("acknowledged")
    night.change_group(group, state="open", firing=1, loud=1, resolved_by=None)
    night.pass_time(minutes=20)
    assert len(pages_by_mail(smtp, "kofi")) == 1, "it fires again, and he has it"
    night.change_group(group, state="closing", firing=0, loud=0, resolved_by="dana")
    assert night.page().acknowledged_by == "kofi", "who has it keeps it"
    night.change_group(group, state="closed")
    over = smtp.to("dana@example.com")[-1]
    assert over.text.startswith("Over") and "Dana Reyes called its alerts over" in over.text


def test_what_nothing_was_heard_of_says_so(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    group = night.group()
    night.change_group(group, state="closing", firing=0, loud=0, resolved_by="unheard", resolve_seconds=7200)
    assert night.page().state == "open", "nobody took it"
    night.change_group(group, state="closed")
    assert "nothing was heard of its alerts for 2 hours" in smtp.to("dana@example.com")[-1].text.lower()


def test_a_snoozed_page_is_quiet_until_its_time_and_then_begins_again(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    page, until = night.page().id, night.clock.now() + timedelta(hours=1)
    night.write(lambda c, now: usecases.snooze_page(c, night.actor("dana"), page, until, now, reason="known"))
    night.pass_time(minutes=59)
    assert pages_by_mail(smtp, "kofi") == []
    night.pass_time(minutes=2)
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"] * 2

    def snooze(until: datetime) -> None:
        night.write(lambda c, now: usecases.snooze_page(c, night.actor("dana"), page, until, now))

    for wrong in (night.clock.now(), night.clock.now() + timedelta(days=8)):
        with pytest.raises(Invalid):
            snooze(wrong)


@pytest.mark.parametrize("quiet", ["snoozed", "silenced"])
def test_a_quiet_group_pages_when_it_is_loud_again(night: Night, smtp: SmtpStandin, quiet: str) -> None:
    night.mail("dana", "kofi")
    until = night.clock.now() + timedelta(hours=1)
    group = night.group(**({"snoozed_until": until} if quiet == "snoozed" else {"loud": 0}))
    assert night.pages() == []
    night.change_group(group, snoozed_until=None, loud=1)
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"]
    night.change_group(group, **({"snoozed_until": until} if quiet == "snoozed" else {"loud": 0}))
    night.pass_time(minutes=30)
    assert pages_by_mail(smtp, "kofi") == []
    night.change_group(group, snoozed_until=None, loud=1)
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"]


def test_passed_on_goes_to_the_next_step_now(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    night.acknowledge("dana")
    night.write(lambda c, now: usecases.pass_on_page(c, night.actor("dana"), night.page().id, now, reason="on a train"))
    night.settle()
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"]
    assert night.page().state == "open"
    night.acknowledge("kofi")
    assert night.page().acknowledged_by == "kofi"


def test_an_operator_ends_a_page_with_a_reason_and_it_stays_ended_unless_worse(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    group = night.group()
    page = night.page().id
    with pytest.raises(Invalid):
        night.write(lambda c, now: usecases.end_page(c, night.actor("ada"), page, " ", now))
    night.write(lambda c, now: usecases.end_page(c, night.actor("ada"), page, "planned work", now))
    night.settle()
    assert pages_by_mail(smtp, "dana")[-1] == "Over: Checkout is failing"
    with pytest.raises(Conflict, match="planned work"):
        night.acknowledge("dana")
    night.change_group(group, total=2, firing=2, loud=2)
    assert len(night.pages()) == 1
    night.change_group(group, worse=1)
    assert len(night.pages()) == 2


def test_what_only_notifies_is_told_once_and_does_not_climb(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ada")
    group = night.group(urgency="notify")
    night.pass_time(hours=2)
    assert len(pages_by_mail(smtp, "dana")) == 1
    assert pages_by_mail(smtp, "kofi") == []
    night.change_group(group, urgency="page", worse=1)
    night.pass_time(minutes=6)
    assert (len(pages_by_mail(smtp, "dana")), len(pages_by_mail(smtp, "kofi"))) == (2, 1)


def test_a_look_that_is_asked_twice_pages_once(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    group = night.group()
    for _ in range(3):
        night.change_group(group, changed_at=night.clock.now())
    assert len(night.pages()) == 1
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"]


def test_nothing_is_left_waiting_when_a_page_has_ended(night: Night) -> None:
    night.mail("dana", "kofi")
    group = night.group()
    night.change_group(group, state="closed")
    left = night.database.read(
        lambda c: (
            c.execute(select(deadlines.c.kind).where(deadlines.c.state == "waiting")).scalars().all(),
            c.execute(select(deliveries.c.kind).where(deliveries.c.state == "waiting")).scalars().all(),
        )
    )
    assert left == ([], [])
