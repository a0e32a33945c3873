"""The organisation as code, and the catalog that comes of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, Desk, answer
from tocsin.api.body import Body
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import Right
from tocsin.identity.keys import keys_of
from tocsin.organisation import queries
from tocsin.organisation.held import Held, to_json
from tocsin.organisation.model import Kind
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything
from tocsin.organisation.schema import json_schema
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.paging.methods.webhook import policy_secrets

router = APIRouter(tags=["Organisation"])
_CATALOG: Mapping[str, Kind] = {
    "services": "service",
    "teams": "team",
    "vendors": "vendor",
    "policies": "policy",
    "schedules": "schedule",
    "routing": "routing",
    "runbooks": "runbook",
}


class File(Body):
    path: str = Field(min_length=1, max_length=500, examples=["people.yaml"])
    text: str = Field(max_length=1_000_000)


class Files(Body):
    """The whole directory, each file with its path in it."""

    files: list[File] = Field(max_length=2000)

    def texts(self) -> dict[str, str]:
        """Path to text; Invalid when a path comes twice."""
        found: dict[str, str] = {}
        for place, file in enumerate(self.files):
            if file.path in found:
                raise Invalid(f"{file.path} comes twice", f"files.{place}.path")
            found[file.path] = file.text
        return found


@router.post("/organisation/plan")
async def plan(asked: Asked, body: Files) -> Response:
    """What applying these files would change, or every mistake in them; changes nothing."""
    asked.actor.require(Right.VIEWER)
    texts = body.texts()
    found, mistakes = await asked.ask(lambda connection: queries.planned(connection, texts))
    return answer(
        {
            "changes": found.as_json(),
            "mistakes": [{**each.as_json(), "sentence": str(each)} for each in mistakes],
            "text": found.as_text(),
        }
    )


@router.post("/organisation/apply")
async def apply(asked: Asked, body: Files) -> Response:
    """Make the organisation be as these files say, in one transaction; with a mistake nothing is applied."""
    command = ApplyFiles(body.texts())

    def do(connection: Connection, now: datetime) -> Any:
        done = apply_files(connection, asked.actor, command, now)
        return {"changes": done.as_json(), "text": done.as_text()}

    return await asked.do(do)


@router.get("/organisation/export")
async def export(asked: Asked) -> Response:
    """The organisation as files that `apply` reads back to the same."""
    asked.actor.require(Right.VIEWER)
    files = await asked.ask(queries.exported)
    return answer({"files": [{"path": path, "text": text} for path, text in files.items()]})


@router.get("/organisation/webhook-secret")
async def webhook_secret(
    asked: Asked, url: Annotated[str, Query(max_length=2000, description="The address as it stands in a policy.")] = ""
) -> Response:
    """By which secrets calls of a policy's webhook are signed, the newest first."""
    asked.actor.require(Right.MANAGER)

    def ask(connection: Connection) -> Any:
        policies = everything(connection).policies.values()
        known = {each for policy in policies for step in policy.steps for each in step.webhooks}
        if url not in known:
            raise NotFound("no policy has a webhook at this address")
        return {"url": url, "secrets": policy_secrets(keys_of(connection), url)}

    return answer(await asked.ask(ask))


@router.get("/organisation/schema", openapi_extra={"security": []})
async def schema() -> Response:
    """JSON Schema of the files; needs no sign-in."""
    return answer(json_schema())


@router.get("/services")
async def services(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Services with tier, team, dependencies, links and pipelines."""
    return await _catalog(asked, "services", limit, cursor)


@router.get("/teams")
async def teams(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Teams with their members and policy."""
    return await _catalog(asked, "teams", limit, cursor)


@router.get("/vendors")
async def vendors(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Vendors with contract and contact."""
    return await _catalog(asked, "vendors", limit, cursor)


@router.get("/policies")
async def policies(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Escalation policies."""
    return await _catalog(asked, "policies", limit, cursor)


@router.get("/schedules")
async def schedules(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Schedules with their rotations."""
    return await _catalog(asked, "schedules", limit, cursor)


@router.get("/services/{service}")
async def service(asked: Asked, service: str) -> Response:
    """One service."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: queries.source(connection, "service", service))
    if found is None:
        raise NotFound(f"there is no service '{service}'")
    return answer(view_of(service, found))


async def _catalog(asked: Desk, name: str, limit: int, cursor: str | None) -> Response:
    asked.actor.require(Right.VIEWER)
    kind = _CATALOG[name]
    held = await asked.ask(queries.held)
    items = [(id, each) for (of_kind, id), each in sorted(held.items()) if of_kind == kind]
    return answer(slice_of(items, limit, cursor, lambda item: view_of(*item)))


def view_of(id: str, held: Held) -> dict[str, Any]:
    """An object with what made it."""
    spec = held.spec.masked() if isinstance(held.spec, Schedule) else held.spec
    return {"id": id, **to_json(spec), "source": {"origin": held.origin, "file": held.file, "line": held.line}}
