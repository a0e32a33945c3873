"""Trying a payload before anything sends it: what alerts are in it, and which way each would go."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tocsin.alerts.explaining import Path
from tocsin.alerts.queries.past import past_payloads
from tocsin.alerts.queries.trying import TryPayload, try_payload
from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Instant
from tocsin.api.fields import fields_of

router = APIRouter(tags=["Intake"])


class Trial(Body):
    """`payload` is the body as it would be sent. `mapping` is tried in place of the integration's own.

    `at`: as if it came then; now if left out.
    """

    payload: str
    integration: str | None = None
    sender: str | None = None
    mapping: str | None = None
    at: Instant | None = None


@router.post("/route/test")
async def route_test(asked: Asked, body: Trial) -> Response:
    """What would become of a payload: nothing is kept, nobody is paged."""
    command = TryPayload(body.payload, body.integration, body.sender, body.mapping, body.at)
    tried = await asked.ask(lambda connection: try_payload(connection, asked.actor, command, asked.now))
    return answer(
        {
            "alerts": [_path(path) for path in tried.paths],
            "problems": list(tried.problems),
            "asks": [{"what": each.what, "dedup_key": each.dedup_key, "by": each.by} for each in tried.asks],
        }
    )


@router.get("/integrations/{integration}/payloads")
async def payloads(asked: Asked, integration: str) -> Response:
    """The latest bodies that came by it, the newest first, at most twenty, to try rules on; kept for 72 hours."""
    found = await asked.ask(lambda connection: past_payloads(connection, asked.actor, integration))
    return answer({"items": [fields_of(each) for each in found]})


def _path(path: Path) -> dict[str, Any]:
    signal, routed = path.signal, path.routed
    return {
        "dedup_key": signal.dedup_key,
        "status": signal.status,
        "severity": signal.severity,
        "title": signal.title,
        "service": routed.service,
        "labels": dict(routed.labels),
        "asked": [fields_of(each) for each in path.asked],
        "route": routed.route,
        "group": routed.key,
        "urgency": routed.urgency,
        "policy": routed.policy_id,
        "declare": routed.declare,
        "why": routed.why,
        "quiet": path.quiet or None,
    }
