"""The stand-ins refuse what the real services would refuse; a lax stand-in proves nothing."""

import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import pytest

from tests.standins.receiver import NtfyStandin, Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.demo.client import request


def _mail(**without: None) -> EmailMessage:
    message = EmailMessage()
    headers = {"From": "tocsin@example.org", "To": "dana@example.org", "Subject": "Page", "Date": formatdate()}
    for name, value in (headers | {"Message-ID": make_msgid()}).items():
        if name.replace("-", "_") not in without:
            message[name] = value
    message.set_content("Acknowledge: http://127.0.0.1:8080/a/x\n")
    return message


def test_smtp_keeps_a_right_message_and_its_link(smtp: SmtpStandin) -> None:
    with smtplib.SMTP(smtp.host, smtp.port) as client:
        client.send_message(_mail())
    kept = smtp.wait_for(lambda mail: mail.subject == "Page")
    assert kept.recipients == ("dana@example.org",)
    assert kept.links == ["http://127.0.0.1:8080/a/x"]


@pytest.mark.parametrize("missing", ["Date", "Message_ID", "Subject"])
def test_smtp_refuses_a_message_without_a_required_header(smtp: SmtpStandin, missing: str) -> None:
    with smtplib.SMTP(smtp.host, smtp.port) as client, pytest.raises(smtplib.SMTPDataError):
        client.send_message(_mail(**{missing: None}))
    assert smtp.mails == []


def test_smtp_refuses_when_told_to(smtp: SmtpStandin) -> None:
    smtp.refuse_for_now()
    with smtplib.SMTP(smtp.host, smtp.port) as client, pytest.raises(smtplib.SMTPDataError, match="451"):
        client.send_message(_mail())


def test_receiver_takes_json_by_post_alone(receiver: Receiver) -> None:
    assert request("POST", receiver.url + "/hook", {"a": 1})[0] == 200
    assert request("GET", receiver.url + "/hook")[0] == 405
    assert request("POST", receiver.url + "/hook", None, {"Content-Type": "text/plain"})[0] == 415
    assert [one.json for one in receiver.received] == [{"a": 1}]


def test_ntfy_refuses_a_bad_topic_and_a_bad_priority(ntfy: NtfyStandin) -> None:
    assert request("POST", f"{ntfy.url}/on-call", None, {"Title": "Page", "Priority": "5"})[0] == 200
    assert request("POST", f"{ntfy.url}/on-call", None, {"Priority": "9"})[0] == 400
    assert request("POST", f"{ntfy.url}/not%20so", None)[0] == 400
    assert [message["title"] for message in ntfy.messages("on-call")] == ["Page"]


def test_ntfy_reads_actions_in_both_forms(ntfy: NtfyStandin) -> None:
    short = {"Actions": "view, Open, http://127.0.0.1/x; http, Acknowledge, http://127.0.0.1/a, method=POST"}
    assert request("POST", f"{ntfy.url}/t", None, short)[0] == 200
    body = {"topic": "t", "message": "m", "actions": [{"action": "http", "label": "Acknowledge"}]}
    assert request("POST", ntfy.url + "/", body)[0] == 400, "an http action without a URL"
    assert [action["label"] for action in ntfy.messages("t")[0]["actions"]] == ["Open", "Acknowledge"]
