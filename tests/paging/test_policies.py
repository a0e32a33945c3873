"""What a policy's steps may ask for: one after the other, a fallback, a webhook, some severities alone."""

from collections.abc import Iterator

import pytest

from tests.paging.conftest import ORGANISATION, Night, pages_by_mail
from tests.standins.receiver import Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.identity.actor import SYSTEM
from tocsin.organisation.usecases import ApplyFiles, apply_files

TEAM = "teams:\n  payments: {name: Payments, members: [dana, kofi, ravi]}\n"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    receiver = Receiver().start()
    yield receiver
    receiver.stop()


def with_steps(night: Night, steps: str, **more: str) -> None:
    policy = f"policies:\n  checkout:\n    name: Checkout\n    steps: [{steps}]\n"
    policy += "".join(f"    {name}: {value}\n" for name, value in {"repeat": "0", **more}.items())
    before, _, rest = ORGANISATION.partition("policies:")
    texts = {"organisation.yaml": before + TEAM + policy + "organisation:" + rest.partition("organisation:")[2]}
    night.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles(texts), now))


def test_a_team_takes_pages_one_after_the_other(night: Night, smtp: SmtpStandin) -> None:
    with_steps(night, "{page: [{team: payments}], pick: round_robin, wait: 1h}")
    night.mail("dana", "kofi", "ravi")
    for title in ("one", "two", "three", "four"):
        night.group(title=title, key=title)
        night.pass_time(minutes=1)
    reached = {who: pages_by_mail(smtp, who) for who in ("dana", "kofi", "ravi")}
    assert reached == {"dana": ["one", "four"], "kofi": ["two"], "ravi": ["three"]}


def test_the_fallback_is_paged_at_once_in_place_of_a_gap(night: Night, smtp: SmtpStandin) -> None:
    with_steps(night, "{page: [{schedule: empty}]}", fallback="[{person: ravi}]")
    night.mail("ravi")
    night.group()
    assert pages_by_mail(smtp, "ravi") == ["Checkout is failing"]
    assert night.texts("skipped") == ["schedule 'empty': nobody is on call"]


def test_a_webhook_is_told_of_the_page_and_of_its_end_and_the_step_waits(night: Night, hook: Receiver) -> None:
    with_steps(night, f'{{webhooks: ["{hook.url}/bridge"], wait: 5m}}, {{page: [{{person: kofi}}]}}')
    night.mail("kofi")
    night.group()
    assert [each.json["type"] for each in hook.received] == ["page.opened"]
    assert night.log("step") == []
    night.pass_time(minutes=6)
    assert night.log("step") == [("step", "kofi")]
    night.change_group(night.page().subject_id, state="closed", firing=0)
    night.settle()
    assert [each.json["type"] for each in hook.received] == ["page.opened", "page.over"]


def test_a_step_for_critical_alone_is_passed_over_for_a_warning_and_the_record_says_so(
    night: Night, smtp: SmtpStandin
) -> None:
    with_steps(night, "{page: [{person: dana}], only: {severities: [critical]}}, {page: [{person: kofi}]}")
    night.mail("dana", "kofi")
    night.group(severity="warning")
    assert (pages_by_mail(smtp, "dana"), pages_by_mail(smtp, "kofi")) == ([], ["Checkout is failing"])
    assert night.texts("skipped") == ["the step is only for critical; this is warning"]
