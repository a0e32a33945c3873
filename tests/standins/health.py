"""A service that can be well or ill, and a Prometheus that watches it: what recovery checks ask."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Health:
    """Answers every GET with 200, or 503 while it is ill; as a Prometheus, every query with `measured` or nothing."""

    def __init__(self) -> None:
        self.status = 200
        self.measured: float | None = 0.0
        self.asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "Health":
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop answering: connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    def fall_ill(self) -> None:
        """503 from now on."""
        self.status = 503

    def get_well(self) -> None:
        """200 from now on."""
        self.status = 200

    def say_nothing(self) -> None:
        """Its Prometheus has no data from now on."""
        self.measured = None

    def answer_to(self, path: str) -> tuple[int, bytes]:
        """What a request of this path gets."""
        self.asked += 1
        if not path.startswith("/api/v1/query"):
            return self.status, b""
        vector = [] if self.measured is None else [{"metric": {}, "value": [0, str(self.measured)]}]
        return 200, json.dumps({"status": "success", "data": {"resultType": "vector", "result": vector}}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        health = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = health.answer_to(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - http.server's name

            def log_message(self, format: str, *args: object) -> None:
                """It keeps no log."""

        return Handler
