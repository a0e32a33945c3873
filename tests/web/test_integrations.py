"""The page of integrations: keys, limits and signatures, set and told."""

import re

from tests.web.conftest import Browser


def made(dana: Browser, **more: str) -> str:
    """A new integration's id."""
    dana.send("/settings/integrations/new", name="prometheus", sender="alertmanager", **more)
    found = re.search(r"/settings/integrations/([0-9a-f-]{36})/change", dana.get("/settings/integrations"))
    assert found
    return found[1]


def secret(page: str) -> str:
    found = re.search(r"/in/([A-Za-z0-9_.~-]+)", page)
    assert found
    return found[1]


def test_a_key_that_senders_have_already_is_taken_over(dana: Browser) -> None:
    made(dana, key="f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
    assert secret(dana.get("/settings/integrations")) == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def test_limit_and_signature_are_set_told_and_taken_away(dana: Browser) -> None:
    id = made(dana)
    dana.send(f"/settings/integrations/{id}/change", per_minute="600", signing_key="a key that both know")
    page = dana.get("/settings/integrations")
    assert "Its bodies must be signed. At most 600 requests a minute." in page
    assert "a key that both know" not in page + dana.get(f"/settings/integrations/{id}/change")
    dana.send(f"/settings/integrations/{id}/change", per_minute="600", signing_key="")
    assert "must be signed" in dana.get("/settings/integrations"), "an empty field keeps the key"
    dana.send(f"/settings/integrations/{id}/change", per_minute="0", signing_key="-")
    page = dana.get("/settings/integrations")
    assert "must be signed" not in page
    assert "At most" not in page


def test_a_new_url_leaves_the_old_one_good_for_a_day_if_wanted(dana: Browser) -> None:
    id = made(dana)
    before = secret(dana.get("/settings/integrations"))
    dana.send(f"/settings/integrations/{id}/rotate", overlap="1")
    page = dana.get("/settings/integrations")
    assert secret(page) != before
    assert "The URL before is good for" in page
    dana.send(f"/settings/integrations/{id}/rotate")
    assert "The URL before" not in dana.get("/settings/integrations")


def test_a_payload_is_tried_with_a_mapping_which_is_then_kept(dana: Browser) -> None:
    dana.send("/settings/integrations/new", name="backups", sender="mapped")
    found = re.search(r"/settings/integrations/([0-9a-f-]{36})/mapping", dana.get("/settings/integrations"))
    assert found
    path, mapping = f"/settings/integrations/{found[1]}", "dedup_key: job\ntitle: text\nlabels: {host: host}"
    page = dana.send(f"{path}/try", payload='{"job": "nightly", "text": "Backup failed", "host": "a"}', mapping=mapping)
    assert "Backup failed" in page
    assert "host=a" in page
    assert "no routing rule matches" in page
    assert "Keep this mapping" in page
    page = dana.send(f"{path}/try", payload='{"job": "nightly", "text": null}', mapping=mapping)
    assert "title is missing" in page
    page = dana.send(f"{path}/mapping", status=422, mapping="title: x")
    assert "dedup_key" in page
    dana.send(f"{path}/mapping", mapping=mapping)
    assert "labels: {host: host}" in dana.get(f"{path}/mapping")


def test_a_payload_of_a_sender_with_a_parser_of_its_own_is_tried_too(dana: Browser) -> None:
    id = made(dana)
    assert "alerts: is missing" in dana.send(f"/settings/integrations/{id}/try", payload="{}")
