"""The small types that every part of a runbook is made of."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints

from tocsin.runbook.durations import Span, format_duration, parse_duration, parse_span, say_span

Phase = Literal["declared", "triage", "mitigating", "restoring", "watching", "resolved", "review", "closed"]
PHASES: tuple[Phase, ...] = (
    "declared", "triage", "mitigating", "restoring", "watching", "resolved", "review", "closed",
)  # fmt: skip
SEVERITIES = (1, 2, 3)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str, when_used="json")
]
DurationSpan = Annotated[
    Span, BeforeValidator(parse_span), PlainSerializer(say_span, return_type=str, when_used="json")
]


def severity_of(value: object) -> int:
    """`sev1`, `Sev1` or 1 as 1; ValueError tells what to write."""
    text = str(value).strip().lower().removeprefix("sev").strip()
    if text not in ("1", "2", "3") or isinstance(value, bool):
        raise ValueError(f"{value!r} is no severity: write sev1, sev2 or sev3")
    return int(text)


def _severities(value: object) -> object:
    return [value] if isinstance(value, (str, int)) else value


def _by_severity(value: object) -> object:
    """A single value stands for all three; `off` and nothing mean none."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(SEVERITIES, _off(value))
    return {severity_of(key): _off(each) for key, each in value.items()}


def _off(value: object) -> object:
    return None if value is None or value is False or (isinstance(value, str) and value.strip() == "off") else value


T = TypeVar("T")
SeverityNumber = Annotated[int, BeforeValidator(severity_of)]
SeveritySet = Annotated[tuple[SeverityNumber, ...], BeforeValidator(_severities)]
BySeverity = Annotated[dict[int, T | None], BeforeValidator(_by_severity)]
DurationBySeverity = Annotated[dict[int, Duration | None], BeforeValidator(_by_severity)]


class Part(BaseModel):
    """A value of the runbook: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True)
