"""Logs hold no secret that travels in a URL or a header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.identity.keys import new_secret
from tocsin.logs import mask


@pytest.mark.parametrize(
    "line",
    [
        "POST /in/{secret} 202",
        "POST /in/alertmanager/{secret} 202",
        "POST /in/uptime-kuma/{secret} 202",
        "POST /integrations/v1/formatted_webhook/{secret}/ 200",
        "POST /api/v2/generic/incoming?token={secret} 204",
        "Authorization: GenieKey {secret}",
        "HEAD /heartbeat/{secret} 200",
        "GET /p/{secret} 200",
        "GET /sign-in/{secret}?next=/",
        "GET /calendar/{secret}.ics",
        "Authorization: Bearer {secret}",
        "token toc_{secret} used",
    ],
)
def test_a_secret_is_masked_and_the_rest_is_kept(line: str) -> None:
    secret = new_secret()
    masked = mask(line.format(secret=secret))
    assert secret not in masked
    assert masked.startswith(line.split("{", 1)[0].rstrip("_")[:5])
    assert "***" in masked


@given(st.text(max_size=60))
def test_what_holds_no_secret_is_left_alone(line: str) -> None:
    if not any(mark in line for mark in ("/", "Bearer", "toc_")):
        assert mask(line) == line
