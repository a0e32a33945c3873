"""Heartbeats are made, paused and removed on their page."""

import re

from tests.web.conftest import Browser

NEW = {"name": "nightly backup", "every": "24h", "grace": "1h", "severity": "error"}


def test_a_heartbeat_is_made_paused_resumed_and_removed(dana: Browser) -> None:
    dana.send("/settings/heartbeats/new", **NEW)
    page = dana.get("/settings/heartbeats")
    assert "Not heard yet" in page
    found = re.search(r"/settings/heartbeats/([0-9a-f-]{36})/pause", page)
    url = re.search(r"/heartbeat/[A-Za-z0-9_-]{20,}", page)
    assert found
    assert url
    dana.send(f"/settings/heartbeats/{found[1]}/pause")
    assert "Paused" in dana.get("/settings/heartbeats")
    dana.send(f"/settings/heartbeats/{found[1]}/resume")
    assert "Not heard yet" in dana.get("/settings/heartbeats")
    dana.send(f"/settings/heartbeats/{found[1]}/remove")
    assert "No heartbeat yet" in dana.get("/settings/heartbeats")


def test_a_length_of_time_that_is_none_is_named(dana: Browser) -> None:
    page = dana.send("/settings/heartbeats/new", status=422, **{**NEW, "every": "often"})
    assert "often" in page
