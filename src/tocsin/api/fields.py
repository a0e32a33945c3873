"""A value of ours as JSON takes it."""

from dataclasses import fields
from typing import Any


def fields_of(value: Any) -> dict[str, Any]:
    """A dataclass's fields by name, one level deep, with or without slots."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
