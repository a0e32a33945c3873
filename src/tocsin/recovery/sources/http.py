"""An HTTP probe: its status code, or with `unit: ms` its time to answer."""

import time
from datetime import datetime

from tocsin.clients.addresses import AddressRefused
from tocsin.clients.guarded_http import GuardedHttp, Unreachable
from tocsin.recovery.checks import Sample, judge
from tocsin.timeline.facts.recovery import CheckSpec

_SECONDS = 10.0


async def measure(guarded: GuardedHttp, spec: CheckSpec, _default_source: str | None, at: datetime) -> Sample:
    """GET the URL. No answer is a failure of the service; an address that we may not call is no data."""
    began = time.monotonic()
    try:
        answer = await guarded.get(spec.query, seconds=_SECONDS)
    except AddressRefused as error:
        return Sample(spec.id, at, "no_data", None, error.message)
    except Unreachable as error:
        return Sample(spec.id, at, "fail", None, error.message)
    took = (time.monotonic() - began) * 1000
    if spec.unit == "ms":
        verdict = judge(spec, took) if answer.ok else "fail"
        return Sample(spec.id, at, verdict, round(took, 1), "" if answer.ok else f"answered {answer.status}")
    if spec.threshold == 0:  # a runbook's probe names no status: any success will do
        return Sample(spec.id, at, "pass" if answer.ok else "fail", float(answer.status))
    return Sample(spec.id, at, judge(spec, float(answer.status)), float(answer.status))
