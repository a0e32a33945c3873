"""Deadlines are derived: what is stored becomes what is wanted, and what has fired is never wanted again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.deadlines import Stored, WantedDeadline, compare

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
names = st.tuples(st.sampled_from(["update.due", "page_step", "watch"]), st.sampled_from(["a", "b", "c"]))
moments = st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes))
wanted_sets = st.dictionaries(names, moments).map(
    lambda found: [WantedDeadline(kind, key, due) for (kind, key), due in found.items()]
)
stored_sets = st.dictionaries(names, st.tuples(moments, st.sampled_from(["waiting", "fired", "stuck"]))).map(
    lambda found: [Stored(f"{kind}:{key}", kind, key, due, state) for (kind, key), (due, state) in found.items()]
)


def carried_out(wanted: list[WantedDeadline], stored: list[Stored]) -> dict[tuple[str, str], Stored]:
    """The store after the changes."""
    changes = compare(wanted, stored)
    rows = {(row.kind, row.key): row for row in stored if row.id not in changes.drop}
    for row_id, deadline in changes.move:
        rows[deadline.kind, deadline.key] = Stored(row_id, deadline.kind, deadline.key, deadline.due_at, "waiting")
    for deadline in changes.add:
        assert (deadline.kind, deadline.key) not in rows
        rows[deadline.kind, deadline.key] = Stored("new", deadline.kind, deadline.key, deadline.due_at, "waiting")
    return rows


@given(wanted_sets, stored_sets)
def test_what_waits_is_what_is_wanted_and_has_not_fired(wanted: list[WantedDeadline], stored: list[Stored]) -> None:
    after = carried_out(wanted, stored)
    over = {(row.kind, row.key) for row in stored if row.state != "waiting"}
    waiting = {name: row.due_at for name, row in after.items() if row.state == "waiting"}
    assert waiting == {(d.kind, d.key): d.due_at for d in wanted if (d.kind, d.key) not in over}


@given(wanted_sets, stored_sets)
def test_fired_is_never_wanted_again(wanted: list[WantedDeadline], stored: list[Stored]) -> None:
    after = carried_out(wanted, stored)
    for row in stored:
        if row.state != "waiting":
            assert after[row.kind, row.key] == row


@given(wanted_sets, stored_sets)
def test_reconciling_twice_changes_nothing(wanted: list[WantedDeadline], stored: list[Stored]) -> None:
    after = list(carried_out(wanted, stored).values())
    changes = compare(wanted, after)
    assert (changes.add, changes.move, changes.drop) == ((), (), ())
