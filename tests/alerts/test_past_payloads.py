"""What an integration sent lately is there to try rules on, as long as it is kept."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.security.world import World, world_on

MAPPING = "dedup_key: job\ntitle: text"


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world_on(request.param, request, tmp_path) as made:
        yield made


def test_a_mapping_is_tried_on_what_came_and_then_kept(world: World) -> None:
    mira = world.session("mira")
    made = mira.call("POST", "/integrations", {"name": "backups", "sender": "mapped"})
    path, address = f"/settings/integrations/{made['id']}", str(made["url"]).removeprefix("http://tocsin.example")
    assert "Nothing came lately" in mira.ask("GET", f"{path}/payloads").text
    for text in ("first", "<b>second</b>"):
        world.client.post(address, content=f'{{"job": "nightly", "text": "{text}"}}')
    items = mira.call("GET", f"/integrations/{made['id']}/payloads")["items"]
    assert [each["payload"] for each in items] == [
        '{"job": "nightly", "text": "<b>second</b>"}',
        '{"job": "nightly", "text": "first"}',
    ]
    listed = mira.ask("GET", f"{path}/payloads").text
    again = re.findall(rf"{path}/try\?past=[\w.-]+", listed)
    assert len(again) == 2
    assert "&lt;b&gt;second&lt;/b&gt;" in mira.ask("GET", again[0]).text
    tried = mira.send(f"{path}/try", payload=items[0]["payload"], mapping=MAPPING).text
    assert "1 alert would come of it" in tried
    assert "Keep this mapping" in tried
    mira.send(f"{path}/mapping", mapping=MAPPING)
    assert "Keep this mapping" not in mira.send(f"{path}/try", payload=items[0]["payload"], mapping=MAPPING).text


def test_nobody_elses_payloads_and_none_that_are_kept_no_more(world: World) -> None:
    mira, vera = world.session("mira"), world.session("vera")
    made = mira.call("POST", "/integrations", {"name": "one", "sender": "generic"})
    other = mira.call("POST", "/integrations", {"name": "other", "sender": "generic"})
    address = str(made["url"]).removeprefix("http://tocsin.example")
    world.client.post(address, json={"dedup_key": "disk", "title": "Disk is full"})
    (item,) = mira.call("GET", f"/integrations/{made['id']}/payloads")["items"]
    assert mira.call("GET", f"/integrations/{other['id']}/payloads")["items"] == []
    assert mira.ask("GET", f"/settings/integrations/{other['id']}/try?past={item['id']}").status_code == 404
    for odd in ("nothing", "x.0", f"{item['id']}9", "%00.0", "."):
        assert mira.ask("GET", f"/settings/integrations/{made['id']}/try?past={odd}").status_code == 404, odd
    assert vera.api("GET", f"/integrations/{made['id']}/payloads").status_code == 403
    assert mira.api("GET", "/integrations/unknown/payloads").status_code == 404
    for _ in range(13):
        world.pass_time(timedelta(hours=6))
    assert mira.call("GET", f"/integrations/{made['id']}/payloads")["items"] == []
