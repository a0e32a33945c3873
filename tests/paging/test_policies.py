"""What a policy's steps may ask for: one after the other, a fallback, a webhook, some severities alone."""

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest

from tests.paging.conftest import ORGANISATION, Night, pages_by_mail
from tests.standins.receiver import Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.identity.actor import SYSTEM
from tocsin.identity.keys import KEYS, Keys
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.paging.methods.webhook import policy_secrets

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


def test_a_policys_webhook_is_signed_with_a_secret_of_each_key(night: Night, hook: Receiver) -> None:
    keys = night.database.context[KEYS]
    assert isinstance(keys, Keys)
    both = Keys((*Keys.generate().secrets_by_id, *keys.secrets_by_id))
    night.database.context[KEYS] = both
    url = f"{hook.url}/bridge"
    with_steps(night, f'{{webhooks: ["{url}"], wait: 5m}}')
    night.group()
    (request,) = hook.received
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = [
        hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        for secret in policy_secrets(both, url)
    ]
    assert len(set(expected)) == 2
    assert request.headers["webhook-signature"].split() == [
        f"v1,{base64.b64encode(each).decode()}" for each in expected
    ]
    assert policy_secrets(keys, url)[0] == policy_secrets(both, url)[1], "a receiver that knows the old one still does"
    assert policy_secrets(both, url + "2") != policy_secrets(both, url)


def test_a_step_for_critical_alone_is_passed_over_for_a_warning_and_the_record_says_so(
    night: Night, smtp: SmtpStandin
) -> None:
    with_steps(night, "{page: [{person: dana}], only: {severities: [critical]}}, {page: [{person: kofi}]}")
    night.mail("dana", "kofi")
    night.group(severity="warning")
    assert (pages_by_mail(smtp, "dana"), pages_by_mail(smtp, "kofi")) == ([], ["Checkout is failing"])
    assert night.texts("skipped") == ["the step is only for critical; this is warning"]
