"""Matrix with a real homeserver: Synapse, installed into an environment of its own. Only in `make test-long`."""

import hashlib
import hmac
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import LONG
from tests.paging.conftest import PUBLIC_URL, Night
from tests.standins.smtp import SmtpStandin
from tocsin.clients.matrix import Matrix
from tocsin.clock import SimulatedClock
from tocsin.demo.children import free_port
from tocsin.paging.routes.listening import MatrixListener
from tocsin.paging.services import Services
from tocsin.store.database import Database

SECRET = "a shared secret of this test"


@dataclass
class Synapse:
    """A homeserver on loopback; everybody registers by its shared secret."""

    url: str

    def register(self, name: str) -> str:
        """A new account's access token."""
        place = f"{self.url}/_synapse/admin/v1/register"
        nonce = httpx.get(place, timeout=20).json()["nonce"]
        said = f"{nonce}\0{name}\0pass-word-1\0notadmin"
        mac = hmac.new(SECRET.encode(), said.encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "pass-word-1", "admin": False, "mac": mac}
        answer = httpx.post(place, json=body, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def call(self, token: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The Client-Server API, as a person's own program would ask."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(method, f"{self.url}/_matrix/client/v3/{path}", json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())


@pytest.fixture(scope="module")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    home = tmp_path_factory.mktemp("synapse")
    python = home / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True, timeout=300)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "matrix-synapse"], check=True, timeout=1200)
    config = home / "homeserver.yaml"
    generate = ["--server-name", "matrix.example", "--generate-config", "--report-stats", "no"]
    command = [str(python), "-m", "synapse.app.homeserver", "--config-path", str(config)]
    subprocess.run([*command, *generate], check=True, cwd=home, timeout=120)
    port = free_port()
    told = yaml.safe_load(config.read_text())
    told["listeners"] = [
        {"port": port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}
    ]
    told |= {"registration_shared_secret": SECRET, "trusted_key_servers": [], "allow_guest_access": False}
    config.write_text(yaml.safe_dump(told))
    with Path(home / "out").open("wb") as out:
        process = subprocess.Popen(command, cwd=home, stdout=out, stderr=out)
    try:
        yield _started(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def _started(url: str) -> Synapse:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/health", timeout=2).is_success:
                return Synapse(url)
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError("Synapse did not start within a minute")


if LONG:

    def test_a_page_goes_to_a_real_homeserver_and_comes_back_acknowledged(
        database: Database, clock: SimulatedClock, smtp: SmtpStandin, synapse: Synapse, request: pytest.FixtureRequest
    ) -> None:
        suffix = str(abs(hash(request.node.name)) % 10_000)
        bot, dana = synapse.register(f"tocsin{suffix}"), synapse.register(f"dana{suffix}")
        user, made = f"@dana{suffix}:matrix.example", {}

        def services(http: Any) -> Services:
            made["matrix"] = Matrix(http, synapse.url, bot)
            return Services(PUBLIC_URL, matrix=made["matrix"])

        night = Night(database, clock, smtp, services)
        try:
            listener = MatrixListener(database, made["matrix"])
            since = night.runner.run(listener.hear(None))
            night.method("dana", "matrix", user)
            night.group()
            invited = synapse.call(dana, "GET", "sync?timeout=5000")["rooms"]["invite"]
            (room,) = invited
            synapse.call(dana, "POST", f"join/{room}", {})
            events = synapse.call(dana, "GET", f"rooms/{room}/messages?dir=b&limit=50")["chunk"]
            (page,) = [each for each in events if each["type"] == "m.room.message"]
            assert page["content"]["body"].startswith("Checkout is failing")
            assert sorted(
                each["content"]["m.relates_to"]["key"] for each in events if each["type"] == "m.reaction"
            ) == sorted(["✅", "⏭️"])
            tap = {"m.relates_to": {"rel_type": "m.annotation", "event_id": page["event_id"], "key": "✅"}}
            synapse.call(dana, "PUT", f"rooms/{room}/send/m.reaction/t1", tap)
            for _ in range(10):
                since = night.runner.run(listener.hear(since, 5))
                if night.page().state == "acknowledged":
                    break
            assert (night.page().state, night.page().acknowledged_by) == ("acknowledged", "dana")
            events = synapse.call(dana, "GET", f"rooms/{room}/messages?dir=b&limit=50")["chunk"]
            assert any(each["content"].get("body") == "You have it." for each in events)
        finally:
            night.close()
