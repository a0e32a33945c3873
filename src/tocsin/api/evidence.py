"""Evidence: artefacts kept by their SHA-256."""

import base64
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tocsin.api.asking import Asked, Desk, answer
from tocsin.api.body import Body, Instant
from tocsin.api.incidents import Number
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.api.storable import is_storable
from tocsin.api.views import changed_view
from tocsin.errors import Invalid, TooLarge
from tocsin.identity.actor import Right
from tocsin.incidents.queries import incident_id_of
from tocsin.triage import queries, usecases
from tocsin.triage.evidence import LARGEST, NewEvidence

router = APIRouter(tags=["Triage"])
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_FIELDS = 1 << 20  # bytes that the fields beside a file may have


class EvidenceFile(Body):
    """What is told of an artefact beside its bytes. `sha256`, if told, must be theirs."""

    title: str
    what: str = Field(
        default="file", examples=["snapshot", "log", "metrics", "screenshot", "output", "scratch", "file"]
    )
    media_type: str | None = None
    host: str | None = None
    captured_at: Instant | None = None
    volatile: bool = False
    sha256: str | None = None


class Evidence(EvidenceFile):
    """An artefact: `text`, or any bytes as `content_base64`."""

    text: str | None = None
    content_base64: str | None = None

    def content(self) -> bytes:
        """Its bytes; Invalid unless exactly one of both is there and can be read."""
        if (self.text is None) == (self.content_base64 is None):
            raise Invalid("give either text or content_base64", "content_base64")
        if self.text is not None:
            return self.text.encode("utf-8", "replace")
        try:
            return base64.b64decode(self.content_base64 or "", validate=True)
        except ValueError:  # binascii.Error is one; text beyond ASCII is another
            raise Invalid("content_base64 is not base64", "content_base64") from None


_FORM = EvidenceFile.model_json_schema()
_FORM["properties"]["file"] = {"type": "string", "format": "binary"}
_FORM["required"] = ["file"]


@router.get("/incidents/{number}/evidence")
async def evidence(asked: Asked, number: Number, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What was kept, in the order in which it was."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        return queries.evidence_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))

    found = await asked.ask(ask)
    return answer(slice_of(found, limit, cursor, lambda each: {"id": each.evidence_id, **each.model_dump(mode="json")}))


@router.post("/incidents/{number}/evidence", status_code=201)
async def add_evidence(asked: Asked, number: Number, body: Evidence) -> Response:
    """Keep an artefact by its SHA-256."""
    return await _keep(asked, number, body, body.content(), _TEXT if body.text is not None else _BYTES)


async def _refuse_too_large(request: Request) -> None:
    """Told before the bytes are read, so that nobody waits for an upload that is not taken."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST + _FIELDS:
        raise TooLarge(
            f"the upload has {length} bytes; files of at most {LARGEST} bytes are kept. Compress it, or link it"
        )


@router.post(
    "/incidents/{number}/evidence/file",
    status_code=201,
    dependencies=[Depends(_refuse_too_large)],
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def upload_evidence(asked: Asked, number: Number) -> Response:
    """Keep a file by its SHA-256, as `multipart/form-data`: the part `file`, and the other fields as parts of their own."""
    # Who may not write here learns nothing by how the upload is refused.
    asked.actor.require(Right.RESPONDER)
    await asked.ask(lambda connection: incident_id_of(connection, asked.actor, number))
    if not asked.request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Invalid("send multipart/form-data with the part 'file', as `curl --form file=@dump.txt` does", "file")
    async with asked.request.form(max_files=1, max_part_size=_FIELDS) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("there is no part 'file' with a file name; `curl --form file=@dump.txt` makes one", "file")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        content, kind = await file.read(), file.content_type or _BYTES
        if file.filename:
            fields.setdefault("title", file.filename)
    for name, value in fields.items():
        if not is_storable(value):
            raise Invalid(f"{name!r} holds a character that no text may have (NUL or half of a pair)", name)
    try:
        told = EvidenceFile.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None
    return await _keep(asked, number, told, content, kind)


async def _keep(asked: Desk, number: Number, told: EvidenceFile, content: bytes, media_type: str) -> Response:
    kept = NewEvidence(
        what=told.what,
        title=told.title,
        content=content,
        media_type=told.media_type or media_type,
        host=told.host,
        captured_at=told.captured_at,
        volatile=told.volatile,
        sha256=told.sha256,
    )

    def do(connection: Connection, now: datetime) -> Any:
        incident_id = incident_id_of(connection, asked.actor, number)
        evidence_id, changed = usecases.add_evidence(connection, asked.actor, incident_id, kept, now)
        return changed_view(connection, changed, evidence_id=evidence_id)

    return await asked.do(do, 201)


@router.get("/incidents/{number}/evidence/{evidence_id}")
async def evidence_content(asked: Asked, number: Number, evidence_id: str) -> Response:
    """The bytes, as they were captured; always to be saved, never shown in place."""
    asked.actor.require(Right.VIEWER)
    del number
    found, content = await asked.ask(lambda c: queries.evidence_content(c, asked.actor, evidence_id))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.title, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{found.sha256}"',
    }
    return Response(content, headers=headers, media_type=found.media_type)
