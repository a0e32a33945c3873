"""Prometheus's query API with a value that a test sets, as strict about its requests as the real one."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


class PrometheusApi:
    """`value` is what each instant query answers; None: no series; an Exception's text: an error."""

    def __init__(self) -> None:
        self.value: float | None = 0.0
        self.queries: list[str] = []
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                query = parse_qs(body).get("query", [""])[0]
                form = self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
                if self.path != "/api/v1/query" or not form or not query:
                    self._answer(400, {"status": "error", "errorType": "bad_data", "error": "missing query"})
                    return
                standin.queries.append(query)
                value = standin.value
                result = [] if value is None else [{"metric": {}, "value": [1700000000.0, str(value)]}]
                self._answer(200, {"status": "success", "data": {"resultType": "vector", "result": result}})

            def _answer(self, status: int, body: object) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> "PrometheusApi":
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
