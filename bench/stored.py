"""Lists, filters and searches with very many alerts stored, and what one of them takes on disk."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, text

from bench.figures import ms, percentile
from tocsin.alerts.usecases.indexing import index_once
from tocsin.alerts.usecases.segments import SIZE, unindexed
from tocsin.clock import SystemClock
from tocsin.demo.installation import Installation
from tocsin.ids import new_ids
from tocsin.store.database import Database, announce
from tocsin.store.prepared import insert_rows, json_text, stored
from tocsin.store.tables.alerts import alerts, groups

MANY = 1_000_000
_GROUPS = 1_000
_SERVICES = 200
_FIRING = 500
_AT_ONCE = 5_000
_ASKED = 60
Row = tuple[str, str]


def measure(installation: Installation, many: int = MANY) -> list[Row]:
    """Fill the database and ask the API."""
    database = Database.open(installation.database_url, SystemClock())
    try:
        before = database.read(_bytes)
        took = _fill(database, many)
        indexed = _until_indexed(database)
        size = (database.read(_bytes) - before) / many
    finally:
        database.close()
    one = str(installation.client.get("/alerts", limit="1")["items"][0]["id"])
    asked = {
        "list": ("/alerts", {"limit": "50"}),
        "one service": ("/alerts", {"service": "service-117"}),
        "a service without any": ("/alerts", {"service": "nobody"}),
        "firing": ("/alerts", {"state": "firing"}),
        "one label of many": ("/alerts", {"label": "region=eu-3"}),
        "a label that one alert has": ("/alerts", {"label": f"instance=host-{many // 2}"}),
        "a label that none has": ("/alerts", {"label": "instance=nobody"}),
        "two words": ("/alerts", {"q": "errors host-1234"}),
        "a word that one alert has": ("/alerts", {"q": f"host-{many // 2}"}),
        "open one": (f"/alerts/{one}", {}),
        "groups": ("/groups", {"state": "all"}),
    }
    rows = [
        (f"{many:,} alerts stored: bytes an alert, with indexes", f"{size:,.0f} ({took:.0f} s to write)"),
        (f"{many:,} alerts stored: until the last is indexed", f"{indexed:.0f} s after it was written"),
    ]
    for name, (path, query) in asked.items():
        seconds = []
        for _ in range(_ASKED):
            began = time.perf_counter()
            installation.client.get(path, **query)
            seconds.append(time.perf_counter() - began)
        rows.append(
            (f"with them, API: {name}", f"p50 {ms(percentile(seconds, 0.5))}, p99 {ms(percentile(seconds, 0.99))}")
        )
    return rows


def _until_indexed(database: Database) -> float:
    """The server does it; a stretch shorter than a segment stays."""
    began = time.perf_counter()
    database.write(lambda c, _: announce(c, "alerts"))  # on PostgreSQL the server hears of it, on SQLite we do it
    while database.read(lambda c: unindexed(c, SIZE + 1)) > SIZE:
        if database.is_postgresql:
            time.sleep(0.5)
        else:
            index_once(database)
    return time.perf_counter() - began


def _fill(database: Database, many: int) -> float:
    began = time.perf_counter()
    now = datetime.now(UTC)
    group_ids = list(new_ids(_GROUPS))
    database.write(lambda c, _: c.execute(insert(groups), list(_group_rows(group_ids, now))))
    for start in range(0, many, _AT_ONCE):
        database.write(
            lambda c, _, start=start: _insert(c, start, min(_AT_ONCE, many - start), many, group_ids, now)  # type: ignore[misc]
        )
    return time.perf_counter() - began


def _bytes(connection: Connection) -> int:
    asked = (
        "SELECT pg_total_relation_size('alerts') + pg_total_relation_size('alert_segments')"
        " + pg_total_relation_size('alert_postings')"
        if connection.dialect.name == "postgresql"
        else "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    )
    return int(connection.execute(text(asked)).scalar_one())


def _group_rows(ids: list[str], now: datetime) -> Iterator[dict[str, object]]:
    for number, id in enumerate(ids):
        yield {
            "id": id,
            "route": "default",
            "key": f"bench-{number}",
            "title": f"Errors on service-{number % _SERVICES}",
            "state": "closed",
            "urgency": "record",
            "severity": "error",
            "services": [f"service-{number % _SERVICES}"],
            "opened_at": now - timedelta(days=90),
            "changed_at": now - timedelta(minutes=number),
            "total": MANY // _GROUPS,
        }


def _insert(connection: Connection, start: int, count: int, many: int, groups: list[str], now: datetime) -> None:
    instant = stored(connection)
    rows = []
    for number, id in enumerate(new_ids(count), start):
        at = now - timedelta(days=90) * ((many - number) / many)
        firing = many - number <= _FIRING
        service = f"service-{number % _SERVICES}"
        labels = {
            "alertname": f"Errors{number % 300}",
            "region": f"eu-{number % 5}",
            "service": service,
            "instance": f"host-{number}",
        }
        rows.append(
            (
                id,
                "bench",
                f"{number * 2654435761 % 2**32:08x}{number:08x}",
                "firing" if firing else "resolved",
                "error",
                f"Errors on host-{number}",
                service,
                json_text(labels),
                json_text({"summary": f"More than 5% of requests fail on host-{number}"}),
                "[]",
                groups[number % _GROUPS],
                instant(at),
                None,
                None if firing else instant(at + timedelta(minutes=7)),
                None,
                instant(at),
                instant(at + timedelta(minutes=7)),
                2,
                None,
            )
        )
    insert_rows(connection, alerts, rows)
