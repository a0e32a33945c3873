"""Pages as messages in Slack, Telegram, Mattermost and Teams, and the buttons that answer them there."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from tests.paging.conftest import PUBLIC_URL, Night
from tests.standins.chat import (
    MATTERMOST_TOKEN,
    SLACK_SECRET,
    SLACK_TOKEN,
    TELEGRAM_SECRET,
    TELEGRAM_TOKEN,
    MattermostStandin,
    SlackStandin,
    TeamsStandin,
    TelegramStandin,
    slack_signed,
)
from tests.standins.smtp import SmtpStandin
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.mattermost import Mattermost
from tocsin.clients.slack import Slack
from tocsin.clients.telegram import Telegram
from tocsin.clock import SimulatedClock
from tocsin.errors import Invalid
from tocsin.paging import methods, usecases
from tocsin.paging.services import Services
from tocsin.store.database import Database

MEMBER, CHAT = "U024BE7LH", "123456789"


class Town:
    """The chat services."""

    def __init__(self) -> None:
        self.slack, self.telegram = SlackStandin(), TelegramStandin()
        self.mattermost, self.teams = MattermostStandin(), TeamsStandin()
        self.all = (self.slack, self.telegram, self.mattermost, self.teams)

    def services(self, http: GuardedHttp) -> Services:
        return Services(
            PUBLIC_URL,
            slack=Slack(http, SLACK_TOKEN, SLACK_SECRET, f"{self.slack.url}/api"),
            telegram=Telegram(http, TELEGRAM_TOKEN, TELEGRAM_SECRET, self.telegram.url),
            mattermost=Mattermost(http, self.mattermost.url, MATTERMOST_TOKEN),
        )


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    for standin in town.all:
        standin.start()
    yield town
    for standin in town.all:
        standin.stop()


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin, town: Town) -> Iterator[Night]:
    """Tocsin with a mail server and every chat."""
    made = Night(database, clock, smtp, town.services)
    yield made
    made.close()


def slack_pressed(
    night: Night,
    town: Town,
    action: str = "acknowledge",
    member: str = MEMBER,
    *,
    late: float = 0,
    secret: str = SLACK_SECRET,
) -> httpx.Response:
    body = town.slack.press(town.slack.posts[0], action, member)
    headers = slack_signed(body, night.clock.now().timestamp() - late, secret)
    with night.from_outside() as client:
        return client.post(f"{PUBLIC_URL}/callbacks/slack/action", content=body, headers=headers)


def telegram_update(night: Night, secret: str = TELEGRAM_SECRET, **update: object) -> httpx.Response:
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    with night.from_outside() as client:
        return client.post(f"{PUBLIC_URL}/callbacks/telegram", json={"update_id": 1, **update}, headers=headers)


def telegram_pressed(night: Night, town: Town, button: int = 0, sender: int = int(CHAT), **how: str) -> httpx.Response:
    data = town.telegram.sent[0]["reply_markup"]["inline_keyboard"][0][button]["callback_data"]
    return telegram_update(night, callback_query={"id": "77", "from": {"id": sender}, "data": data}, **how)


def test_slack_s_button_acknowledges_and_gives_way_to_the_words(night: Night, town: Town) -> None:
    night.method("dana", "slack", MEMBER)
    night.group(title="Checkout <!channel> & more")
    (post,) = town.slack.posts
    assert post["text"] == "Checkout &lt;!channel&gt; &amp; more", "it is read as mrkdwn: nobody else is called"
    assert post["channel"] == "D024BE7LH"
    assert slack_pressed(night, town).status_code == 200
    assert (night.page().acknowledged_by, night.page().acknowledged_via) == ("dana", "slack")
    (replaced,) = town.slack.replaced
    assert replaced["text"] == "You have it." and "actions" not in str(replaced["blocks"])


def test_slack_s_other_button_passes_the_page_on(night: Night, town: Town, smtp: SmtpStandin) -> None:
    night.method("dana", "slack", MEMBER)
    night.mail("kofi")
    night.group()
    slack_pressed(night, town, "pass")
    night.settle()
    assert smtp.to("kofi@example.com") and night.page().state == "open"
    assert slack_pressed(night, town, "open").status_code == 200, "a button that opens the link is only taken note of"


def test_slack_s_text_can_not_ring_a_whole_channel(night: Night, town: Town) -> None:
    night.method("dana", "slack", MEMBER)
    night.group(services=["<!channel>"])
    (section,) = [one for one in town.slack.posts[0]["blocks"] if one["type"] == "section"]
    assert "<!channel>" not in section["text"]["text"] and "&lt;!channel&gt;" in section["text"]["text"]


def test_a_button_that_somebody_else_pressed_does_not_answer_for_you(night: Night, town: Town) -> None:
    night.method("dana", "slack", MEMBER)
    night.method("kofi", "slack", "U0KOFI")
    night.group()
    slack_pressed(night, town, member="U0KOFI")
    assert night.page().state == "open"
    assert "somebody else's" in town.slack.replaced[0]["text"]


def test_what_slack_did_not_sign_or_signed_long_ago_is_refused(night: Night, town: Town) -> None:
    night.method("dana", "slack", MEMBER)
    night.group()
    assert slack_pressed(night, town, secret="another").status_code == 403
    assert slack_pressed(night, town, late=301).status_code == 403
    assert slack_pressed(night, town, late=-301).status_code == 403
    assert night.page().state == "open"
    assert slack_pressed(night, town, late=299).status_code == 200
    assert night.page().state == "acknowledged"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("user_disabled", "that member was deactivated"),
        ("invalid_auth", "TOCSIN_SLACK__BOT_TOKEN"),
        ("odd", "Slack odd"),
    ],
)
def test_what_slack_refuses_gives_way_to_mail_and_says_why(
    night: Night, town: Town, smtp: SmtpStandin, error: str, said: str
) -> None:
    night.method("dana", "slack", MEMBER)
    night.mail("dana")
    town.slack.error = error
    night.group()
    assert said in str(night.texts("failed")[0])
    assert smtp.to("dana@example.com")


def test_slack_s_own_trouble_and_its_limit_are_waited_out(night: Night, town: Town) -> None:
    night.method("dana", "slack", MEMBER)
    town.slack.limited = True
    night.group()
    town.slack.limited, town.slack.error = False, "internal_error"
    night.pass_time(seconds=3)
    town.slack.error = ""
    night.pass_time(seconds=10)
    assert len(town.slack.posts) == 1


def test_telegram_s_button_acknowledges_and_says_so(night: Night, town: Town) -> None:
    night.method("dana", "telegram", CHAT)
    night.group()
    assert town.telegram.sent[0]["text"].startswith("Checkout is failing")
    answer = telegram_pressed(night, town).json()
    assert (answer["method"], answer["text"]) == ("answerCallbackQuery", "You have it.")
    assert (night.page().acknowledged_by, night.page().acknowledged_via) == ("dana", "telegram")


def test_telegram_s_other_button_passes_the_page_on(night: Night, town: Town, smtp: SmtpStandin) -> None:
    night.method("dana", "telegram", CHAT)
    night.mail("kofi")
    night.group()
    assert telegram_pressed(night, town, button=1).json()["text"] == "Passed on."
    night.settle()
    assert smtp.to("kofi@example.com")


def test_telegram_s_forwarded_button_is_nobody_else_s(night: Night, town: Town) -> None:
    night.method("dana", "telegram", CHAT)
    night.method("kofi", "telegram", "555")
    night.group()
    for stranger in (555, 42):
        assert "did not page you" in telegram_pressed(night, town, sender=stranger).json()["text"]
    assert telegram_pressed(night, town, secret="guessed").status_code == 403
    assert night.page().state == "open"


def test_the_bot_tells_whoever_writes_to_it_their_chat(night: Night) -> None:
    message = {"chat": {"id": int(CHAT), "type": "private"}, "text": "/start"}
    answer = telegram_update(night, message=message).json()
    assert answer["method"] == "sendMessage" and CHAT in answer["text"]
    group = {"chat": {"id": -100, "type": "group"}, "text": "/start"}
    assert telegram_update(night, message=group).content == b""
    assert telegram_update(night, poll={}).status_code == 200


def test_telegram_s_wait_is_kept(night: Night, town: Town) -> None:
    night.method("dana", "telegram", CHAT)
    town.telegram.wait = 7
    night.group()
    town.telegram.wait = None
    night.pass_time(seconds=6)
    assert not town.telegram.sent
    night.pass_time(seconds=2)
    assert len(town.telegram.sent) == 1


def test_a_bot_that_was_blocked_gives_way_to_mail(night: Night, town: Town, smtp: SmtpStandin) -> None:
    night.method("dana", "telegram", CHAT)
    night.mail("dana")
    town.telegram.blocked.add(int(CHAT))
    night.group()
    assert "has blocked it" in str(night.texts("failed")[0]) and smtp.to("dana@example.com")


def test_mattermost_s_button_acknowledges_and_the_post_says_so(night: Night, town: Town) -> None:
    night.method("dana", "mattermost", "@Dana")
    night.group()
    (post,) = town.mattermost.posts
    assert post["channel_id"] == "c" * 26 and post["props"]["attachments"][0]["title"] == "Checkout is failing"
    url, asked = town.mattermost.press(post, "acknowledge")
    with night.from_outside() as client:
        answer = client.post(url, json=asked).json()
    assert answer["update"] == {"message": "You have it.", "props": {}}
    assert (night.page().acknowledged_by, night.page().acknowledged_via) == ("dana", "mattermost")


@pytest.mark.parametrize("context", [{}, {"do": "acknowledge"}, {"do": ["x"], "token": "x"}, "x", None])
def test_mattermost_s_address_takes_nothing_but_its_buttons(night: Night, context: object) -> None:
    with night.from_outside() as client:
        assert client.post(f"{PUBLIC_URL}/callbacks/mattermost/action", json={"context": context}).status_code == 400
        forged = {"context": {"do": "acknowledge", "token": "abc.def.0"}}
        said = client.post(f"{PUBLIC_URL}/callbacks/mattermost/action", json=forged).json()
    assert "not good" in said["ephemeral_text"]


def test_somebody_whom_mattermost_does_not_know_gives_way_to_mail(night: Night, town: Town, smtp: SmtpStandin) -> None:
    night.method("dana", "mattermost", "dana-who-left")
    night.mail("dana")
    night.group()
    assert "Unable to find" in str(night.texts("failed")[0]) and smtp.to("dana@example.com")


def test_teams_gets_a_card_whose_button_opens_the_page(night: Night, town: Town) -> None:
    night.method("dana", "teams", f"{town.teams.url}/workflows/1/triggers/manual/paths/invoke?sig=s3cret")
    night.group()
    (card,) = town.teams.cards
    assert card["body"][0]["text"] == "Checkout is failing"
    assert card["actions"][0]["url"].startswith(f"{PUBLIC_URL}/p/")
    assert "s3cret" not in str(night.database.read(lambda c: usecases.list_methods(c, night.actor("dana"), "dana")))


@pytest.mark.parametrize("kind", ["slack", "telegram", "mattermost", "teams"])
def test_it_is_over_is_told_the_same_way_without_buttons(night: Night, town: Town, kind: str) -> None:
    address = {
        "slack": MEMBER, "telegram": CHAT, "mattermost": "dana", "teams": f"{town.teams.url}/invoke?sig=s3cret",
    }[kind]  # fmt: skip
    night.method("dana", kind, address)
    group = night.group()
    night.change_group(group, state="closed")
    last = {
        "slack": town.slack.posts, "telegram": town.telegram.sent, "mattermost": town.mattermost.posts, "teams": town.teams.cards,
    }[kind][-1]  # fmt: skip
    assert "Over: Checkout is failing" in str(last) and "cknowledge" not in str(last)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("slack", "@dana"),
        ("slack", "C024BE7LH"),
        ("telegram", "-100123"),
        ("telegram", "dana"),
        ("mattermost", "a b"),
        ("teams", "dana"),
    ],
)
def test_an_address_that_can_not_be_one_is_refused_with_a_hint(kind: str, wrong: str) -> None:
    with pytest.raises(Invalid):
        methods.kind_named(kind).check(wrong)


def test_without_its_settings_a_chat_is_no_way_to_be_reached() -> None:
    found = methods.not_set_up(methods.Means(GuardedHttp(), None, print))
    assert {"slack", "telegram", "mattermost", "sms", "voice"} <= set(found) and "teams" not in found
    assert all("TOCSIN_" in reason for kind, reason in found.items() if kind != "webpush")


def test_a_page_that_ended_says_so_to_a_late_button(night: Night, town: Town) -> None:
    night.method("dana", "slack", MEMBER)
    group = night.group()
    night.change_group(group, state="closed")
    night.clock.advance(timedelta(seconds=1))
    slack_pressed(night, town)
    assert town.slack.replaced[-1]["text"] == "This page is over."
