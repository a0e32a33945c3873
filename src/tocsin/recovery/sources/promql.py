"""A PromQL query that gives one number."""

from datetime import datetime

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.promql import Value, query
from tocsin.recovery.checks import Sample, judge
from tocsin.timeline.facts.recovery import CheckSpec


async def measure(guarded: GuardedHttp, spec: CheckSpec, default_source: str | None, at: datetime) -> Sample:
    """Ask the check's Prometheus, else the configured one. Nothing found, or nobody to ask, is no data."""
    source = spec.source or default_source
    if source is None:
        return Sample(
            spec.id, at, "no_data", None, "no Prometheus is set: TOCSIN_PROMETHEUS_URL or the check's `source`"
        )
    result = await query(guarded, source, spec.query)
    if isinstance(result, Value):
        return Sample(spec.id, at, judge(spec, result.value), result.value)
    return Sample(spec.id, at, "no_data", None, result.sentence)
