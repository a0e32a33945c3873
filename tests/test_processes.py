"""Real processes: one engine a SQLite directory, many on PostgreSQL, and starts and stops that lose nothing."""

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.standins.postgres import PostgresCluster
from tocsin.demo.client import request
from tocsin.demo.installation import Installation
from tocsin.opening import migrate
from tocsin.settings import load_settings

READY_WITHIN = 3.0  # seconds, of a second start


def test_a_second_engine_on_one_directory_is_told_what_to_do(tmp_path: Path) -> None:
    first = Installation(tmp_path / "house").start()
    try:
        second = Installation(tmp_path / "other", env={"TOCSIN_DATA": first.env["TOCSIN_DATA"]})
        refused = second.tocsin("serve")
        assert refused.returncode != 0
        assert "already serves" in refused.stderr
        assert "TOCSIN_DATABASE_URL" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert first.make_token("admin"), "a token can be made meanwhile"
        assert first.tocsin("verify").returncode == 0
    finally:
        first.stop()


def test_an_open_page_does_not_hold_up_the_end(tmp_path: Path) -> None:
    house = Installation(tmp_path / "house").start()
    try:
        ours = build_opener(HTTPCookieProcessor())
        form = ours.open(house.sign_in_link, timeout=10).read().decode()
        told = urlencode(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)).encode()
        ours.open(house.sign_in_link, told, timeout=10).close()
        stream = ours.open(f"{house.url}/live?page=%2F", timeout=10)
        assert b"beat" in stream.readline() + stream.readline()
        began = time.monotonic()
        assert house.stop() == 0
        assert time.monotonic() - began < 4.5, "requests are waited for five seconds long; a page is not"
    finally:
        house.stop()


def test_a_second_start_is_quick_and_prints_no_second_link(tmp_path: Path) -> None:
    house = Installation(tmp_path / "house").start()
    assert "/sign-in/" in house.child.output
    assert house.stop() == 0
    began = time.monotonic()
    house.start()
    took = time.monotonic() - began
    try:
        assert "/sign-in/" not in house.child.output
        assert took < READY_WITHIN * (3 if os.environ.get("PYTEST_XDIST_WORKER") else 1), "others use the cores too"
    finally:
        house.stop()


def test_the_first_alert_pages_at_once_and_the_printed_link_acknowledges(tmp_path: Path) -> None:
    house = Installation(tmp_path / "house").start()
    try:
        status, body = request("POST", house.alert_url, {"title": "It works", "dedup_key": "first"})
        assert status == 202
        assert json.loads(body)["accepted"] == 1
        house.child.wait_until(lambda: "acknowledge: http" in house.output, 10, "the page on the server's own output")
        link = house.output.partition("acknowledge: ")[2].split()[0]
        status, _ = request("GET", link)
        assert status == 200
        assert house.client.get("/pages", state="open")["items"], "a GET changes nothing"
    finally:
        house.stop()


def test_postgresql_is_not_migrated_behind_the_operators_back(
    tmp_path: Path, postgresql_cluster: PostgresCluster
) -> None:
    name = postgresql_cluster.create(lambda _: None, "empty")
    try:
        house = Installation(tmp_path / "house", database_url=postgresql_cluster.url(name))
        refused = house.tocsin("serve")
        assert refused.returncode != 0
        assert "tocsin migrate" in refused.stderr
        assert house.tocsin("migrate").returncode == 0
        house.start()
        assert house.stop() == 0
    finally:
        postgresql_cluster.drop(name)


@pytest.mark.parametrize("server_database", ["postgresql"], indirect=True)
def test_two_processes_share_the_work_and_two_who_acknowledge_at_once_are_both_answered(
    server_database: str, tmp_path: Path
) -> None:
    shared = {"TOCSIN_DATA": str(tmp_path / "data")}
    one = Installation(tmp_path / "one", database_url=server_database, env=shared).start()
    two = Installation(tmp_path / "two", database_url=server_database, env=shared).start()
    two.token = one.make_token("admin")
    one.token = one.make_token("admin")
    try:
        for number in range(20):
            status, _ = request("POST", one.alert_url, {"title": f"alert {number}", "dedup_key": f"k{number}"})
            assert status == 202
        one.child.wait_until(lambda: len(one.client.get("/pages", state="open")["items"]) == 20, 30, "20 pages")
        printed = [one.output.count("PAGE for"), two.output.count("PAGE for")]
        one.child.wait_until(lambda: one.output.count("PAGE for") + two.output.count("PAGE for") >= 20, 30, "20 prints")
        assert one.output.count("PAGE for") + two.output.count("PAGE for") == 20, f"each page once: {printed}"
        pages = [page["id"] for page in one.client.get("/pages", state="open")["items"]]
        with ThreadPoolExecutor(2) as pool:
            for page in pages[:5]:
                answers = list(
                    pool.map(lambda house, page=page: house.client.post(f"/pages/{page}/acknowledge"), (one, two))
                )
                assert sum(bool(answer["yours"]) for answer in answers) >= 1
                assert len({json.dumps(answer["acknowledged_by"]) for answer in answers}) == 1
        two.kill()
        request("POST", one.alert_url, {"title": "after", "dedup_key": "after"})
        one.child.wait_until(lambda: "after" in one.output, 60, "the page after the other process died")
    finally:
        one.stop()
        two.kill()


def test_sqlite_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    house = Installation(tmp_path / "house").start()
    house.stop()
    settings = load_settings(data=Path(house.env["TOCSIN_DATA"]))
    assert migrate(settings) is None, "nothing to do, nothing copied"
    assert list(settings.data.glob("tocsin-*.db")) == []
