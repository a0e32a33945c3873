"""A redaction removes the content from every column of every table and from the files, whichever way it came in."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select
from starlette.testclient import TestClient

from tests.api.conftest import token_for
from tocsin.identity.actor import Right
from tocsin.ids import new_id
from tocsin.store.database import Database
from tocsin.store.tables.base import metadata
from tocsin.timeline.verify import verify

SECRET = "hunter2-Xq7"
LONG = "and it goes on for a while, so that whoever shortens it keeps its beginning alone; " * 4

pytestmark = pytest.mark.usefixtures("organisation")


def planted(what: str) -> str:
    """A text with the secret, long enough to be shortened by whoever copies it, with signs that formats escape."""
    return f'{SECRET} {what}: "*quoted*" <b>&amp; ü\n{LONG}'


def rows_with_it(database: Database) -> list[str]:
    found = []
    for table in metadata.sorted_tables:
        for row in database.read(lambda c, table=table: c.execute(select(table)).mappings().all()):
            found += [f"{table.name}.{name}: {value!r}"[:90] for name, value in row.items() if holds(value)]
    return found


def holds(value: Any) -> bool:
    return SECRET.encode() in value if isinstance(value, bytes | memoryview) and value else SECRET in str(value)


def files_with_it(database: Database) -> list[str]:
    if database.is_postgresql:
        return []
    folder = Path(make_url(database.url).database or "").parent
    return [str(file) for file in folder.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]


def test_what_was_written_by_every_way_in_is_gone_everywhere(api: TestClient, database: Database) -> None:
    ada = token_for(database, "dana", Right.ADMIN)
    parts: Any = api.app.state.parts  # type: ignore[attr-defined]

    def run() -> None:
        asyncio.run(parts.loop.run_due())

    def post(path: str, method: str = "POST", **body: Any) -> dict[str, Any]:
        keyed = {**ada, "Idempotency-Key": new_id()}
        answer = api.request(method, path, json=body, headers=keyed)
        assert answer.status_code < 300, (path, answer.text)
        run()
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    title = f"{SECRET} in the title"
    number = post("/incidents", title=title, severity=2, services=["checkout-api"], reason=planted("declare"))[
        "incident"
    ]["number"]
    at = f"/incidents/{number}"
    post(f"{at}/roles", role="commander")
    post(f"{at}/notes", text=planted("note"))
    post(f"{at}/title", title=f"{SECRET} again")
    post(f"{at}/symptoms", text=planted("symptom"))
    post(f"{at}/impact", services=["checkout-api", "ledger"], customers=planted("customers"))
    post(f"{at}/links", url=f"https://logs.example/?q={SECRET}", title=f"{SECRET} link", what="logs")
    post(f"{at}/evidence", title=f"{SECRET} evidence", what="log", text=planted("evidence"))
    made = post(f"{at}/decisions", command=f"psql -W {SECRET}", expected=planted("expected"), title=f"{SECRET} run")
    decision = made["decision_id"]
    post(f"{at}/decisions/{decision}/output", exit_code=0, output=planted("output"))
    post(f"{at}/decisions/{decision}/result", actual=planted("actual"), matched="matched")
    post(f"{at}/freeze", services=["ledger"], reason=planted("freeze"))
    post(f"{at}/freeze/allow", change_id="c-1", service="ledger", reason=planted("allow"))
    post(f"{at}/freeze/release", services=["ledger"], reason=planted("thaw"))
    post(f"{at}/flags", note=planted("flag"))
    post(f"{at}/updates", known=planted("known"), doing=planted("doing"), next=planted("next"), next_in="15m")
    post(
        f"{at}/updates",
        audience="external",
        headline=f"{SECRET} headline",
        known=planted("ext known"),
        doing=planted("ext doing"),
        next=planted("ext next"),
        components=["checkout-api"],
        next_in="30m",
        alone_reason=planted("alone"),
    )
    post(f"{at}/questions/data_or_auth", answer=False, note=planted("answer"))
    post(f"{at}/escalations", team="security", why=planted("why"))
    post(f"{at}/vendors", vendor="payments-gateway", reference=f"{SECRET} ticket")
    page = post("/pages", to="kofi", text=f"{SECRET} page", detail=planted("detail"), incident=number)
    post(f"/pages/{page['page']['id'] if 'page' in page else page['id']}/notes", text=planted("page note"))
    post(f"{at}/corrections", corrects=1, text=planted("correction"))
    post(f"{at}/severity", severity=1, reason=planted("severity"))
    post(f"{at}/gates/override", phase="resolved", reason=planted("override"))
    post(f"{at}/followups", title=f"{SECRET} followup", what="tests", owner="kofi")
    post(f"{at}/artifacts", what="logs", title=f"{SECRET} artifact", url=f"https://x.example/{SECRET}")
    post(f"{at}/postmortem", "PUT", section="summary", text=planted("postmortem"))
    run()
    before = {each.split(":")[0] for each in rows_with_it(database)}
    assert {"entries.texts", "incidents.state", "incidents.title", "blob_chunks.content"} <= before
    assert {"pages.title", "page_log.data", "commands.answer", "freezes.thaw_reason", "status_posts.known"} <= before

    for _ in range(200):
        items = []
        cursor: str | None = None
        while True:
            query = f"?limit=200{f'&cursor={cursor}' if cursor else ''}"
            shown = api.get(f"{at}/timeline{query}", headers=ada).json()
            items += shown["items"]
            cursor = shown.get("next_cursor") or shown.get("next")
            if not cursor:
                break
        spoilt = [each["seq"] for each in items if SECRET in str(each)]
        if not spoilt:
            break
        post(f"{at}/redactions", entry=spoilt[0], reason="a password")
    run()
    assert rows_with_it(database) == []
    assert files_with_it(database) == []
    assert database.read(verify).faults == ()


def test_evidence_that_quotes_a_removed_text_goes_with_it_and_the_timeline_says_so(
    api: TestClient, database: Database
) -> None:
    ada = token_for(database, "dana", Right.ADMIN)

    def post(path: str, **body: Any) -> dict[str, Any]:
        answer = api.post(path, json=body, headers=ada)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    number = post("/incidents", title="Checkout is slow", severity=3)["incident"]["number"]
    at = f"/incidents/{number}"
    noted = post(f"{at}/notes", text=f"the password is {SECRET}")["entries"][0]["seq"]
    quoting = post(f"{at}/evidence", title="log", what="log", text=f"x\nthe password is {SECRET}\ny")
    other = post(f"{at}/evidence", title="other", what="log", text="nothing of it")
    kept = [each["id"] for each in api.get(f"{at}/evidence", headers=ada).json()["items"]]
    post(f"{at}/redactions", entry=noted, reason="a password")
    assert [api.get(f"{at}/evidence/{each}", headers=ada).status_code for each in kept] == [404, 200]
    said = [(each["kind"], each["data"]) for each in api.get(f"{at}/timeline?limit=200", headers=ada).json()["items"]]
    redactions = [data for kind, data in said if kind == "redacted"]
    assert [(each["redacts"], each["fields"]) for each in redactions] == [
        (noted, ["text"]),
        (quoting["entries"][0]["seq"], ["content"]),
    ]
    # a short word alone may stand anywhere: the artefact that holds it is redacted by its own entry
    post(f"{at}/redactions", entry=other["entries"][0]["seq"], fields=["content"])
    assert api.get(f"{at}/evidence/{kept[1]}", headers=ada).status_code == 404
    assert database.read(verify).faults == ()
