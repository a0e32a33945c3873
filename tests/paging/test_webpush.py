"""Pages as notifications of a browser that subscribed."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paging.conftest import PUBLIC_URL, Night
from tests.standins.pushservice import PushServiceStandin
from tests.standins.smtp import SmtpStandin
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.webpush import Subscription, WebPush, public_key
from tocsin.clock import SimulatedClock
from tocsin.errors import Invalid, NotFound
from tocsin.identity.keys import Keys
from tocsin.paging import usecases
from tocsin.paging.methods import kind_named
from tocsin.paging.queries.live import open_link
from tocsin.paging.services import Services
from tocsin.paging.usecases.contact import list_methods, renew_subscription
from tocsin.store.database import Database

SECRET = b"s" * 32
KEY = public_key(SECRET)


@pytest.fixture
def service(clock: SimulatedClock) -> Iterator[PushServiceStandin]:
    standin = PushServiceStandin(clock.now)
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin) -> Iterator[Night]:
    def services(http: GuardedHttp) -> Services:
        return Services(PUBLIC_URL, webpush=WebPush(http, SECRET, "mailto:pager@tocsin.example"))

    made = Night(database, clock, smtp, services)
    yield made
    made.close()


def test_a_page_comes_as_a_notification_that_can_answer(night: Night, service: PushServiceStandin) -> None:
    night.method("dana", "webpush", service.subscribe(KEY))
    night.group()
    ((told, headers),) = service.told
    assert (told["kind"], told["title"], told["urgent"]) == ("page", "Checkout is failing", True)
    assert headers["urgency"] == "high"
    assert headers["topic"] == told["tag"]
    opened = night.database.read(lambda c: open_link(c, told["token"]))
    assert (opened.person_id, opened.page.id) == ("dana", night.page().id)
    assert night.texts("receipt")


def test_a_later_word_about_the_same_page_replaces_the_notification(night: Night, service: PushServiceStandin) -> None:
    night.method("dana", "webpush", service.subscribe(KEY))
    night.group()
    night.write(lambda c, now: usecases.end_page(c, night.actor("kofi"), night.page().id, "fixed", now))
    night.settle()
    (page, _), (over, _) = service.told
    assert (page["tag"], over["kind"]) == (over["tag"], "over")


def test_a_browser_that_unsubscribed_gives_way_and_has_to_be_proved_again(
    night: Night, service: PushServiceStandin, smtp: SmtpStandin
) -> None:
    night.method("dana", "webpush", service.subscribe(KEY))
    night.mail("dana")
    service.gone.add("b0")
    night.group()
    assert "has unsubscribed" in str(night.texts("failed")[0])
    assert smtp.to("dana@example.com")
    (method, _) = night.database.read(lambda c: list_methods(c, night.actor("dana"), "dana"))
    assert method.verified_at is None
    told = [mail.subject for mail in smtp.to("dana@example.com")]
    assert "Pages reach you no more by Notification" in told
    night.group()
    night.pass_time(minutes=1)
    gone = [page for page in night.pages() if page.subject_id.startswith("method-gone:")]
    assert [page.urgency for page in gone] == ["notify"], "told once"


def test_a_subscription_of_another_installation_is_refused_for_good(
    night: Night, service: PushServiceStandin, smtp: SmtpStandin
) -> None:
    night.method("dana", "webpush", service.subscribe(public_key(b"t" * 32)))
    night.mail("dana")
    night.group()
    assert "another application server key" in str(night.texts("failed")[0])
    assert smtp.to("dana@example.com")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_push_service_in_trouble_is_tried_again(night: Night, service: PushServiceStandin, status: int) -> None:
    night.method("dana", "webpush", service.subscribe(KEY))
    service.answer_with(status)
    night.group()
    service.answer_with(201)
    seen = len(service.told)
    night.pass_time(seconds=10)
    assert len(service.told) > seen


def test_however_long_the_text_it_fits(night: Night, service: PushServiceStandin) -> None:
    night.method("dana", "webpush", service.subscribe(KEY))
    night.group(title="é" * 500, services=["ü" * 60] * 100)
    assert service.told
    assert not service.refused


def test_the_code_comes_so_that_the_browser_can_enter_it(night: Night, service: PushServiceStandin) -> None:
    added = night.write(
        lambda c, now: usecases.add_method(c, night.actor("dana"), "dana", "webpush", service.subscribe(KEY), now)
    )
    night.settle()
    ((told, _),) = service.told
    assert told["kind"] == "code"
    night.write(lambda c, now: usecases.verify_method(c, night.actor("dana"), added.id, told["code"], now))
    (method,) = night.database.read(lambda c: list_methods(c, night.actor("dana"), "dana"))
    assert method.verified_at
    assert method.target == "by 127.0.0.1"


def test_a_renewed_subscription_follows_its_browser(night: Night, service: PushServiceStandin) -> None:
    old, new = service.subscribe(KEY), service.subscribe(KEY)
    night.method("dana", "webpush", old)
    night.write(lambda c, now: renew_subscription(c, old, new, now))
    service.gone.add("b0")
    night.group()
    assert service.told
    stranger = json.loads(old)
    stranger["keys"]["auth"] = "A" * 22
    with pytest.raises(NotFound):
        night.write(lambda c, now: renew_subscription(c, json.dumps(stranger), new, now))


def odd_subscriptions() -> st.SearchStrategy[str]:
    good = json.loads(PushServiceStandin(lambda: None).subscribe(KEY))  # type: ignore[arg-type,return-value]
    odd = st.none() | st.integers() | st.text(max_size=30) | st.just([]) | st.just({}) | st.just("http://10.0.0.1/x")
    return st.one_of(
        st.text(max_size=50),
        st.builds(lambda value: json.dumps({**good, "endpoint": value}), odd),
        st.builds(lambda value: json.dumps({**good, "keys": value}), odd),
        st.builds(lambda value: json.dumps({**good, "keys": {**good["keys"], "p256dh": value}}), odd),
        st.builds(lambda value: json.dumps({**good, "keys": {**good["keys"], "auth": value}}), odd),
    )


@given(odd_subscriptions())
def test_what_no_browser_says_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        kind_named("webpush").check(text)


def test_what_a_browser_says_is_kept_as_it_is(service: PushServiceStandin) -> None:
    said = service.subscribe(KEY)
    kept = kind_named("webpush").check(said)
    assert Subscription.parse(kept) == Subscription.parse(said)


def test_the_key_outlives_a_rotation_of_the_installations_key() -> None:
    before = Keys.generate()
    after = Keys((*Keys.generate().secrets_by_id, *before.secrets_by_id))
    assert public_key(after.lasting("vapid")) == public_key(before.lasting("vapid"))
