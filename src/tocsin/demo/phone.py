"""The phones of the shop's people: a small receiver of webhooks, so that pages reach somebody."""

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tocsin.demo.client import Client


class Phones:
    """Each person's phone is a path. `ring` is called with (person, text) for each page that arrives."""

    def __init__(self, ring: Callable[[str, str], None] | None = None) -> None:
        self._ring = ring
        self._codes: dict[str, str] = {}
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "Phones":
        """Switch them on."""
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="phones", daemon=True).start()
        return self

    def stop(self) -> None:
        """Switch them off."""
        self._server.shutdown()
        self._server.server_close()

    def register(self, client: Client, person: str, seconds: float = 20) -> None:
        """Make this phone a verified method of the person: the code that arrives is told back."""
        made = client.post(f"/people/{person}/methods", {"kind": "webhook", "target": f"{self.url}/{person}"})
        end = time.monotonic() + seconds
        with self._changed:
            while person not in self._codes:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no verification code reached {person}'s phone within {seconds:g} s")
                self._changed.wait(left)
        client.post(f"/methods/{made['id']}/verify", {"code": self._codes[person]})

    def _arrived(self, person: str, body: dict[str, Any]) -> None:
        said = body["data"]
        code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", f"{said['title']} {said['text']}")
        if body["type"] == "method.code" and code:
            with self._changed:
                self._codes[person] = code.group()
                self._changed.notify_all()
        elif self._ring:
            self._ring(person, f"{said['title']}  {said['link'] or ''}".strip())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        phones = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(204)
                self.end_headers()
                phones._arrived(self.path.strip("/"), json.loads(body))

            def log_message(self, format: str, *args: object) -> None:
                """A phone keeps no log."""

        return Handler
