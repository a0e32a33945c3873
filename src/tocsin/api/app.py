"""Puts the API together: one router for each stage, one way to answer errors."""

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse, Response

from tocsin import __version__
from tocsin.api import (
    alerts,
    between,
    comms,
    evidence,
    handing,
    heartbeats,
    incidents,
    intake,
    mitigation,
    oncall,
    organisation,
    overrides,
    pages,
    people,
    problems,
    proof,
    quiet,
    reaching,
    recovery,
    review,
    roles,
    runbook,
    schedules,
    triage,
    trying,
)
from tocsin.api.describing import openapi_document, readable_page
from tocsin.api.headers import ApiHeaders
from tocsin.api.problems import Problem
from tocsin.parts import Parts

ROUTERS: tuple[APIRouter, ...] = (
    incidents.router,
    roles.router,
    triage.router,
    evidence.router,
    mitigation.router,
    comms.router,
    recovery.router,
    review.router,
    pages.router,
    reaching.router,
    proof.router,
    oncall.router,
    overrides.router,
    between.router,
    schedules.router,
    handing.router,
    alerts.router,
    quiet.router,
    intake.router,
    trying.router,
    heartbeats.router,
    organisation.router,
    runbook.router,
    people.router,
)
_PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": said}
    for status, said in (
        (401, "Sign in first"),
        (403, "Not allowed"),
        (404, "No such thing"),
        (409, "Not now"),
        (422, "Wrong input"),
    )
}


def build_api(parts: Parts) -> FastAPI:
    """The API as an application to be mounted at `/api/v1`."""
    app = FastAPI(
        title="Tocsin",
        description="The JSON API of Tocsin. Everything that the other faces do goes through the same use cases.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.state.tokens_marked = {}
    problems.install(app)
    app.add_middleware(ApiHeaders)
    for router in ROUTERS:
        app.include_router(router, responses=_PROBLEMS)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, object]:
        return openapi_document(app, parts.settings.base_path)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(readable_page(app))

    return app
