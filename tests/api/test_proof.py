"""The proof-of-page ledger over the API, as JSON and as a spreadsheet reads it."""

import csv
import io
from pathlib import Path

from tests.standins.house import opened
from tests.standins.smtp import SmtpStandin
from tocsin.api.proof import as_csv
from tocsin.clock import SimulatedClock


def test_the_ledger_is_asked_for_as_json_and_as_csv(
    tmp_path: Path, database_url: str, clock: SimulatedClock, smtp: SmtpStandin
) -> None:
    with opened(tmp_path, database_url, clock, smtp) as house:
        house.verified_email(smtp, "ada", "ada@example.com")
        made = house.call("POST", "/pages", {"to": "ada", "text": "=HYPERLINK(1)"})
        house.settle()
        (item,) = house.call("GET", "/proof-of-page")["items"]
        assert (item["page"], item["person"], item["state"], item["method"]) == (made["id"], "ada", "taken", "email")
        assert item["late_seconds"] == item["began_late_seconds"] == 0
        answer = house.request("GET", "/api/v1/proof-of-page?format=csv&person=ada")
        (row,) = csv.DictReader(io.StringIO(answer.text))
        assert answer.headers["content-type"].startswith("text/csv")
        assert (row["page"], row["title"]) == (made["id"], "'=HYPERLINK(1)"), "no title becomes a formula"
        assert house.call("GET", "/proof-of-page?person=kofi")["items"] == []
        assert house.request("GET", "/api/v1/proof-of-page?cursor=NQ").status_code == 422


def test_an_empty_ledger_still_names_its_columns() -> None:
    assert as_csv([]).startswith("page,title,severity,person,step,owed_at")
