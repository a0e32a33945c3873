"""Export: files that are read back to the same organisation, whatever its texts are."""

import json
from datetime import timedelta
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.organisation.export import export_files
from tocsin.organisation.held import from_json, to_json, with_renames
from tocsin.organisation.load import load_directory, load_texts
from tocsin.organisation.model import MODELS
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.vendor import Vendor
from tocsin.organisation.schema import json_schema
from tocsin.runbook.yaml_tree import read_yaml

EXAMPLE = Path(__file__).parents[2] / "docs/examples/larkfield"
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029"), max_size=80)
names = texts.map(str.strip).filter(bool)


def test_the_example_survives_export_and_import() -> None:
    before = load_directory(EXAMPLE).objects
    again = load_texts(export_files(before))
    assert again.mistakes == ()
    assert again.objects == before


@given(
    name=names,
    contact=texts,
    contract=texts,
    response=st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=300)),
)
def test_any_text_survives(name: str, contact: str, contract: str, response: timedelta | None) -> None:
    whole = None if response is None else timedelta(seconds=int(response.total_seconds()))
    vendor = Vendor.model_validate({"name": name, "contact": contact, "contract": contract, "response": whole})
    again = load_texts(export_files({("vendor", "v"): vendor}))
    assert [str(each) for each in again.mistakes] == []
    assert again.objects == {("vendor", "v"): vendor}


def test_words_that_look_like_numbers_are_quoted() -> None:
    vendor = Vendor(name="08", phone="+4420", contract="1.50", contact="true")
    assert load_texts(export_files({("vendor", "v"): vendor})).objects == {("vendor", "v"): vendor}


def test_rows_keep_every_field() -> None:
    for (kind, _), spec in load_directory(EXAMPLE).objects.items():
        assert from_json(kind, json.loads(json.dumps(to_json(spec)))) == spec


def test_a_row_of_a_later_version_can_still_be_read() -> None:
    person = Person(name="Mara", email="mara@example.com")
    assert from_json("person", {**to_json(person), "shoe_size": 38}) == person


def test_renames_reach_every_reference() -> None:
    objects = load_directory(EXAMPLE).objects
    renamed = with_renames(objects["schedule", "payments"], {("person", "mara"): "mia"})
    assert renamed.model_dump()["rotations"][0]["people"] == ("tariq", "mia", "kofi")
    policy = with_renames(objects["policy", "payments"], {("schedule", "payments"): "pay"})
    assert policy.model_dump()["steps"][0]["page"][0]["schedule"] == "pay"


def test_the_schema_knows_every_kind_and_field() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == {
        "organisation",
        "people",
        "teams",
        "schedules",
        "policies",
        "vendors",
        "runbooks",
        "services",
        "routing",
    }
    for model in MODELS.values():
        described = set(schema["$defs"][model.__name__]["properties"])
        assert described == set(model.model_fields) - ({"text"} if model.__name__ == "Runbook" else set())
    assert schema["$defs"]["Step"]["properties"]["wait"]["type"] == "string"


def test_what_is_exported_fits_the_schema() -> None:
    validator = jsonschema_rs.Draft202012Validator(json_schema())
    for path, text in export_files(load_directory(EXAMPLE).objects).items():
        if path.endswith(".yaml"):
            assert [str(each) for each in validator.iter_errors(read_yaml(text, 1).plain())] == []
    with pytest.raises(jsonschema_rs.ValidationError):
        validator.validate({"people": {"mara": {"name": "Mara", "shoes": 3}}})
