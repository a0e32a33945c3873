"""What leaves the responder's machine holds no secret."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.masking import MASK, mask, secret_values

_SECRET = st.text(string.ascii_letters + string.digits, min_size=12, max_size=40)
_AROUND = st.text(string.printable, max_size=60)
_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nabcdef\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("aws AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "wJalrXUtnFEMI"),
        ("curl -H 'Authorization: Bearer abc.def-ghi_123'", "abc.def-ghi_123"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("psql postgresql://shop:hunter2@db/shop", "hunter2"),
        ("redis://:hunter22@cache:6379", "hunter22"),
        ("postgres://u:p@ss/word@db/x", "p@ss"),
        ("mysql --password=hunter2 -h db", "hunter2"),
        ("tool --api-key hunter2hunter2 go", "hunter2hunter2"),
        ("curl -u admin:hunter2 https://x", "hunter2"),
        ('{"client_secret": "hun ter2", "a": 1}', "hun ter2"),
        ("DB_PASSWORD: hunter2", "hunter2"),
        ("PGPASSWORD=hunter2 psql", "hunter2"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        (f"before\n{_KEY}\nafter", "MIIEpAIBAAKCAQEA7"),
        (_KEY[:60], "MIIEpAIBAAKCAQEA7"),
        (_KEY[-50:] + "\nafter", "abcdef"),
        ("git clone https://ghp_abcdefghijklmnopqrstuvwxyz0123456789@github.com/x", "ghp_abcdef"),
        ("xoxb-123456789012-abcdefghijkl", "xoxb-123456789012"),
    ],
)
def test_a_known_kind_of_secret_is_masked(text: str, secret: str) -> None:
    assert secret not in mask(text)
    assert MASK in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl rollout undo deployment/checkout-api -n shop",
        "error rate 12.4% at 2026-11-19T14:08:00Z, p95 3.2s",
        "see https://grafana.example/d/abc?from=now-1h and /etc/passwd",
        "secretary of the token ring: password rotation is due",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    ],
)
def test_ordinary_output_is_left_as_it_is(text: str) -> None:
    assert mask(text) == text


def test_the_host_and_user_of_a_url_stay_readable() -> None:
    assert mask("postgresql://shop:hunter2@db.internal/shop") == f"postgresql://shop:{MASK}@db.internal/shop"


def test_a_certificate_before_a_key_stays_and_the_key_goes() -> None:
    text = f"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{_KEY}\n"
    assert mask(text) == f"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{MASK}\n"


@given(before=_AROUND, secret=_SECRET, after=_AROUND)
def test_a_secret_variable_s_value_never_stays(before: str, secret: str, after: str) -> None:
    values = secret_values({"DEPLOY_TOKEN": secret})
    assert secret not in mask(f"{before} {secret} {after}", values)


@given(
    name=st.sampled_from(
        ["password", "DB_PASSWORD", "api_key", "client-secret", "auth_token", "AWS_SECRET_ACCESS_KEY"]
    ),
    joint=st.sampled_from(["=", ": ", " = ", '="', "='", '": "']),
    secret=_SECRET,
    before=st.text(string.ascii_letters + " \n", max_size=10),
)
def test_name_and_value_lose_the_value_however_they_are_written(
    name: str, joint: str, secret: str, before: str
) -> None:
    masked = mask(f"{before} {name}{joint}{secret}")
    assert secret not in masked
    assert name in masked


@given(text=st.text(max_size=300), secret=_SECRET)
def test_masking_again_changes_nothing(text: str, secret: str) -> None:
    once = mask(f"{text} password={secret}", (secret,))
    assert mask(once, (secret,)) == once


_PIECES = [
    "password", "--password", "token", "secret", "pwd", "=", ":", ": ", '"', "'", " ", "\n", "Bearer ", "authorization: ",
    "[masked]", "[", "]", "-u ", "--user=", "user:", "hunter2", "://", "https://", "@", "/", "eyJabcd", ".", "-----BEGIN ",
    "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "AKIAIOSFODNN7EXAMPLE", "toc_aaaaaaaaaaaaaaaaaaaa",
    "-", "\\", "_", "\0",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_masking_again_changes_nothing_however_secrets_touch_each_other(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ["a.", "a-", "://", "password", "-----BEGIN ", "eyJ", "token ", "x@", "a:", "-u "])
def test_hostile_output_can_not_make_the_masking_slow(piece: str) -> None:
    mask(piece * (64 * 1024 // len(piece)))


def test_variables_that_are_no_secret_are_not_masked() -> None:
    environment = {
        "TOKEN_ENABLED": "true",
        "SECRETS_DIR": "/run/secrets",
        "HOME": "/home/dana",
        "API_TOKEN": "s3cr3t-value",
    }
    assert secret_values(environment) == ("s3cr3t-value",)
