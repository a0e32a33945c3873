"""Contact methods as a person sets them up: told to Tocsin, proved by the code that arrives there."""

import re

from tests.standins.receiver import Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.demo.client import Client


def verified_webhook(client: Client, receiver: Receiver, person: str) -> str:
    """Give the person a verified webhook at the receiver; returns the method's id."""
    made = client.post(f"/people/{person}/methods", {"kind": "webhook", "target": f"{receiver.url}/{person}"})
    came = receiver.wait_for(lambda one: one.path == f"/{person}" and code_in(one.body.decode()) is not None)
    client.post(f"/methods/{made['id']}/verify", {"code": code_in(came.body.decode())})
    return str(made["id"])


def verified_email(client: Client, smtp: SmtpStandin, person: str, address: str) -> str:
    """Give the person a verified e-mail address; returns the method's id."""
    made = client.post(f"/people/{person}/methods", {"kind": "email", "target": address})
    came = smtp.wait_for(lambda mail: address in mail.recipients and code_in(mail.text) is not None)
    client.post(f"/methods/{made['id']}/verify", {"code": code_in(came.text)})
    return str(made["id"])


def code_in(text: str) -> str | None:
    """The verification code in a message."""
    found = re.search(r"\b([0-9A-Z]{4}-[0-9A-Z]{4})\b", text)
    return found.group(1) if found else None
