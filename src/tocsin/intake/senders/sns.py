"""Amazon SNS, with CloudWatch's alarms inside; other messages are alerts by their subject.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. Nothing is fetched before the
address was seen to be Amazon's own, and nothing is believed, not even a request to subscribe, before its signature.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from tocsin.errors import Forbidden
from tocsin.intake.fields import Fields, read_fields, read_one
from tocsin.intake.reading import Wrong
from tocsin.intake.senders import Fetch, Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    Signal,
    Status,
    Unreadable,
    bounded_key,
    clipped,
    details_of,
    severity_of,
)

_AMAZON = re.compile(r"https://sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?/[^\s@#\\]*")
_KINDS = ("SubscriptionConfirmation", "Notification", "UnsubscribeConfirmation")
_SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_STATES: Mapping[str, Status] = {"alarm": "firing", "ok": "resolved"}
_MOST_KEYS = 32
_keys: dict[str, RSAPublicKey] = {}


def parse(body: bytes) -> Parsed:
    """A notification; subscribing and unsubscribing hold no alert."""
    return read_one(body, _read)


async def guard(body: bytes, fetch: Fetch) -> None:
    """See that the message is Amazon's, then confirm a subscription that it asks to confirm. Forbidden when it is not."""
    try:
        message = read_fields(body)
        kind = message.text("Type")
        if kind not in _KINDS:
            raise Forbidden("this is no message of SNS as it is; switch raw message delivery off")
        subscribe = message.text("SubscribeURL") if kind == "SubscriptionConfirmation" else ""
        certificate = message.text("SigningCertURL")
        for address, name in ((certificate, "SigningCertURL"), (subscribe, "SubscribeURL")):
            if (address or name == "SigningCertURL") and not _AMAZON.fullmatch(address):
                raise Forbidden(f"{name} is no address of SNS")
        key = _keys.get(certificate) or _key_of(await fetch(certificate))
        _verify(message, key)
    except (Unreadable, Wrong) as error:
        raise Forbidden(f"this is no message of SNS: {error}") from error
    if len(_keys) >= _MOST_KEYS:
        _keys.clear()
    _keys[certificate] = key
    if subscribe:
        await fetch(subscribe)


def _key_of(pem: bytes) -> RSAPublicKey:
    from cryptography import x509  # only where SNS is used: it takes its share of a start and of memory

    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
    except ValueError as error:
        raise Forbidden("what stands at SigningCertURL is no certificate") from error
    if not isinstance(key, RSAPublicKey):
        raise Forbidden("the certificate at SigningCertURL holds no RSA key")
    return key


def _verify(message: Fields, key: RSAPublicKey) -> None:
    absent = () if message.text("Type") != "Notification" else ("SubscribeURL", "Token")
    parts = [(name, message.all.get(name)) for name in _SIGNED if name not in absent]
    signed = "".join(f"{name}\n{value}\n" for name, value in parts if isinstance(value, str))
    try:
        signature = base64.b64decode(message.required("Signature"), validate=True)
        # the older version is SHA-1, which SNS uses unless the topic asks for better
        digest = SHA256() if message.text("SignatureVersion") == "2" else SHA1()  # noqa: S303
        key.verify(signature, signed.encode("utf-8", "surrogatepass"), PKCS1v15(), digest)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise Forbidden("the signature does not fit the message") from error


def _read(message: Fields) -> Parsed:
    if message.text("Type") != "Notification":
        if message.text("Type") in _KINDS:
            return Parsed(())
        message.wrong("Type", f"is none of {', '.join(_KINDS)}")
    topic = message.required("TopicArn")
    text = message.text("Message")
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        inner = None
    if isinstance(inner, dict) and "AlarmName" in inner:
        return _alarm(Fields(inner, "Message"), topic)
    subject = message.text("Subject") or text.partition("\n")[0] or "A message without a subject"
    labels, annotations = details_of(inner if isinstance(inner, dict) else {})
    labels["topic"] = clipped(topic, 200)
    if not isinstance(inner, dict):
        annotations["message"] = clipped(text)
    status: Status = "resolved" if labels.get("status", "").lower() in ("ok", "resolved") else "firing"
    return Parsed(
        (
            Signal(
                dedup_key=bounded_key(labels.get("dedup_key") or f"{topic} {subject}"),
                status=status,
                severity=severity_of(labels.get("severity")),
                title=clipped(subject, LONGEST_TITLE),
                labels=labels,
                annotations=annotations,
                service=labels.get("service"),
            ),
        )
    )


def _alarm(alarm: Fields, topic: str) -> Parsed:
    state = alarm.required("NewStateValue").lower()
    if state == "insufficient_data":  # neither begins nor ends anything
        return Parsed(())
    status = alarm.one_of("NewStateValue", _STATES)
    trigger = alarm.fields("Trigger")
    labels = {"alertname": clipped(alarm.required("AlarmName"), 200), "topic": clipped(topic, 200)}
    told = {
        "region": alarm.text("Region"),
        "account": alarm.text("AWSAccountId"),
        "metric": trigger.text("MetricName"),
        "namespace": trigger.text("Namespace"),
        **{each.text("name"): each.text("value") for each in trigger.each("Dimensions")},
    }
    labels |= {clipped(name, 200): clipped(value, 200) for name, value in told.items() if name and value}
    annotations = {
        name: clipped(alarm.text(field))
        for name, field in (("description", "AlarmDescription"), ("reason", "NewStateReason"))
        if alarm.text(field)
    }
    at = alarm.moment("StateChangeTime")
    return Parsed(
        (
            Signal(
                dedup_key=bounded_key(alarm.text("AlarmArn") or f"{topic} {alarm.text('AlarmName')}"),
                status=status,
                severity="error",
                title=clipped(alarm.text("AlarmName"), LONGEST_TITLE),
                labels=labels,
                annotations=annotations,
                service=labels.get("service"),
                started_at=at if status == "firing" else None,
                ended_at=at if status == "resolved" else None,
            ),
        )
    )


def example(message: Mapping[str, object], **more: str) -> dict[str, str]:
    """A notification that carries `message`; it is not signed."""
    return {
        "Type": "Notification",
        "MessageId": "da41e39f-ea4d-435a-b922-c6aae3915ebe",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:shop",
        "Subject": 'ALARM: "checkout-errors" in EU (Ireland)',
        "Message": json.dumps(message),
        "Timestamp": "2026-11-19T14:07:12.345Z",
        "SignatureVersion": "2",
        "Signature": "EXAMPLE",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        **more,
    }


ALARM: Mapping[str, object] = {
    "AlarmName": "checkout-errors",
    "AlarmDescription": "Card payments are failing",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [31.0] was greater than the threshold (5.0).",
    "StateChangeTime": "2026-11-19T14:07:12.000+0000",
    "Region": "EU (Ireland)",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:checkout-errors",
    "OldStateValue": "OK",
    "Trigger": {
        "MetricName": "Errors",
        "Namespace": "Larkfield/Shop",
        "Dimensions": [{"name": "service", "value": "checkout-api"}],
    },
}

SENDER = Sender(
    name="sns",
    title="Amazon SNS and CloudWatch",
    parse=parse,
    aliases=("cloudwatch",),
    guard=guard,
    example=json.dumps(example(ALARM), indent=2),
)
