"""A service that can be well or ill: what recovery checks by HTTP ask."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Health:
    """Answers every GET with 200, or 503 while it is ill."""

    def __init__(self) -> None:
        self.status = 200
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

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        health = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                health.asked += 1
                self.send_response(health.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """It keeps no log."""

        return Handler
