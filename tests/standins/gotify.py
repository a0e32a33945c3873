"""Gotify's `POST /message` as its API documents it (gotify.net/api-docs): token, title, message, priority."""

from collections.abc import Mapping
from typing import Any

from tests.standins.receiver import Received, Receiver, Refusal

GOTIFY_TOKEN = "AbCdEf123456.xy"


class GotifyStandin(Receiver):
    """`sent` are the messages. `moved_to`: every request is sent on to this address."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    def judge(self, request: Received) -> Mapping[str, Any]:
        super().judge(request)
        if request.path.rstrip("/") != "/message":
            raise Refusal(404, {"error": "Not Found", "errorCode": 404, "errorDescription": "page not found"})
        if request.headers.get("x-gotify-key") != GOTIFY_TOKEN:
            said = "you need to provide a valid access token or user credentials to access this api"
            raise Refusal(401, {"error": "Unauthorized", "errorCode": 401, "errorDescription": said})
        body = request.json
        if not isinstance(body.get("message"), str) or not body["message"]:
            raise Refusal(
                400, {"error": "Bad Request", "errorCode": 400, "errorDescription": "Field 'message' is required"}
            )
        if not isinstance(body.get("priority", 0), int):
            raise Refusal(400, {"error": "Bad Request", "errorCode": 400, "errorDescription": "wrong type of priority"})
        self.sent.append(body)
        return {"id": len(self.sent), "appid": 1, **body, "date": "2026-11-19T14:00:00Z"}
