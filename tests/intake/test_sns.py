"""SNS: what Amazon did not sign is not believed, and nothing is fetched from anywhere but Amazon."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.standins.tls import Certificate, make_certificate
from tocsin.alerts.queries import alerts
from tocsin.alerts.usecases import fold_received
from tocsin.errors import Forbidden
from tocsin.identity.actor import SYSTEM
from tocsin.intake.routes import Known, routes
from tocsin.intake.senders.sns import ALARM, example, guard
from tocsin.intake.usecases import CreateIntegration, create_integration
from tocsin.intake.writer import Writer
from tocsin.store.database import Database

SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f"


class Amazon:
    """What stands at Amazon's addresses, and which of them were asked."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.asked: list[str] = []

    async def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        return self.certificate.pem

    def signed(self, message: dict[str, str], version: str = "2") -> dict[str, str]:
        """As SNS signs it."""
        message = {**message, "SignatureVersion": version}
        absent = ("SubscribeURL", "Token") if message["Type"] == "Notification" else ()
        text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED if name in message and name not in absent)
        digest = SHA256() if version == "2" else SHA1()
        signature = self.certificate.key.sign(text.encode(), PKCS1v15(), digest)
        return {**message, "Signature": base64.b64encode(signature).decode()}


@pytest.fixture
def amazon(tmp_path: Path) -> Amazon:
    certificate = make_certificate(tmp_path / "sns")
    assert isinstance(certificate.key, rsa.RSAPrivateKey)
    return Amazon(certificate)


@pytest.fixture
def post(database: Database, amazon: Amazon) -> Iterator[Any]:
    command = CreateIntegration("cloudwatch", "sns")
    _, secret = database.write(lambda c, now: create_integration(c, SYSTEM, command, now))
    app = Starlette(routes=routes(Known(database), Writer(database, fold_received), fetch=amazon.fetch))
    with TestClient(app) as client:

        def send(message: Any) -> httpx.Response:
            return client.post(f"/in/{secret}", content=json.dumps(message))

        yield send


def subscription() -> dict[str, str]:
    own = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-subscribing.pem"
    told = {"Type": "SubscriptionConfirmation", "Token": "2336412f", "SubscribeURL": CONFIRM, "SigningCertURL": own}
    return example({}, **told)


def fresh(message: dict[str, str], name: str) -> dict[str, str]:
    """Signed with a certificate that no other test has shown."""
    return {**message, "SigningCertURL": f"https://sns.eu-west-1.amazonaws.com/{name}.pem"}


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_alarm_that_amazon_signed_fires_and_ends(
    post: Any, amazon: Amazon, database: Database, version: str, request: pytest.FixtureRequest
) -> None:
    name = request.node.name.replace("[", "-").replace("]", "")
    over = {**ALARM, "NewStateValue": "OK", "StateChangeTime": "2026-11-19T14:20:12.000+0000"}
    for message, state in ((example(ALARM), "firing"), (example(over), "resolved")):
        assert post(amazon.signed(fresh(message, name), version)).status_code == 202
        (alert,) = database.read(lambda c: alerts(c, SYSTEM))
        assert (alert.state, alert.service) == (state, "checkout-api")
    assert amazon.asked == [f"https://sns.eu-west-1.amazonaws.com/{name}.pem"], "the certificate is remembered"


def test_a_subscription_is_confirmed_once_its_signature_was_seen(amazon: Amazon) -> None:
    message = fresh(subscription(), f"confirm-{id(amazon)}")
    asyncio.run(guard(json.dumps(amazon.signed(message)).encode(), amazon.fetch))
    assert amazon.asked == [message["SigningCertURL"], CONFIRM]


def test_a_forged_subscription_is_not_confirmed(amazon: Amazon) -> None:
    message = amazon.signed(fresh(subscription(), f"forged-{id(amazon)}"))
    forged = {**message, "Token": "another"}
    with pytest.raises(Forbidden, match="signature"):
        asyncio.run(guard(json.dumps(forged).encode(), amazon.fetch))
    assert CONFIRM not in amazon.asked


@pytest.mark.parametrize(
    "address",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://user@sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com",
        "https://s3.eu-west-1.amazonaws.com/evil/a.pem",
        "https://sns.x.y.amazonaws.com/a.pem",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "",
    ],
)
@pytest.mark.parametrize("field", ["SigningCertURL", "SubscribeURL"])
def test_nothing_is_fetched_from_an_address_that_is_not_amazons(amazon: Amazon, field: str, address: str) -> None:
    if field == "SubscribeURL" and not address:
        return
    message = amazon.signed({**subscription(), field: address})
    with pytest.raises(Forbidden, match=field):
        asyncio.run(guard(json.dumps(message).encode(), amazon.fetch))
    assert amazon.asked == []


@pytest.mark.parametrize(
    "change", [{"Message": "{}"}, {"Signature": "AAAA"}, {"Signature": "no base64!"}, {"Type": "X"}]
)
def test_what_was_changed_on_its_way_is_refused_and_kept_nowhere(
    post: Any, amazon: Amazon, database: Database, change: dict[str, str]
) -> None:
    answer = post({**amazon.signed(fresh(example(ALARM), f"changed-{id(amazon)}")), **change})
    assert answer.status_code == 403
    assert database.read(lambda c: alerts(c, SYSTEM)) == []
