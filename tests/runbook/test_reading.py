"""Reading a runbook: numbers of sections, sentences beside blocks, every mistake with its line."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.runbook.bundle import default_text
from tocsin.runbook.check import check_text
from tocsin.runbook.document import read_document
from tocsin.runbook.explain import explain_text
from tocsin.runbook.findings import RunbookError
from tocsin.runbook.reading import read, read_runbook
from tocsin.runbook.rows import document_rows

SMALL = """# Small

## Talking

### Inside

Updates go out every 15 minutes.

```yaml tocsin
clocks:
  internal_update: {every: 15m, role: commander}
```

```yaml
clocks: this is only an example
```

- Look at the graphs.
- Ask again after 10 minutes.

  ```yaml tocsin
  clocks:
    decision_result: {after: 10m}
  ```

### Outside
"""


def test_sections_are_numbered_by_their_headings() -> None:
    document = read_document(SMALL)
    assert [(heading.number, heading.title) for heading in document.headings] == [
        ("", "Small"),
        ("1", "Talking"),
        ("1.1", "Inside"),
        ("1.2", "Outside"),
    ]
    assert document.section_at(8) == "1.1"


def test_each_block_stands_beside_the_sentence_just_above_it() -> None:
    first, second = read_document(SMALL).blocks
    assert first.sentence is not None
    assert first.sentence.text == "Updates go out every 15 minutes."
    assert (first.line, first.first_line) == (9, 10)
    assert second.sentence is not None
    assert "Ask again after 10 minutes." in second.sentence.text


def test_things_know_the_section_that_says_them() -> None:
    runbook = read_runbook(SMALL)
    assert runbook.section_of("clocks", "internal_update") == "1.1"
    assert runbook.section_of("clocks", "external_update") == ""


def test_all_mistakes_are_told_at_once_with_line_and_nearest_name() -> None:
    text = """# R

## One

```yaml tocsin
clocks:
  internal_update: {every: 15, role: commander, nuge: 3m}
rules:
  a:
    on: declared
    if: severity <=
    do: [{page_rol: commander}, {page_role: {rolle: x}}]
gatez: {}
```

```yaml tocsin
rules: {a: {on: resolved}}
```
"""
    found = {(finding.line, finding.what, finding.fix) for finding in read(text).findings}
    assert found == {
        (7, "clocks.internal_update.every: 15 is no duration: write a number and a unit, for example 15m.", ""),
        (7, "'nuge' is not known in clocks.internal_update.", "Did you mean 'nudge'?"),
        (11, "rules.a.if: the condition ends too early.", ""),
        (12, "'page_rol' is no effect in rules.a.do.0.", "Did you mean 'page_role'?"),
        (12, "'role' is missing in rules.a.do.1.page_role.", "Add `role: …`."),
        (12, "'rolle' is not known in rules.a.do.1.page_role.", "Did you mean 'role'?"),
        (13, "'gatez' is not known here.", "Did you mean 'gates'?"),
        (17, "'rules.a.on' is said twice, first on line 10.", "Keep one of them."),
    }


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ("a: &x 1\nb: *x", "Anchors and aliases"),
        ("a: [1, 2", "not YAML"),
        ("a: {b: 1, b: 2}", "stands twice"),
        ("a: !!python/object/apply:os.system [ls]", "tag"),
        ("[" * 40, "deep"),
        ('a: "\\U7fffffff"', "not YAML"),
        ('a: "\\ud800"', "half of a character"),
        ("- 1", "name: value"),
        ("a: 1\n---\nb: 2", "one YAML document"),
        ("? [1]\n: 2", "key must be a word"),
        ("\ta: 1", "not YAML"),
        ("", "empty"),
    ],
)
def test_yaml_that_is_broken_or_hostile_is_told_by_its_line(block: str, what: str) -> None:
    findings = read(f"# R\n\n```yaml tocsin\n{block}\n```\n").findings
    assert any(what in finding.what for finding in findings), findings
    assert all(finding.line >= 3 for finding in findings)


def test_words_that_yaml_likes_to_change_stay_words() -> None:
    text = '## A\n\n```yaml tocsin\nrules: {r: {on: declared, do: [{post: "no"}]}}\n```\n'
    assert read_runbook(text).rules["r"].on == ("declared",)


def test_reading_a_broken_runbook_raises_one_error_with_all_findings() -> None:
    with pytest.raises(RunbookError) as raised:
        read_runbook("```yaml tocsin\nx: 1\ny: 2\n```")
    assert len(raised.value.findings) == 2
    assert len(raised.value.mistakes) == 2


def test_a_runbook_that_is_too_large_is_refused() -> None:
    assert "larger" in read("x" * 600_000).findings[0].what


_PIECES = st.sampled_from(
    [
        "# A\n", "## B\n", "### C\n", "- item 15 minutes\n", "text 30–60 min\n", "```yaml tocsin\n", "```\n", "  ",
        "> ", "\t", "rules:\n", "  a: {on: declared, do: [open_channel]}\n", "{", "}", "[", "]", ": ", '"', "'",
        "\x00", "\ud800", "clocks: {internal_update: {every: 15m}}\n", "says: 1\n", "roles: [1]\n", "gates: 3\n",
        "severities: {sev9: 1}\n", "first_five: {steps: {a: {done_when: 'x >'}}}\n", "*a\n", "&a b\n", "|\n",
        "<script>alert(1)</script>\n", "~~~yaml tocsin\n", "questions: {q: {ask: 5}}\n", "service: X\n",
        "review: {within: {sev1: 3h}}\n", "actions: {a: null}\n",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=12), max_size=30).map("".join))
def test_hostile_markdown_gives_findings_and_never_another_error(text: str) -> None:
    for finding in check_text(text):
        assert finding.line >= 1
        assert finding.what
    rows = document_rows(text)
    assert all("<script" not in row.html for row in rows)
    with suppress(RunbookError):
        explain_text(text)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_default_runbook_with_any_line_damaged_still_only_gives_findings(data: st.DataObject) -> None:
    lines = default_text().split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place] = data.draw(
            st.sampled_from(["", "```", "  - x: [", "a: b: c", "@", lines[place][::-1], lines[place] * 2])
        )
    text = "\n".join(lines)
    check_text(text)
    document_rows(text)
