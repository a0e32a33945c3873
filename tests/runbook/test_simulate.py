"""A night can be played before it happens, and what people read agrees with what is done."""

import time

import pytest

from tocsin.runbook.bundle import Bundle, default_bundle, default_text
from tocsin.runbook.check import check_text
from tocsin.runbook.edit import durations_in, replace_duration
from tocsin.runbook.explain import explain_text
from tocsin.runbook.findings import RunbookError
from tocsin.runbook.rows import document_rows, mode_counts
from tocsin.runbook.simulate import play, simulate


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_a_night_is_played_to_its_end_in_under_a_second(severity: int) -> None:
    started = time.monotonic()
    story = simulate(default_text(), severity)
    assert time.monotonic() - started < 1
    assert f"declared INC-1 as Sev{severity}" in story
    assert "resolved" in story
    assert ("scheduled the postmortem" in story) is (severity < 3)
    assert ("held deploys on checkout-api" in story) is (severity < 3)


def test_the_night_goes_through_every_phase_in_order() -> None:
    phases = [
        str(entry.fact.model_dump()["phase"]) for entry in play(default_bundle(), 1) if entry.kind == "phase_changed"
    ]
    assert phases == ["triage", "mitigating", "restoring", "watching", "resolved", "review", "closed"]


def test_a_changed_clock_changes_the_night() -> None:
    def missed(text: str) -> int:
        return sum(entry.kind == "update_missed" for entry in play(Bundle.of(text), 3))

    assert missed(replace_duration(default_text(), "5.1", "15m", "5m")) > missed(default_text())


def test_a_night_is_the_same_each_time_and_entries_are_in_order() -> None:
    first, second = play(default_bundle(), 2), play(default_bundle(), 2)
    assert first == second
    assert [entry.happened_at for entry in first] == sorted(entry.happened_at for entry in first)


def test_a_runbook_that_can_not_be_read_is_not_played_or_explained() -> None:
    broken = default_text().replace("every: 15m", "every: 15")
    for use in (simulate, explain_text):
        with pytest.raises(RunbookError):
            use(broken)


def test_explaining_says_what_happens_when_with_its_line() -> None:
    said = explain_text(default_text())
    for sentence in (
        "When an incident is declared:\n  - Incident commander is paged",
        "An internal update is due every 15 minutes. (§5.1)",
        "every 30 minutes at Sev1, every 60 minutes at Sev2, at Sev3 only when somebody asks. (§5.2)",
        "At Sev1 and Sev2 and while deploys are not held, deploys are held on the services that are hit. (§3.3)",
        "the watch has run for 45 minutes (a service may choose 30–60 minutes)",
        "within 48 hours at Sev1 and Sev2",
    ):
        assert sentence in said


def test_editing_a_duration_changes_block_and_sentence_and_leaves_no_mistake() -> None:
    text = replace_duration(default_text(), "5.1", "15m", "10m")
    assert check_text(text) == []
    changed = [new for old, new in zip(default_text().split("\n"), text.split("\n"), strict=True) if old != new]
    assert len(changed) == 2
    assert "every 10 minutes" in changed[0]
    assert changed[1].strip() == "every: 10m"


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        ("5.2", "30m", "20m"),
        ("8.2", "30–60 min", "30–50 min"),
        ("8.2", "45m", "50m"),
        ("9.1", "48h", "24h"),
        ("1.2", "3m", "90s"),
    ],
)
def test_every_edit_keeps_both_agreeing(section: str, old: str, new: str) -> None:
    assert check_text(replace_duration(default_text(), section, old, new)) == []


def test_editing_what_is_not_there_is_refused() -> None:
    with pytest.raises(RunbookError, match="no duration"):
        replace_duration(default_text(), "5.1", "7m", "8m")
    with pytest.raises(RunbookError):
        replace_duration(default_text(), "5.1", "15m", "soon")


def test_every_duration_is_listed_with_its_lines() -> None:
    found = {(place.section, place.value): place for place in durations_in(default_text())}
    assert found["5.1", "15m"].sentence_lines
    assert found["9.1", "48h"].block_lines


def test_rows_put_each_section_beside_what_is_done_about_it() -> None:
    rows = {row.number: row for row in document_rows(default_text())}
    assert rows["1.1"].mode == "people"
    assert rows["5.1"].mode_word == "Enforced"
    assert "<mark>15 minutes</mark>" in rows["5.1"].html
    assert "yaml" not in rows["5.1"].html
    assert "An internal update is due every 15 minutes." in rows["5.1"].sentences
    assert rows["10.1"].mode == "recorded"
    assert rows["3.3"].mode == "asked"
    assert set(mode_counts(tuple(rows.values()))) == {"enforced", "asked", "recorded", "people"}


def test_every_section_of_the_runbook_that_teams_know_is_covered() -> None:
    numbers = {row.number for row in document_rows(default_text())}
    wanted = "1.1 1.2 1.3 2.1 2.2 2.3 3.1 3.2 3.3 3.4 4.1 4.2 4.3 4.4 5.1 5.2 5.3 6.1 6.2 7.1 8.1 8.2 9.1 9.2 9.3 10"
    assert set(wanted.split()) <= numbers


def test_prose_of_others_is_made_harmless() -> None:
    (row,) = document_rows("## A\n\n<script>alert(1)</script> [x](javascript:alert(1)) in <b>5 minutes</b> & more\n")
    assert "<script" not in row.html
    assert "javascript:" not in row.html.replace("[x](javascript:", "")
    assert "<mark>5 minutes</mark>" in row.html
