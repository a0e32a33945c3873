"""Recovery checks: the objective criteria that say when it is over."""

import re
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Duration
from tocsin.api.incidents import Number, change
from tocsin.api.views import changed_view
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.incidents.queries import incident_id_of, state_of
from tocsin.recovery import usecases
from tocsin.recovery.queries import recent_samples
from tocsin.timeline.facts.recovery import CheckSpec, CheckState

router = APIRouter(tags=["Verification"])
_NO_SLUG = re.compile(r"[^a-z0-9]+")


class NewCheck(Body):
    """`query` is a PromQL expression, a URL, or for `person` the question that is asked."""

    id: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_.-]{0,99}$", description="Default: from the name.")
    name: str = Field(min_length=1, max_length=200)
    kind: Literal["promql", "http", "person"]
    query: str = Field(min_length=1, max_length=4000)
    source: str | None = None
    comparator: Literal["<", "<=", ">", ">=", "==", "!="] = "<"
    threshold: float = 0.0
    unit: str = Field(default="", max_length=20)
    interval: Duration | None = None
    service: str | None = None


class Reason(Body):
    reason: str


class Word(Body):
    """`no_data` takes the word back."""

    verdict: Literal["pass", "fail", "no_data"]
    note: str | None = None


@router.get("/incidents/{number}/checks")
async def checks(asked: Asked, number: Number) -> Response:
    """Each check with its verdict and newest samples; the hold and the watch."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        state = state_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))
        recovery = state.recovery.model_dump(mode="json", exclude={"checks"})
        items = [
            {
                **check_view(check),
                "samples": recent_samples(connection, state.incident.id, check.spec.id, 60),
            }
            for check in state.recovery.checks.values()
        ]
        return {"items": items, "recovery": recovery}

    return answer(await asked.ask(ask))


@router.post("/incidents/{number}/checks", status_code=201)
async def define_check(asked: Asked, number: Number, body: NewCheck) -> Response:
    """Add a check to the incident, or change one of the same id."""
    check_id = body.id or _NO_SLUG.sub("-", body.name.lower()).strip("-")
    if not check_id:
        raise Invalid("the name holds no letter or digit; give an id", "id")
    if body.interval is not None and not 1 <= body.interval.total_seconds() <= 3600:
        raise Invalid("between two samples are 1 s to 1 h", "interval")
    spec = CheckSpec(
        id=check_id,
        name=body.name,
        kind=body.kind,
        query=body.query,
        source=body.source,
        comparator=body.comparator,
        threshold=body.threshold,
        unit=body.unit,
        service=body.service,
        **({"interval_seconds": int(body.interval.total_seconds())} if body.interval else {}),
    )

    def do(connection: Connection, now: Any) -> Any:
        incident_id = incident_id_of(connection, asked.actor, number)
        changed = usecases.define_check(connection, asked.actor, incident_id, spec, now)
        usecases.keep_sampling(connection, changed.state, now)
        return changed_view(connection, changed, check_id=check_id)

    return await asked.do(do, 201)


# A check from the catalog is named SERVICE/CHECK, so its id takes more than one segment of the path.
@router.delete("/incidents/{number}/checks/{check:path}")
async def remove_check(asked: Asked, number: Number, check: str, body: Reason) -> Response:
    """Take a check out of the criteria, with the reason."""
    return await change(
        asked, number, lambda c, i, now: usecases.remove_check(c, asked.actor, i, check, body.reason, now)
    )


@router.post("/incidents/{number}/checks/{check:path}/word")
async def word(asked: Asked, number: Number, check: str, body: Word) -> Response:
    """A person's word on a check that asks for one; it stands until taken back."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.attest(c, asked.actor, i, check, body.verdict, body.note, now),
    )


def check_view(check: CheckState) -> dict[str, Any]:
    """A check as the API tells it: what it asks, its target in words, and how it stands."""
    spec = check.spec
    target = "somebody's word" if spec.kind == "person" else f"{spec.comparator} {spec.threshold:g}{spec.unit}"
    standing = check.model_dump(mode="json", exclude={"spec"})
    return {**spec.model_dump(mode="json"), "target": target, **standing}
