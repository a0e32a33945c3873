"""Recovery checks: how one knows that a service works again."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from tocsin.organisation.model.fields import Duration, Name, Sentence, Spec, Url
from tocsin.timeline.facts.recovery import CheckSpec

Comparator = Literal["<", "<=", ">", ">=", "==", "!="]


class _Measured(Spec):
    name: Name | None = None
    comparator: Comparator = "<"
    threshold: Annotated[float, Field(allow_inf_nan=False)]
    unit: Annotated[str, Field(max_length=20)] = ""
    interval: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(hours=1))] = timedelta(seconds=30)


class PromqlCheck(_Measured):
    """A PromQL query that gives one number; `source` is a Prometheus, else the organisation's own."""

    kind: Literal["promql"] = "promql"
    query: Annotated[str, Field(min_length=1, max_length=4000)]
    source: Url | None = None


class HttpCheck(_Measured):
    """A GET. Compared is its status code; with `unit: ms`, its time to the answer in milliseconds."""

    kind: Literal["http"] = "http"
    url: Url
    comparator: Comparator = "=="
    threshold: Annotated[float, Field(allow_inf_nan=False)] = 200


class PersonCheck(Spec):
    """A question that a person answers; the answer stands until it is taken back."""

    kind: Literal["person"] = "person"
    name: Name | None = None
    question: Sentence


RecoveryCheck = Annotated[PromqlCheck | HttpCheck | PersonCheck, Field(discriminator="kind")]
"""One of the three kinds, told apart by `kind`."""


def check_spec(check_id: str, check: PromqlCheck | HttpCheck | PersonCheck, service: str) -> CheckSpec:
    """The check as an incident keeps it; its id is unique among services (`checkout-api/error-rate`)."""
    spec = CheckSpec(
        id=f"{service}/{check_id}",
        name=check.name or check_id.replace("-", " "),
        kind=check.kind,
        query=_asked(check),
        service=service,
    )
    if isinstance(check, PersonCheck):
        return spec
    return spec.model_copy(
        update={
            "source": check.source if isinstance(check, PromqlCheck) else None,
            "comparator": check.comparator,
            "threshold": check.threshold,
            "unit": check.unit,
            "interval_seconds": int(check.interval.total_seconds()),
        }
    )


def _asked(check: PromqlCheck | HttpCheck | PersonCheck) -> str:
    if isinstance(check, PromqlCheck):
        return check.query
    return check.url if isinstance(check, HttpCheck) else check.question
