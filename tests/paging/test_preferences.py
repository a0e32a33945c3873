"""Each person's own rules: which method at which hour for how bad a thing, and what no rule can keep quiet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.paging.conftest import Night, pages_by_mail
from tests.standins.receiver import NtfyStandin
from tests.standins.smtp import SmtpStandin
from tocsin import wallclock
from tocsin.errors import Forbidden, Invalid
from tocsin.identity.actor import Right
from tocsin.paging import usecases
from tocsin.paging.preferences import SEVERITIES, Rule, choose

UTC_ZONE, LAGOS = wallclock.zone("UTC"), wallclock.zone("Africa/Lagos")
QUIET = {"hours": "22:00-07:00", "severities": ["error", "warning", "info"]}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


def rules_are(night: Night, who: str, *rules: dict[str, Any]) -> None:
    made = [Rule.model_validate(rule) for rule in rules]
    night.write(lambda c, now: usecases.set_rules(c, night.actor(who), who, made, now))


def clock_shows(night: Night, hour: int) -> None:
    now = night.clock.now()
    night.clock.set((now + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0))


def test_in_quiet_hours_a_warning_goes_to_the_next_person_and_the_log_says_why(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    rules_are(night, "dana", QUIET)
    clock_shows(night, 23)
    night.group(severity="warning")
    assert pages_by_mail(smtp, "dana") == []
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"]
    assert night.texts("skipped") == ["their own rule: quiet from 22:00 to 07:00, for error, warning and info"]


@pytest.mark.parametrize("severity", ["critical", "sev1", ""])
def test_what_is_critical_or_sev1_or_does_not_say_pierces_quiet_hours(
    night: Night, smtp: SmtpStandin, severity: str
) -> None:
    night.mail("dana")
    rules_are(night, "dana", {**QUIET, "severities": []})
    clock_shows(night, 23)
    night.group(severity=severity)
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"]


def test_by_day_the_quiet_rule_does_not_fit(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    rules_are(night, "dana", QUIET)
    clock_shows(night, 12)
    night.group(severity="warning")
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"]


def test_the_last_resort_has_no_quiet_hours(night: Night, smtp: SmtpStandin) -> None:
    night.mail("ada")
    rules_are(night, "ada", {"hours": "", "severities": [], "methods": []})
    night.group(severity="warning", policy="nobody")
    assert pages_by_mail(smtp, "ada") == ["Checkout is failing"]


def test_a_rule_chooses_the_methods_and_their_order(night: Night, smtp: SmtpStandin, ntfy: NtfyStandin) -> None:
    mail = night.method("dana", "email", "dana@example.com")
    push = night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    rules_are(night, "dana", {"severities": ["warning"], "methods": [push]}, {"methods": [push, mail]})
    night.group(severity="warning")
    assert len(ntfy.messages("dana-phone")) == 1
    ntfy.answer_with(400)
    night.group(severity="error", title="Payments are slow")
    assert pages_by_mail(smtp, "dana") == ["Payments are slow"]


def test_a_rule_whose_methods_are_gone_leaves_nobody_unreachable(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    push = night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    rules_are(night, "dana", {"methods": [push]})
    night.write(lambda c, now: usecases.remove_method(c, night.actor("dana"), push, now))
    night.mail("dana")
    night.group()
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"]


def test_one_sets_one_s_own_rules_with_one_s_own_methods(night: Night) -> None:
    theirs = night.method("kofi", "email", "kofi@example.com")
    with pytest.raises(Invalid, match="none of this person's methods"):
        rules_are(night, "dana", {"methods": [theirs]})
    rule = Rule(hours="1:00-2:00")
    with pytest.raises(Forbidden):
        night.write(lambda c, now: usecases.set_rules(c, night.actor("dana"), "kofi", [rule], now))
    boss = night.actor("ada", Right.MANAGER)
    night.write(lambda c, now: usecases.set_rules(c, boss, "kofi", [rule], now))
    found = night.database.read(lambda c: usecases.list_rules(c, night.actor("kofi"), "kofi"))
    assert [one.hours for one in found] == ["01:00-02:00"]


@pytest.mark.parametrize("hours", ["22-7", "24:00-07:00", "07:00-07:00", "night", "22:00-07:00, 12:00-13:00"])
def test_a_span_that_is_none_is_refused(hours: str) -> None:
    with pytest.raises(ValidationError, match=r"22:00-07:00|whole day"):
        Rule(hours=hours)


def test_hours_are_the_person_s_own_clock() -> None:
    quiet = [Rule(hours="22:00-07:00")]
    assert choose(quiet, ["mail"], "info", at(21, 30), UTC_ZONE, pierces=False).methods == ("mail",)
    assert choose(quiet, ["mail"], "info", at(21, 30), LAGOS, pierces=False).methods == ()


@pytest.mark.parametrize(("hour", "fits"), [(21, False), (22, True), (0, True), (6, True), (7, False), (12, False)])
def test_a_span_begins_with_its_first_minute_and_ends_before_its_last(hour: int, fits: bool) -> None:
    assert (
        choose([Rule(hours="22:00-07:00")], ["a"], "info", at(hour), UTC_ZONE, pierces=False).quiet is not None
    ) == fits


some_rules = st.lists(
    st.builds(
        Rule,
        hours=st.sampled_from(["", "22:00-07:00", "09:00-17:00"]),
        severities=st.lists(st.sampled_from(SEVERITIES), unique=True).map(tuple),
        methods=st.lists(st.sampled_from("abcx"), unique=True).map(tuple),
    ),
    max_size=5,
)


@given(
    some_rules,
    st.lists(st.sampled_from("abc"), unique=True),
    st.sampled_from([*SEVERITIES, "sev1", "sev2", None]),
    st.integers(0, 23),
)
def test_whatever_the_rules_say_nobody_is_left_without_a_reason_and_what_pierces_rings(
    rules: list[Rule], usable: list[str], severity: str | None, hour: int
) -> None:
    chosen = choose(rules, usable, severity, at(hour), UTC_ZONE, pierces=False)
    assert set(chosen.methods) <= set(usable)
    assert bool(chosen.methods) or not usable or chosen.quiet
    for pierces, bad in ((True, severity), (False, "critical"), (False, "sev1"), (False, None)):
        assert bool(choose(rules, usable, bad, at(hour), UTC_ZONE, pierces=pierces).methods) == bool(usable)
