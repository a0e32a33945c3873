"""Texts and calls by Twilio: what arrives on the phone, what is answered there, and what Twilio says later."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paging.conftest import PUBLIC_URL, Night
from tests.standins.methods import code_in
from tests.standins.smtp import SmtpStandin
from tests.standins.twilio import ACCOUNT, NUMBER, TOKEN, Created, TwilioStandin, signed
from tocsin.clients.addresses import Allowed
from tocsin.clients.declining import Declined
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.twilio import Twilio, check_number, sign, xml_text
from tocsin.clock import SimulatedClock
from tocsin.errors import ConfigurationError, Invalid
from tocsin.identity.keys import Keys
from tocsin.organisation.model.fields import Target
from tocsin.paging import usecases
from tocsin.paging.message import Message
from tocsin.paging.methods.voice import twiml
from tocsin.paging.page import OpenPage
from tocsin.paging.services import Services, services_of
from tocsin.settings import load_settings
from tocsin.store.database import Database

DANA = "+447700900123"


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin, twilio: TwilioStandin) -> Iterator[Night]:
    """Tocsin with a mail server and an account at Twilio."""
    made = Night(
        database,
        clock,
        smtp,
        lambda http: Services(PUBLIC_URL, twilio=Twilio(http, ACCOUNT, TOKEN, NUMBER, twilio.url)),
    )
    yield made
    made.close()


def called_back(night: Night, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> str:
    """Twilio calls a callback; the words that it is to speak or send."""
    answer = post(night, url, fields, headers)
    assert answer.is_success, answer.text
    return " ".join("".join(ET.fromstring(answer.text).itertext()).split()) if answer.text else ""


def post(night: Night, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> httpx.Response:
    with night.from_outside() as client:
        return client.post(url, data=dict(fields), headers=headers if headers is not None else signed(url, fields))


def texted(night: Night, body: str, sender: str = DANA) -> str:
    said = called_back(night, f"{PUBLIC_URL}/callbacks/twilio/text", {"From": sender, "To": NUMBER, "Body": body})
    night.settle()
    return said


def told(night: Night, made: Created, **status: str) -> None:
    called_back(night, made.status_url, status)
    night.settle()


def code_of(made: Created) -> str:
    return made.fields["Body"].partition("Reply ")[2][:4]


def test_a_number_is_proved_by_the_code_that_is_texted_to_it(night: Night, twilio: TwilioStandin) -> None:
    added = night.write(
        lambda c, now: usecases.add_method(c, night.actor("dana"), "dana", "sms", "+44 7700 900123", now)
    )
    night.settle()
    (text,) = twilio.created
    assert (text.fields["To"], text.fields["From"]) == (DANA, NUMBER)
    code = code_in(text.fields["Body"]) or ""
    night.write(lambda c, now: usecases.verify_method(c, night.actor("dana"), added.id, code, now))
    night.group()
    assert "Checkout is failing" in twilio.created[-1].fields["Body"]


def test_a_reply_with_the_code_in_the_text_acknowledges(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "sms", DANA)
    night.group()
    (text,) = twilio.created
    assert f"{PUBLIC_URL}/p/" in text.fields["Body"]
    assert texted(night, f" {code_of(text)} ") == "You have it. (Checkout is failing)"
    page = night.page()
    assert (page.state, page.acknowledged_by, page.acknowledged_via) == ("acknowledged", "dana", "sms")
    assert texted(night, "ack") == "Nothing waits for you."


def test_ack_alone_is_enough_for_the_only_page_and_says_which_when_there_are_more(
    night: Night, twilio: TwilioStandin
) -> None:
    night.method("dana", "sms", DANA)
    night.group(title="Checkout is failing")
    night.group(title="Payments are slow")
    answer = texted(night, "Ack")
    assert "Checkout is failing" in answer and "Payments are slow" in answer and "ACK ALL" in answer
    assert {page.state for page in night.pages()} == {"open"}
    first = next(text for text in twilio.created if "Checkout" in text.fields["Body"])
    assert texted(night, f"ack {code_of(first)}") == "You have it. (Checkout is failing) 1 more open."
    assert texted(night, "ACK") == "You have it. (Payments are slow)"


def test_ack_all_takes_every_page_that_waits_for_you(night: Night) -> None:
    night.method("dana", "sms", DANA)
    for title in ("one", "two", "three"):
        night.group(title=title)
    assert texted(night, "ack all").count("You have it.") == 3
    assert {page.state for page in night.pages()} == {"acknowledged"}


def test_a_wrong_code_and_small_talk_acknowledge_nothing(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "sms", DANA)
    night.group()
    wrong = "1000" if code_of(twilio.created[0]) != "1000" else "1001"
    assert "has the code" in texted(night, wrong)
    assert "Reply with a code" in texted(night, "what is this?")
    assert night.page().state == "open"


def test_a_stranger_s_text_changes_nothing_and_gets_no_answer(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "sms", DANA)
    night.group()
    assert texted(night, code_of(twilio.created[0]), sender="+447700900999") == ""
    assert night.page().state == "open"


@pytest.mark.parametrize(
    "headers", [{}, {"X-Twilio-Signature": "AAAA"}, signed(f"{PUBLIC_URL}/callbacks/twilio/text", {})]
)
def test_what_twilio_did_not_sign_is_refused(night: Night, headers: dict[str, str]) -> None:
    night.method("dana", "sms", DANA)
    night.group()
    answer = post(night, f"{PUBLIC_URL}/callbacks/twilio/text", {"From": DANA, "Body": "ack"}, headers)
    assert answer.status_code == 403 and "TOCSIN_PUBLIC_URL" in answer.text
    assert night.page().state == "open"


def test_a_key_during_the_call_acknowledges(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "voice", DANA)
    night.group(title="Checkout & <payments> fail")
    (call,) = twilio.created
    spoken = "".join(ET.fromstring(call.fields["Twiml"]).itertext())
    assert "Checkout & <payments> fail" in spoken and "Press 4 to acknowledge" in spoken
    assert called_back(night, call.key_url, {"Digits": "4", "CallSid": call.sid}) == "You have it."
    assert (night.page().acknowledged_by, night.page().acknowledged_via) == ("dana", "voice")


def test_six_passes_on_and_another_key_does_nothing(night: Night, twilio: TwilioStandin, smtp: SmtpStandin) -> None:
    night.method("dana", "voice", DANA)
    night.mail("kofi")
    night.group()
    call = twilio.created[-1]
    assert "does nothing" in called_back(night, call.key_url, {"Digits": "9"})
    assert not smtp.to("kofi@example.com")
    assert called_back(night, call.key_url, {"Digits": "6"}) == "Passed on."
    night.settle()
    assert smtp.to("kofi@example.com")


def test_a_key_s_address_is_bound_to_its_page_and_person(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "voice", DANA)
    night.group()
    url = twilio.created[0].key_url[:-3] + "abc"
    assert "not good" in called_back(night, url, {"Digits": "4"})
    assert night.page().state == "open"


def test_a_call_that_nobody_answers_brings_the_next_method_at_once(
    night: Night, twilio: TwilioStandin, smtp: SmtpStandin
) -> None:
    night.method("dana", "voice", DANA)
    night.mail("dana")
    night.group()
    night.pass_time(seconds=50)
    assert not smtp.to("dana@example.com"), "Twilio took the call: mail is not needed yet"
    told(night, twilio.created[0], CallStatus="no-answer")
    assert [mail.subject for mail in smtp.to("dana@example.com")] == ["Checkout is failing"]
    assert ("undelivered", "dana") in night.log()
    assert night.texts("undelivered") == ["nobody picked up"]
    told(night, twilio.created[0], CallStatus="no-answer")
    assert len(smtp.to("dana@example.com")) == 1, "what Twilio repeats is recorded once"


def test_what_arrives_nowhere_goes_on_to_the_next_step_at_once(
    night: Night, twilio: TwilioStandin, smtp: SmtpStandin
) -> None:
    night.method("dana", "sms", DANA)
    night.mail("kofi")
    night.group()
    told(night, twilio.created[0], MessageStatus="undelivered", ErrorCode="30005")
    assert night.texts("undelivered") == ["undelivered (Twilio 30005)"]
    assert smtp.to("kofi@example.com")


def test_what_arrived_is_on_record_and_later_methods_stay_silent(
    night: Night, twilio: TwilioStandin, smtp: SmtpStandin
) -> None:
    night.method("dana", "sms", DANA)
    night.mail("dana")
    night.group()
    told(night, twilio.created[0], MessageStatus="sent")
    assert night.log("delivered") == []
    told(night, twilio.created[0], MessageStatus="delivered")
    night.pass_time(minutes=2)
    assert night.log("delivered") == [("delivered", "dana")]
    assert not smtp.to("dana@example.com")


@pytest.mark.parametrize(
    ("number", "reason"),
    [("+15005550001", "Twilio 21211"), ("+447700900321", "Twilio 21610: that phone told the sender to stop")],
)
def test_a_number_that_can_not_be_texted_gives_way_to_the_next_method(
    night: Night, twilio: TwilioStandin, smtp: SmtpStandin, number: str, reason: str
) -> None:
    twilio.unsubscribed.add("+447700900321")
    night.method("dana", "sms", number)
    night.mail("dana")
    night.group()
    assert reason in str(night.texts("failed")[0])
    assert smtp.to("dana@example.com")


@pytest.mark.parametrize(("what", "code"), [("busy", "20429"), ("full", "21611")])
def test_what_passes_is_tried_again(night: Night, twilio: TwilioStandin, what: str, code: str) -> None:
    night.method("dana", "sms", DANA)
    setattr(twilio, what, True)
    night.group()
    assert code in str(night.texts("failed")[0])
    setattr(twilio, what, False)
    night.pass_time(seconds=5)
    assert len(twilio.created) == 1


def test_a_wrong_token_is_named(night: Night, twilio: TwilioStandin) -> None:
    wrong = Twilio(GuardedHttp(Allowed.parse(["127.0.0.1"])), ACCOUNT, "not it", NUMBER, twilio.url)
    with pytest.raises(Declined, match="TOCSIN_TWILIO__AUTH_TOKEN"):
        night.runner.run(wrong.text(DANA, "hello", None))


def test_the_test_button_shows_that_the_text_did_not_arrive(night: Night, twilio: TwilioStandin) -> None:
    method = night.method("dana", "sms", DANA)
    night.write(lambda c, now: usecases.test_method(c, night.actor("dana"), method, now))
    night.settle()
    told(night, twilio.created[-1], MessageStatus="undelivered", ErrorCode="30003")
    (view,) = night.database.read(lambda c: usecases.list_methods(c, night.actor("dana"), "dana"))
    assert (view.last_state, view.last_error) == ("failed", "undelivered (Twilio 30003)")


def test_a_restricted_page_says_next_to_nothing_on_the_phone(night: Night, twilio: TwilioStandin) -> None:
    night.method("dana", "sms", DANA)
    asked = OpenPage(subject_kind="person", title="Leak of card data", restricted=True, to=(Target(person="dana"),))
    night.write(lambda c, now: usecases.open_page(c, asked, now))
    night.settle()
    (text,) = twilio.created
    assert "card" not in text.fields["Body"]
    assert "card" not in texted(night, "what?")


def test_numbers_are_kept_in_one_form_and_others_are_refused() -> None:
    assert check_number(" 0044 (7700) 900-123 ") == DANA
    for wrong in ("07700 900123", "dana", "+1", "+44770090012345678", ""):
        with pytest.raises(Invalid, match="with its country"):
            check_number(wrong)


def test_the_signature_is_twilio_s_own() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign(b"12345", url, list(fields.items())) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_twilio_is_set_up_as_a_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TWILIO__ACCOUNT_SID", ACCOUNT)
    with pytest.raises(ConfigurationError, match="auth_token and sender must be set too"):
        load_settings()
    monkeypatch.setenv("TOCSIN_TWILIO__AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("TOCSIN_TWILIO__SENDER", "MG" + "0a" * 16)
    settings = load_settings()
    assert settings.twilio.is_set and TOKEN not in repr(settings)
    services = services_of(settings, None, Keys.generate())  # type: ignore[arg-type] # nothing is called
    assert services.twilio is not None and not services.twilio.can_call


def test_the_machine_s_own_names_set_up_no_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "laptop")
    monkeypatch.setenv("PASSWORD", "mine")
    assert load_settings().smtp.host is None and load_settings().smtp.password is None


@given(title=st.text(), line=st.text(), keys=st.booleans())
def test_whatever_an_alert_says_the_call_can_be_spoken(title: str, line: str, keys: bool) -> None:
    message = Message("page", title, (line,), "key", datetime(2026, 3, 1, tzinfo=UTC))
    spoken = ET.fromstring(twiml(message, f"{PUBLIC_URL}/callbacks/twilio/key?page=a&b" if keys else None))
    assert "This is Tocsin." in "".join(spoken.itertext())


@given(text=st.text())
def test_text_of_twiml_is_read_back_as_it_was_but_for_what_xml_cannot_say(text: str) -> None:
    read = "".join(ET.fromstring(f"<Say>{xml_text(text)}</Say>").itertext())
    assert read == "".join(
        each for each in text if (ord(each) >= 32 and each not in "\ufffe\uffff") or each in "\t\n\r"
    ).replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("odd", ["\x1b[31mred", "a\x08b", "\ufffe", "\x0b", "<Say>&amp;]]>"])
def test_odd_characters_in_a_title_ring_all_the_same(night: Night, twilio: TwilioStandin, odd: str) -> None:
    night.method("dana", "voice", DANA)
    night.group(title=f"{odd} Checkout is failing")
    (call,) = twilio.created
    assert "Checkout is failing" in "".join(ET.fromstring(call.fields["Twiml"]).itertext())
