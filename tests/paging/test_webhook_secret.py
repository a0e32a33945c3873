"""A webhook's secret that is kept can sign: `whsec_` and 24 to 64 bytes as base64 (Standard Webhooks)."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Invalid
from tocsin.paging.message import Message
from tocsin.paging.methods.webhook import Webhook, secret_of, sign

URL = "https://hooks.example/pages"
MESSAGE = Message("page", "Checkout is failing", (), "key", datetime(2026, 3, 1, tzinfo=UTC))


def whsec(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_",
        "whsec_abc",
        "whsec_!!!!",
        "whsec_é",
        "secret",
        whsec(bytes(24)).removeprefix("whsec_"),
        whsec(bytes(23)),
        whsec(bytes(65)),
        whsec(bytes(24)) + " more",
    ],
)
def test_a_secret_that_signs_nothing_is_refused_with_what_one_looks_like(secret: str) -> None:
    with pytest.raises(Invalid, match=r"whsec_ and 24 to 64 bytes as base64; leave it out") as refused:
        Webhook.check(f"{URL} {secret}")
    assert [each.field for each in refused.value.mistakes] == ["target"]


@given(key=st.binary(min_size=24, max_size=64))
def test_a_secret_of_ones_own_is_kept_as_it_is_and_signs(key: bytes) -> None:
    kept = Webhook.check(f"  {URL} {whsec(key)} ")
    assert kept == f"{URL} {whsec(key)}"
    assert sign([secret_of(kept)], MESSAGE, b"{}")["webhook-signature"].startswith("v1,")


@given(secret=st.text())
def test_whatever_is_accepted_signs(secret: str) -> None:
    try:
        kept = Webhook.check(f"{URL} {secret}")
    except Invalid:
        return
    assert len(sign([secret_of(kept)], MESSAGE, b"{}")["Tocsin-Signature"]) == len("v1=") + 64


def test_one_is_made_where_none_is_given() -> None:
    first, second = (secret_of(Webhook.check(URL)) for _ in range(2))
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
