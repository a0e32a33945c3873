"""Addresses of other products under which their alerts may still come: Grafana OnCall's integrations, GoAlert's API.

The body is read by the integration's own sender; what is answered is as short as theirs.
"""

import json

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.api.foreign.reception import Reception
from tocsin.errors import TooLarge, Unavailable
from tocsin.intake.bodies import UnknownEncoding
from tocsin.intake.rates import TooOften
from tocsin.intake.senders import sender_named
from tocsin.intake.signal import Unreadable

_OF_ONCALL = {
    "formatted_webhook": "oncall",
    "alertmanager": "alertmanager",
    "alertmanager_v2": "alertmanager",
    "grafana": "grafana",
    "grafana_alerting": "grafana",
}


def routes(reception: Reception) -> list[Route]:
    """`/integrations/v1/KIND/KEY/` and `/api/v2/generic/incoming?token=KEY`."""
    desk = _Desk(reception)
    return [
        Route("/integrations/v1/{kind}/{key}", desk.oncall, methods=["POST"]),
        Route("/integrations/v1/{kind}/{key}/", desk.oncall, methods=["POST"]),
        Route("/api/v2/generic/incoming", desk.goalert, methods=["POST"]),
    ]


class _Desk:
    """Takes in what comes by an old address."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def oncall(self, request: Request) -> Response:
        kind = _OF_ONCALL.get(request.path_params["kind"], "")
        return await self._take(request, kind, request.path_params["key"], PlainTextResponse("Ok."))

    async def goalert(self, request: Request) -> Response:
        key = request.query_params.get("token", "")
        return await self._take(request, "goalert", key, Response(status_code=204))

    async def _take(self, request: Request, sender: str, key: str, answer: Response) -> Response:
        try:
            integration = await self._reception.integration(key, sender)
            if integration is None:
                return PlainTextResponse("there is nothing here", 404)
            body = b""
            try:
                body = await self._reception.body(request, self._reception.limit)
                told = {name: value for name, value in request.query_params.items() if name != "token"}
                if not body.strip() and told:  # GoAlert takes its fields from the query as well
                    body = json.dumps(told).encode()
                parsed = sender_named(sender).parse(body)
            except Unreadable as error:
                await self._reception.refuse(integration, body, error.place, error.reason)
                return PlainTextResponse(f"{error.place}: {error.reason}", 400)
            await self._reception.keep(integration, body, parsed)
        except TooLarge as error:
            return PlainTextResponse(error.message, 413)
        except UnknownEncoding as error:
            return PlainTextResponse(str(error), 415)
        except TooOften as error:
            return PlainTextResponse(error.message, 429, {"Retry-After": str(error.retry_after)})
        except Unavailable as error:
            return PlainTextResponse(error.message, 503, {"Retry-After": str(error.retry_after)})
        except ClientDisconnect:
            return Response(status_code=499)
        return answer
