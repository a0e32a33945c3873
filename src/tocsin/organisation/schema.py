"""The JSON Schema of the files (draft 2020-12), for editors and for `tocsin schema`. Pure."""

from typing import Any

from pydantic.json_schema import models_json_schema

from tocsin.organisation.model import MODELS, TOP_LEVEL
from tocsin.organisation.model.fields import SLUG_PATTERN

_REF = "#/$defs/{model}"


def json_schema() -> dict[str, Any]:
    """One schema for every file: each may hold any of the top-level keys."""
    pairs, whole = models_json_schema([(model, "validation") for model in MODELS.values()], ref_template=_REF)
    definitions = whole["$defs"]
    definitions["Runbook"]["properties"].pop("text", None)
    properties: dict[str, Any] = {}
    for key, kind in TOP_LEVEL.items():
        one = pairs[MODELS[kind], "validation"]
        properties[key] = (
            one
            if kind == "settings"
            else {
                "type": ["object", "null"],
                "propertyNames": {"pattern": SLUG_PATTERN},
                "additionalProperties": one,
            }
        )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tocsin: the organisation's files",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions,
    }
