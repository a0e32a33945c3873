"""Reading samples."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from tocsin.recovery.checks import Sample, longest_gap
from tocsin.store.tables.recovery import samples
from tocsin.timeline.facts.recovery import CheckSpec
from tocsin.timeline.state import IncidentState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def history_of(connection: Connection, state: IncidentState, now: datetime) -> dict[str, list[Sample]]:
    """Samples by check, oldest first, as far back as the window that runs (and a regression's row) needs."""
    recovery = state.recovery
    starts = [moment for moment in (recovery.hold_started_at, recovery.watch_counting_since) if moment is not None]
    slowest = max((longest_gap(check.spec) * 3 for check in recovery.checks.values()), default=timedelta(minutes=5))
    since = min([*starts, now - slowest])
    found: dict[str, list[Sample]] = {}
    rows = connection.execute(
        select(samples.c.check_id, samples.c.at, samples.c.verdict, samples.c.value, samples.c.detail)
        .where(samples.c.incident_id == state.incident.id, samples.c.at >= since)
        .order_by(samples.c.at)
    )
    for row in rows:
        found.setdefault(row.check_id, []).append(Sample(row.check_id, row.at, row.verdict, row.value, row.detail))
    return found


def recent_samples(connection: Connection, incident_id: str, check_id: str, limit: int = 120) -> list[Sample]:
    """The newest samples of one check, oldest first, for a line on a screen. The caller has checked visibility."""
    rows = connection.execute(
        select(samples)
        .where(samples.c.incident_id == incident_id, samples.c.check_id == check_id)
        .order_by(samples.c.at.desc())
        .limit(limit)
    ).all()
    return [Sample(row.check_id, row.at, row.verdict, row.value, row.detail) for row in reversed(rows)]


def next_sample_at(spec: CheckSpec, now: datetime, *, first: bool) -> tuple[datetime, int]:
    """When the next sample is due, and its slot; the first one of a check is due at once."""
    interval = timedelta(seconds=spec.interval_seconds)
    slot = (now - _EPOCH) // interval
    if first:
        return now, slot
    return _EPOCH + interval * (slot + 1), slot + 1
