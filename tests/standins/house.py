"""The whole of Tocsin in one process on a simulated clock: two nights pass in a second, and nothing waits."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from tests.standins.methods import code_in
from tests.standins.receiver import Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.app import build, make_parts
from tocsin.clock import SimulatedClock
from tocsin.demo.organisation import Pace, write_organisation
from tocsin.engine.claims import next_due
from tocsin.identity.actor import SYSTEM
from tocsin.identity.keys import KEYS, Keys
from tocsin.identity.sessions import create_token
from tocsin.settings import load_settings
from tocsin.stages import first_start
from tocsin.store.database import Database

Json = dict[str, Any]


class House:
    """Everything wired as `tocsin serve` wires it, but nothing turns by itself: `settle()` and `pass_time()` do."""

    def __init__(
        self, directory: Path, database_url: str, clock: SimulatedClock, smtp: SmtpStandin | None = None
    ) -> None:
        self.clock = clock
        self.directory = directory
        mail = {"host": smtp.host, "port": smtp.port, "security": "none"} if smtp else {}
        settings = load_settings(
            data=directory / "data",
            database_url=database_url,
            outgoing_allow=("127.0.0.0/8",),
            first_admin="ada",
            smtp=mail,
            public_url="http://tocsin.example",
        )
        keys = Keys.generate()
        self.database = Database.open(database_url, clock, {KEYS: keys})
        self._runner = asyncio.Runner()
        self.parts = make_parts(settings, clock, self.database, keys)
        self.first_words = first_start(self.parts)
        self._app: Starlette = build(self.parts)
        self.token = self.token_of("ada", "admin")

    def close(self) -> None:
        """End it."""
        self._runner.close()
        self.database.close()

    def token_of(self, person: str, scope: str = "respond") -> str:
        """A token by which a person asks."""
        made = self.database.write(lambda c, now: create_token(c, SYSTEM, "test", [scope], now, person_id=person))
        return made[1]

    def call(self, method: str, path: str, body: Json | None = None, *, token: str | None = None) -> Json:
        """One request of the JSON API; AssertionError carries the problem when it is refused."""
        answer = self.request(method, f"/api/v1{path}", body, token=token)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}

    def request(self, method: str, path: str, body: Json | None = None, *, token: str | None = None) -> httpx.Response:
        """One request to any path, as it is answered."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.example") as client:
                headers = {"Authorization": f"Bearer {token or self.token}"} if path.startswith("/api/") else {}
                return await client.request(method, path, json=body, headers=headers)

        return self._runner.run(ask())

    def apply_organisation(
        self,
        *,
        shop: str = "http://127.0.0.1:9",
        prometheus: str | None = None,
        pace: Pace | None = None,
        step: str = "5m",
    ) -> None:
        """The demo shop's organisation; its check asks the shop (where nobody answers unless told)."""
        directory = self.directory / "organisation"
        files = write_organisation(directory, prometheus=prometheus, shop=shop, pace=pace, step=step)
        texts = [{"path": file.name, "text": file.read_text()} for file in sorted(files.iterdir())]
        self.call("POST", "/organisation/apply", {"files": texts})

    def alert_url(self) -> str:
        """The path of a fresh integration for Alertmanager's webhook."""
        made = self.call("POST", "/integrations", {"name": "test", "sender": "alertmanager"})
        return str(made["url"]).removeprefix("http://tocsin.example")

    def verified_email(self, smtp: SmtpStandin, person: str, address: str) -> None:
        """Give the person a verified e-mail address."""
        made = self.call("POST", f"/people/{person}/methods", {"kind": "email", "target": address})
        self.settle()
        came = smtp.wait_for(lambda mail: address in mail.recipients and code_in(mail.text) is not None)
        self.call("POST", f"/methods/{made['id']}/verify", {"code": code_in(came.text)})

    def verified_webhook(self, receiver: Receiver, person: str) -> None:
        """Give the person a verified webhook at the receiver."""
        made = self.call("POST", f"/people/{person}/methods", {"kind": "webhook", "target": f"{receiver.url}/{person}"})
        self.settle()
        came = receiver.wait_for(lambda one: code_in(one.body.decode()) is not None)
        self.call("POST", f"/methods/{made['id']}/verify", {"code": code_in(came.body.decode())})

    def settle(self) -> int:
        """Do everything that is due now."""
        return self._runner.run(self.parts.loop.run_due())

    def pass_time(self, by: timedelta) -> datetime:
        """Let time pass as it does: stop at each moment at which something is due, and do it then."""
        until = self.clock.now() + by
        self.settle()
        while (due := self.database.read(next_due)) is not None and due <= until:
            self.clock.set(max(due, self.clock.now() + timedelta(microseconds=1)))
            self.settle()
        self.clock.set(until)
        self.settle()
        return until

    def sleep(self, by: timedelta) -> None:
        """Tocsin is away for so long: time passes and nothing is done."""
        self.clock.advance(by)


@contextmanager
def opened(
    directory: Path, database_url: str, clock: SimulatedClock, smtp: SmtpStandin | None = None
) -> Iterator[House]:
    """A house that is closed in any case."""
    house = House(directory, database_url, clock, smtp)
    try:
        yield house
    finally:
        house.close()
