"""The addresses of the installable face."""

import json

from tests.web.conftest import Browser

SUBSCRIPTION = {
    "endpoint": "https://push.example/b0",
    "keys": {
        "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
        "auth": "tBHItJI5svbpez7KI4CCXg",
    },
}


def test_a_subscription_is_not_guessed(dana: Browser) -> None:
    body = json.dumps({"old": SUBSCRIPTION, "new": SUBSCRIPTION})
    said = [dana.client.post("/push/renew", content=body).status_code for _ in range(30)]
    assert said[0] == 404
    assert said[-1] == 429


def test_what_is_no_renewal_is_refused(dana: Browser) -> None:
    for odd in (b"", b"[]", b"{}", b'{"old": 1}', b"\xff", b"[" * 5_000):
        assert dana.client.post("/push/renew", content=odd).status_code in (400, 404), odd
    assert dana.client.post("/push/renew", content=b"x" * 20_000).status_code == 413


def test_the_worker_and_the_manifest_are_what_browsers_take(dana: Browser) -> None:
    worker = dana.client.get("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    assert "{{" not in worker.text
    assert dana.client.get("/manifest.webmanifest").json()["display"] == "standalone"
