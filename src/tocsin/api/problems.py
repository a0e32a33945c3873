"""Errors as application/problem+json (RFC 9457), each wrong field named."""

import http
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tocsin.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Mistake,
    NotFound,
    SignInNeeded,
    TocsinError,
    TooLarge,
    Unavailable,
)

_KINDS: tuple[tuple[type[TocsinError], int, str, str], ...] = (
    (Invalid, 422, "invalid", "The input is wrong"),
    (NotFound, 404, "not-found", "There is no such thing"),
    (Forbidden, 403, "forbidden", "Not allowed"),
    (SignInNeeded, 401, "sign-in-needed", "Sign in first"),
    (Conflict, 409, "conflict", "The state does not allow it"),
    (TooLarge, 413, "too-large", "Too large"),
    (Unavailable, 503, "unavailable", "Not now"),
)
_PLACES = frozenset({"body", "query", "path", "header"})


class FieldProblem(BaseModel):
    """One wrong field."""

    field: str = Field(examples=["severity"])
    message: str = Field(examples=["severity is 7; it is 1, 2 or 3"])


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str = Field(examples=["/api/v1/problems/invalid"])
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    mistakes: Sequence[Mistake] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """The answer that says what went wrong."""
    document: dict[str, Any] = {"type": f"/api/v1/problems/{kind}", "title": title, "status": status, "detail": detail}
    if mistakes:
        document["errors"] = [{"field": mistake.field, "message": mistake.message} for mistake in mistakes]
    return JSONResponse(document, status, headers, media_type="application/problem+json")


def of_error(error: TocsinError) -> Response:
    """The problem that a use case's refusal is."""
    for cls, status, kind, title in _KINDS:
        if isinstance(error, cls):
            mistakes = error.mistakes if isinstance(error, Invalid) else ()
            headers: dict[str, str] = {}
            if isinstance(error, Unavailable):
                headers["Retry-After"] = str(error.retry_after)
            if isinstance(error, SignInNeeded):
                headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
            return problem(status, kind, title, error.message, mistakes, headers)
    return problem(500, "internal", "A fault of Tocsin's", "something went wrong here; the server's log says what")


def of_validation(errors: Sequence[Any]) -> Response:
    """The problem that a body or query of the wrong shape is; 400 when it is no JSON at all."""
    mistakes = [Mistake(_field(error["loc"]), _message(error)) for error in errors]
    broken = next((error for error in errors if error["type"] == "json_invalid"), None)
    if broken is not None:  # its place is a character, not a field
        return problem(400, "unreadable", "The body can't be read", _message(broken), [Mistake("", _message(broken))])
    first = mistakes[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    if len(mistakes) > 1:
        detail = f"{detail} (and {len(mistakes) - 1} more, see errors)"
    return problem(422, "invalid", "The input is wrong", detail, mistakes)


def install(app: FastAPI) -> None:
    """Make every error of the API a problem document."""

    @app.exception_handler(TocsinError)
    async def refused(request: Request, error: TocsinError) -> Response:
        del request
        return of_error(error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        del request
        return of_validation(error.errors())

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        phrase = http.HTTPStatus(error.status_code).phrase
        kind = phrase.lower().replace(" ", "-")
        detail = {
            404: f"there is nothing at {request.url.path}; /api/v1/docs lists what there is",
            405: f"{request.method} is not what {request.url.path} takes",
        }.get(error.status_code, str(error.detail))
        return problem(error.status_code, kind, phrase, detail, headers=dict(error.headers or {}))


def _field(location: Sequence[int | str]) -> str:
    steps = list(location)
    if steps and steps[0] in _PLACES:
        steps = steps[1:]
    return ".".join(str(step) for step in steps)


def _message(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "extra_forbidden":
        return "is not a field here"
    if error["type"] == "json_invalid":
        why = error.get("ctx", {}).get("error", "it ends too early")
        return f"the body is not JSON: {why} at character {error['loc'][-1]}"
    return str(error["msg"]).removeprefix("Value error, ")
