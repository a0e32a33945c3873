"""HTTP servers that receive what Tocsin sends: a webhook's receiver, and ntfy with ntfy's own refusals."""

import email.header
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Refusal(Exception):
    """What the stand-in answers instead of taking the request."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {dict(answer)}")
        self.status = status
        self.answer = answer


class Receiver:
    """Takes JSON by POST, as a webhook's receiver does: 405, 415 and 400 for everything else."""

    def __init__(self) -> None:
        self._received: list[Received] = []
        self.refused: list[Refusal] = []
        self._changed = threading.Condition()
        self._status = 200
        self._hanging = threading.Event()
        self._hanging.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop answering."""
        self._hanging.set()
        self._server.shutdown()
        self._server.server_close()

    def answer_with(self, status: int) -> None:
        """Answer every right request with this status from now on (200 is well again)."""
        self._status = status

    def hang(self) -> None:
        """Answer nothing until `go_on()`."""
        self._hanging.clear()

    def go_on(self) -> None:
        """Answer again, also those that wait."""
        self._hanging.set()

    @property
    def received(self) -> list[Received]:
        """What was taken, in order."""
        with self._changed:
            return list(self._received)

    def wait_for(self, wanted: Callable[[Received], bool], seconds: float = 20) -> Received:
        """The first request that is wanted, waiting for it; AssertionError tells what came instead."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for request in self._received:
                    if wanted(request):
                        return request
                left = end - time.monotonic()
                if left <= 0:
                    came = [(one.method, one.path, one.body[:200]) for one in self._received]
                    raise AssertionError(f"no such request within {seconds:g} s; came: {came}; refused: {self.refused}")
                self._changed.wait(left)

    def judge(self, request: Received) -> Mapping[str, Any]:
        """The answer to a right request; raises Refusal for a wrong one."""
        if request.method != "POST":
            raise Refusal(405, {"error": f"{request.method} is not POST"})
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            raise Refusal(415, {"error": "the body must be application/json"})
        try:
            request.body.decode("utf-8")
            json.loads(request.body)
        except ValueError as error:
            raise Refusal(400, {"error": str(error)}) from error
        return {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        standin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = standin._decide(Received(self.command, self.path, headers, self.rfile.read(length)))
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _take  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:
                """What came is in `received`."""

        return Handler

    def _decide(self, request: Received) -> tuple[int, Mapping[str, Any]]:
        self._hanging.wait()
        try:
            answer = self.judge(request)
        except Refusal as refusal:
            self.refused.append(refusal)
            return refusal.status, refusal.answer
        if self._status >= 300:
            return self._status, {"error": "told to refuse"}
        with self._changed:
            self._received.append(request)
            self._changed.notify_all()
        return self._status, answer


class NtfyStandin(Receiver):
    """ntfy's publishing, by header or as JSON, with the checks of its server (docs.ntfy.sh/publish).

    `messages(topic)` are the messages as subscribers would see them.
    """

    _PRIORITIES = ("1", "2", "3", "4", "5", "min", "low", "default", "high", "max", "urgent")

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[dict[str, Any]] = []

    def messages(self, topic: str) -> list[dict[str, Any]]:
        """What subscribers of a topic got."""
        return [message for message in self._messages if message["topic"] == topic]

    def judge(self, request: Received) -> Mapping[str, Any]:
        """As ntfy's server does."""
        if request.method not in ("POST", "PUT"):
            raise self._wrong(404, 40401, "page not found")
        topic = request.path.split("?")[0].strip("/")
        message = self._from_json(request) if not topic else self._from_headers(request, topic)
        if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", str(message["topic"])):
            raise self._wrong(400, 40009, "invalid topic: path invalid")
        if str(message["priority"]) not in self._PRIORITIES:
            raise self._wrong(400, 40007, "invalid priority parameter")
        if len(str(message["message"]).encode()) > 4096:
            raise self._wrong(413, 41301, "attachment too large, or bandwidth limit reached")
        if len(message["actions"]) > 3:
            raise self._wrong(400, 40018, "invalid request: actions invalid, too many actions")
        for action in message["actions"]:
            if action.get("action") not in ("view", "http", "broadcast") or not action.get("label"):
                raise self._wrong(400, 40018, "invalid request: actions invalid")
            if action["action"] != "broadcast" and not str(action.get("url", "")).startswith(("http://", "https://")):
                raise self._wrong(400, 40018, "invalid request: actions invalid, url missing")
        answer = {"id": f"m{len(self._messages):011d}", "time": 1, "event": "message", **message}
        self._messages.append(answer)
        return answer

    def _from_json(self, request: Received) -> dict[str, Any]:
        try:
            body = json.loads(request.body)
        except ValueError as error:
            raise self._wrong(400, 40024, "invalid request: request body must be valid JSON") from error
        if not isinstance(body, dict) or not isinstance(body.get("topic"), str):
            raise self._wrong(400, 40024, "invalid request: request body must be valid JSON")
        return {
            "topic": body["topic"],
            "message": body.get("message") or "triggered",
            "title": body.get("title", ""),
            "priority": body.get("priority", 3),
            "tags": body.get("tags", []),
            "click": body.get("click", ""),
            "actions": body.get("actions", []),
        }

    def _from_headers(self, request: Received, topic: str) -> dict[str, Any]:
        def header(*names: str) -> str:
            found = next((request.headers[name] for name in names if name in request.headers), "")
            return str(email.header.make_header(email.header.decode_header(found)))

        return {
            "topic": topic,
            "message": request.body.decode("utf-8") or "triggered",
            "title": header("title", "x-title", "t"),
            "priority": header("priority", "x-priority", "prio", "p") or "3",
            "tags": [tag for tag in header("tags", "x-tags", "ta").split(",") if tag],
            "click": header("click", "x-click"),
            "actions": _actions(header("actions", "x-actions")),
        }

    def _wrong(self, status: int, code: int, error: str) -> Refusal:
        return Refusal(status, {"code": code, "http": status, "error": error, "link": "https://ntfy.sh/docs/publish/"})


def _actions(text: str) -> list[dict[str, str]]:
    """The short form of ntfy's actions: `view, Open, https://…; http, Acknowledge, https://…, method=POST`."""
    actions = []
    if text.startswith("["):
        parsed: list[dict[str, str]] = json.loads(text)
        return parsed
    for part in filter(None, (one.strip() for one in text.split(";"))):
        words = [word.strip() for word in part.split(",")]
        named = dict(word.split("=", 1) for word in words if re.match(r"^[a-z.]+=", word))
        plain = [word for word in words if not re.match(r"^[a-z.]+=", word)]
        actions.append(dict(zip(("action", "label", "url"), plain, strict=False)) | named)
    return actions
