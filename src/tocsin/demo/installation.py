"""A Tocsin of its own for one run: temporary data, a free port, its command line ready to use."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tocsin.demo.children import Child, free_port, tocsin_command
from tocsin.demo.client import Client, answers

FIRST_ADMIN = "ada"


class Installation:
    """One `tocsin serve` with everything below `directory`. May be ended and started again on the same data."""

    def __init__(
        self,
        directory: Path,
        *,
        database_url: str | None = None,
        env: Mapping[str, str] | None = None,
        echo: Callable[[str], None] | None = None,
        port: int | None = None,
    ) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url or f"sqlite:///{directory / 'data' / 'tocsin.db'}"
        self._echo = echo
        self.env = {
            "TOCSIN_DATA": str(directory / "data"),
            "TOCSIN_LISTEN": f"127.0.0.1:{self.port}",
            "TOCSIN_PUBLIC_URL": self.url,
            "TOCSIN_FIRST_ADMIN": FIRST_ADMIN,
            "TOCSIN_OUTGOING_ALLOW": '["127.0.0.0/8"]',
            "XDG_CONFIG_HOME": str(directory / "config"),
            "XDG_STATE_HOME": str(directory / "state"),
            "XDG_CACHE_HOME": str(directory / "cache"),
            **({"TOCSIN_DATABASE_URL": database_url} if database_url else {}),
            **(env or {}),
        }
        self.token: str | None = None
        self.children: list[Child] = []

    @property
    def child(self) -> Child:
        """The process that runs now, or ran last."""
        return self.children[-1]

    @property
    def output(self) -> str:
        """What all its processes have printed, from the first start on."""
        return "\n".join(child.output for child in self.children)

    @property
    def client(self) -> Client:
        """The JSON API with an administrator's token."""
        return Client(self.url, self.token)

    def start(self, seconds: float = 30, probe: str = "/readyz") -> "Installation":
        """Start the server and wait until `probe` says that it is well: ready, or with /healthz that it runs."""
        child = Child("tocsin serve", [*tocsin_command(), "serve"], env=self.env, cwd=self.directory, echo=self._echo)
        self.children.append(child)
        child.wait_until(lambda: answers(self.url + probe), seconds, f"200 at {probe}")
        if self.token is None:
            self.token = self.make_token("admin")
        return self

    def stop(self) -> int:
        """End it politely; nothing happens when it never began."""
        return self.child.stop() if self.children else 0

    def kill(self) -> None:
        """End it as a power cut would."""
        self.child.kill()

    def make_token(self, scope: str, person: str = FIRST_ADMIN) -> str:
        """A person's token, made on the server's own machine, as an operator without a browser does."""
        made = self.tocsin("token", "create", "--data", self.env["TOCSIN_DATA"], "--scope", scope, "--person", person)
        if made.returncode != 0:
            raise RuntimeError(f"tocsin token create: {made.stderr}{made.stdout}")
        found = re.search(r"\btoc[a-z]*_[\w.-]{20,}", made.stdout)
        return found.group() if found else made.stdout.split()[-1]

    def tocsin(
        self, *arguments: str, env: Mapping[str, str] | None = None, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line against this server."""
        return subprocess.run(
            [*tocsin_command(), *arguments],
            env=self.environment() | dict(env or {}),
            cwd=self.directory,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """The environment in which any program finds this server."""
        asking = {"TOCSIN_URL": self.url} | ({"TOCSIN_TOKEN": self.token} if self.token else {})
        return os.environ | self.env | asking

    @property
    def sign_in_link(self) -> str:
        """The first administrator's single-use link, as the first start printed it."""
        return self._printed(r"https?://\S*/(?:sign-?in|welcome|login|setup)\S*")

    @property
    def alert_url(self) -> str:
        """The ready integration's secret URL, as the first start printed it."""
        return self._printed(r"https?://\S*/in/[^\s'\"]+")

    def _printed(self, pattern: str) -> str:
        found = re.search(pattern, self.output)
        if not found:
            raise RuntimeError(f"the server printed nothing like {pattern}:\n{self.output}")
        return found.group().rstrip(".,;)'\"")
