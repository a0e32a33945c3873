"""Recovery checks: how one knows that a service works again."""

import math
import operator
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from tocsin.organisation.model.fields import Duration, Name, Sentence, Spec, Url

Comparator = Literal["<", "<=", ">", ">=", "==", "!="]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class _Measured(Spec):
    name: Name | None = None
    comparator: Comparator = "<"
    threshold: Annotated[float, Field(allow_inf_nan=False)]
    unit: Annotated[str, Field(max_length=20)] = ""
    interval: Annotated[Duration, Field(ge=timedelta(seconds=5), le=timedelta(hours=1))] = timedelta(seconds=15)

    def passes(self, value: float) -> bool:
        """Whether a measured value is on the good side of the threshold; NaN passes nothing."""
        return not math.isnan(value) and _COMPARE[self.comparator](value, self.threshold)


class PromqlCheck(_Measured):
    """A PromQL query that gives one number; `source` is a Prometheus, else the organisation's own."""

    kind: Literal["promql"] = "promql"
    query: Annotated[str, Field(min_length=1, max_length=4000)]
    source: Url | None = None


class HttpCheck(_Measured):
    """A GET whose status code or whose time in milliseconds is compared."""

    kind: Literal["http"] = "http"
    url: Url
    measure: Literal["status", "milliseconds"] = "status"
    comparator: Comparator = "=="
    threshold: Annotated[float, Field(allow_inf_nan=False)] = 200


class PersonCheck(Spec):
    """A question that a person answers; the answer stands until it is taken back."""

    kind: Literal["person"] = "person"
    name: Name | None = None
    question: Sentence


RecoveryCheck = Annotated[PromqlCheck | HttpCheck | PersonCheck, Field(discriminator="kind")]
"""One of the three kinds, told apart by `kind`."""
