"""How fast schedules are drawn and asked; `python -m bench.oncall` prints the figures."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import spread
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import SYSTEM
from tocsin.identity.keys import KEYS, Keys
from tocsin.oncall import queries
from tocsin.oncall.schedule import final_shifts
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store import migrate
from tocsin.store.database import Database

SCHEDULES = 10_000
_ZONES = ("Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata")
_TURNS = ("1 week", "1 day", "12h", "1 month")
_NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
_PEOPLE = 1_000
_RUNS = 7
Row = tuple[str, str]


def rows(database_url: str) -> list[Row]:
    """A year of one schedule (pure), and who is on call now on 10,000 schedules, asked of a migrated, empty database."""
    drawn = [(turns, _runs(lambda turns=turns: _year(turns))) for turns in (*_TURNS, "office hours")]  # type: ignore[misc]
    database = Database.open(database_url, SimulatedClock(), {KEYS: Keys.generate()})
    try:
        database.write(lambda connection, now: apply_files(connection, SYSTEM, ApplyFiles({"all.yaml": _files()}), now))
        asked = _runs(lambda: database.read(lambda connection: queries.duties(connection, _NOW)))
    finally:
        database.close()
    return [
        *((f"a year of one schedule, {turns}", figure) for turns, figure in drawn),
        (f"who is on call now, until when and who is next, {SCHEDULES:,} schedules", asked),
    ]


def _runs(work: Callable[[], object]) -> str:
    work()
    taken = []
    for _ in range(_RUNS):
        begin = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begin) * 1000)
    return f"{spread(taken, 1)} ms"


def _year(turns: str) -> int:
    hours = {"hours": {"begin": "08:00", "end": "18:00"}} if turns == "office hours" else {"every": turns}
    rotation = {"people": ["a", "b", "c"], "starts": "2025-01-06", "time_zone": "Europe/Berlin", **hours}
    schedule = Schedule.model_validate({"name": "Payments", "rotations": [rotation]})
    return len(final_shifts(schedule, (), _NOW, _NOW.replace(year=2027)))


def _files() -> str:
    people = "".join(f"  p{one}: {{name: P{one}, email: p{one}@larkfield.example}}\n" for one in range(_PEOPLE))
    schedules = "".join(
        f"  s{one}: {{name: S{one}, rotations: [{{people: [p{one % _PEOPLE}, p{(one + 7) % _PEOPLE}], "
        f"every: {_TURNS[one % 4]}, starts: 2025-01-06, time_zone: {_ZONES[one // 4 % 4]}}}]}}\n"
        for one in range(SCHEDULES)
    )
    return f"people:\n{people}schedules:\n{schedules}organisation: {{last_resort: [p0]}}\n"


def main() -> None:
    """Measure on SQLite and print."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        url = f"sqlite:///{Path(directory) / 'tocsin.db'}"
        migrate.upgrade(url)
        for what, figure in rows(url):
            print(f"{what}: {figure}")


if __name__ == "__main__":
    main()
