"""`runbook check` finds what disagrees, what leads nowhere and what is loosened; it has nothing to say of ours."""

import pytest

from tocsin.runbook.bundle import Bundle, default_bundle, default_text
from tocsin.runbook.check import KnownNames, check_text, checked_runbook
from tocsin.runbook.findings import RunbookError


def _changed(old: str, new: str) -> str:
    text = default_text()
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_the_default_runbook_has_no_mistake() -> None:
    assert check_text(default_text()) == []


def test_a_duration_changed_in_the_sentence_alone_is_a_mistake_at_its_line() -> None:
    text = _changed("goes to the incident channel every 15 minutes", "goes to the incident channel every 10 minutes")
    (finding,) = check_text(text)
    assert "10 minutes" in text.split("\n")[finding.line - 1]
    assert finding.section == "5.1"
    assert finding.what.startswith("The sentence says '10 minutes', but the block says 15 minutes (every, line ")
    assert finding.fix == "Write '15 minutes' here or '10m' there."


def test_a_duration_changed_in_the_block_alone_is_a_mistake_too() -> None:
    text = _changed("every: 15m", "every: 20m")
    (finding,) = check_text(text)
    assert "every 15 minutes" in text.split("\n")[finding.line - 1]
    assert finding.what.startswith("The sentence says '15 minutes', but the block says 20 minutes (every, line ")
    assert finding.fix == "Write '20 minutes' here or '15m' there."


def test_changing_both_is_right_and_changes_the_clock() -> None:
    text = _changed("every: 15m", "every: 10m").replace("channel every 15 minutes", "channel every 10 minutes")
    assert check_text(text) == []
    assert Bundle.of(text).digest != default_bundle().digest


def test_the_same_number_with_another_unit_disagrees() -> None:
    (finding,) = check_text(_changed("within 48 hours of the end", "within 48 minutes of the end"))
    assert "48 minutes" in finding.what
    assert "48 hours" in finding.what


@pytest.mark.parametrize("said", ["30–90 minutes, more", "20–60 minutes, more"])
def test_a_range_of_which_one_end_moved_disagrees(said: str) -> None:
    (finding,) = check_text(_changed("30–60 minutes, more", said))
    assert finding.section == "5.2"


@pytest.mark.parametrize(
    ("old", "new", "what", "fix"),
    [
        (
            "on: regression_found",
            "on: regresion_found",
            "'regresion_found' never happens.",
            "Did you mean 'regression_found'?",
        ),
        (
            "[{page_role: operations}]",
            "[{page_role: operation}]",
            "'operation' is no role",
            "Did you mean 'operations'?",
        ),
        ("answer: vendor}", "answer: vendro}", "'vendro' is no question", "Did you mean 'vendor'?"),
        ("{number} goes back", "{numbr} goes back", "'{numbr}' is not filled in.", "Did you mean 'number'?"),
        ("done_when: acknowledged", "done_when: acknowleged", "'acknowleged' is not known", ""),
        ("highest_severity <= 2", "highest_severity <= resolved", "'resolved' is not known", ""),
        (
            "within: {sev1: 48h, sev2: 48h, sev3: off}",
            "within: {sev1: 48h, sev2: 48h}",
            "sev3 is not said",
            "`sev3: off`",
        ),
    ],
)
def test_names_that_lead_nowhere_are_found_with_the_nearest_one(old: str, new: str, what: str, fix: str) -> None:
    findings = check_text(_changed(old, new))
    assert any(what in finding.what and fix in (finding.fix or finding.what) for finding in findings), findings


def test_an_organisations_runbook_must_say_the_essentials() -> None:
    said = " ".join(finding.what for finding in check_text("# Empty\n"))
    for word in ("Sev1", "Sev2", "Sev3", "commander", "internal_update", "external_update", "hold", "watch", "review"):
        assert word in said


def test_names_of_the_organisation_are_checked_where_they_are_known() -> None:
    known = KnownNames(teams=frozenset({"security", "legals"}), schedules=frozenset({"incident-commanders"}))
    found = {(finding.what, finding.fix) for finding in check_text(default_text(), known=known)}
    assert ("There is no team 'legal'.", "Did you mean 'legals'?") in found
    assert any(what == "There is no schedule 'communications'." for what, _ in found)


SERVICE = """# Checkout

## Ours

### Clock

We tell each other every 10 minutes.

```yaml tocsin
service: checkout-api
clocks:
  internal_update: {every: 10m, role: communications}
gates:
  watching: {hold: 15m}
  resolved: {watch: 30m}
rules:
  page-database:
    on: declared
    if: severity == 1
    do: [{page_team: database}]
```
"""


def test_a_service_may_add_and_tighten() -> None:
    assert check_text(SERVICE, base=default_bundle().base) == []
    bundle = Bundle.of(default_text(), {"checkout-api": SERVICE})
    effective = bundle.effective(["checkout-api", "unknown"])
    assert effective.clocks.internal_update is not None
    assert {value.total_seconds() for value in effective.clocks.internal_update.every.values() if value} == {600}
    assert effective.gates["watching"].hold is not None
    assert effective.gates["watching"].hold.total_seconds() == 900
    assert effective.gates["watching"].needs == ("criteria_pass",)
    assert effective.gates["resolved"].watch is not None
    assert effective.gates["resolved"].watch.total_seconds() == 1800
    assert "checkout-api/page-database" in effective.rules
    assert set(bundle.base.rules) < set(effective.rules)
    assert effective.section_of("rules", "checkout-api/page-database") == "checkout-api:1.1"
    assert bundle.effective(["other"]) == bundle.base


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("every: 10m", "every: {sev1: 10m, sev2: 20m, sev3: 10m}", "20 minutes is looser than the base's 15 minutes"),
        ("every: 10m", "every: {sev1: 10m, sev2: off, sev3: 10m}", "'off' is looser"),
        ("hold: 15m", "hold: 5m", "5 minutes is looser than the base's 10 minutes"),
        ("watch: 30m", "watch: 20m", "outside the base's 30–60 minutes"),
        ("page-database:", "page-commander:", "has rules 'page-commander' already"),
        ("role: communications", "role: commander", "leaves it to 'communications'"),
        ("rules:", "roles: {communications: {title: C, required: {severities: [sev1]}}}\nrules:", "at Sev2 too"),
        ("rules:", "severities: {sev1: {means: Ours}}\nrules:", "means the same for every service"),
        ("rules:", "approvals: {external_update: {severities: [sev1], by: [commander]}}\nrules:", "at Sev2 too"),
        ("rules:", "review: {within: 72h}\nrules:", "3 days is looser than the base's 48 hours"),
        ("rules:", "recovery: {regression_after: 5}\nrules:", "looser than the base's 3"),
    ],
)
def test_a_service_never_loosens_and_is_told_the_line(old: str, new: str, what: str) -> None:
    text = SERVICE.replace(old, new)
    findings = [each for each in check_text(text, base=default_bundle().base) if "The sentence says" not in each.what]
    assert any(what in finding.what for finding in findings), findings
    assert all(1 < finding.line < len(text.split("\n")) for finding in findings)


def test_a_runbook_with_mistakes_can_not_be_taken_into_use() -> None:
    with pytest.raises(RunbookError, match="mistakes"):
        checked_runbook("# Empty\n")
