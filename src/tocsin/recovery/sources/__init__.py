"""Where measurements come from: one file for each kind of check, found by the check's `kind`."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.recovery.checks import Sample
from tocsin.recovery.sources import http, promql
from tocsin.timeline.facts.recovery import CheckSpec

Measure = Callable[[GuardedHttp, CheckSpec, str | None, datetime], Awaitable[Sample]]
SOURCES: dict[str, Measure] = {"promql": promql.measure, "http": http.measure}


async def measure(guarded: GuardedHttp, spec: CheckSpec, default_source: str | None, at: datetime) -> Sample:
    """One sample of a check, stamped `at` (UTC). Never raises for what the other side does: that is no data or fail."""
    source = SOURCES.get(spec.kind)
    if source is None:
        return Sample(spec.id, at, "no_data", None, f"checks of kind {spec.kind} are not measured")
    return await source(guarded, spec, default_source, at)
