"""What lists look like in a shell: the timeline as it happened, runs of machine entries folded; checks in words."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.commands.recovery import check_row
from tocsin.cli.commands.timeline import FOLD_FROM, in_order, timeline_lines


def entry(
    seq: int, minute: int, category: str = "note", recorded: int | None = None, who: str = "Dana"
) -> dict[str, Any]:
    def at(minutes: int) -> str:
        return f"2026-11-19T14:{minutes:02}:00Z"

    return {
        "seq": seq,
        "happened_at": at(minute),
        "recorded_at": at(recorded if recorded is not None else minute),
        "category": category,
        "actor": {"name": who},
        "sentence": f"did {seq}.",
    }


def test_what_was_written_down_late_stands_where_it_happened() -> None:
    items = in_order([entry(1, 10), entry(2, 20), entry(3, 12, recorded=30), entry(4, 20)])
    assert [one["seq"] for one in items] == [1, 3, 2, 4]
    assert list(timeline_lines(items))[1] == "   3  2026-11-19 14:12:00Z  Dana did 3. (written down 14:30:00Z)"


def test_a_long_run_of_page_attempts_is_one_line_unless_all_is_asked_for() -> None:
    items = [entry(1, 1), *(entry(seq, seq, "alert" if seq < 8 else "system") for seq in range(2, 10)), entry(10, 10)]
    assert list(timeline_lines(items)) == [
        "   1  2026-11-19 14:01:00Z  Dana did 1.",
        "   …  2026-11-19 14:02:00Z  6 alert entries and 2 system entries until 14:09:00Z; --all shows them",
        "  10  2026-11-19 14:10:00Z  Dana did 10.",
    ]
    assert len(list(timeline_lines(items, everything=True))) == len(items)


def test_a_sentence_begins_with_a_capital() -> None:
    assert list(timeline_lines([entry(1, 1, who="command line")])) == [
        "   1  2026-11-19 14:01:00Z  Command line did 1."
    ]


@given(st.lists(st.sampled_from(["alert", "system", "note", "decision"]), max_size=40))
def test_nothing_that_a_person_did_is_ever_folded(categories: list[str]) -> None:
    items = [entry(seq, seq, category) for seq, category in enumerate(categories, 1)]
    lines = list(timeline_lines(items))
    shown = {int(line[:4]) for line in lines if "…" not in line}
    assert {one["seq"] for one in items if one["category"] in ("note", "decision")} <= shown
    if len(items) < FOLD_FROM:
        assert len(lines) == len(items)


def test_a_check_is_told_in_words() -> None:
    check = {
        "id": "c1",
        "name": "",
        "kind": "promql",
        "query": "up",
        "verdict": "no_data",
        "value": None,
        "target": "> 0",
    }
    assert check_row(check) == ("c1", "up", "no data", None, "> 0")
    measured = {**check, "name": "Errors", "verdict": "pass", "value": 0.123456789, "unit": "%"}
    assert check_row(measured) == ("c1", "Errors", "pass", "0.123457%", "> 0")
    assert check_row({**check, "verdict": None})[2] == "not measured yet"
    assert check_row({**check, "kind": "http"})[4] == "an answer below 400"
