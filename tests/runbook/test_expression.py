"""The language of conditions reads, and can do nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.runbook.expression import ExpressionError, Known, evaluate, holds, mistakes_in, parse_expression, to_text

KNOWN: dict[str, Known] = {
    "severity": 2,
    "phase": "triage",
    "services": frozenset({"checkout-api", "cart"}),
    "deploys_held": True,
    "labels.category": "auth",
}
TYPES = {"severity": "number", "phase": "word", "services": "words", "deploys_held": "truth", "labels.*": "word"}


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        ("severity <= 2", True),
        ("severity < 2 or phase == 'triage'", True),
        ("severity == 1 and deploys_held", False),
        ('"cart" in services', True),
        ('"pay" not in services', True),
        ("not deploys_held", False),
        ('labels.category in ["data", "auth"]', True),
        ('labels.nothing == "x"', False),
        ('labels.nothing != "x"', True),
        ("labels.nothing > 3", False),
        ("not (severity > 2) and (phase == 'x' or true)", True),
    ],
)
def test_conditions_hold_as_they_read(condition: str, true: bool) -> None:
    tree = parse_expression(condition)
    assert holds(tree, KNOWN) is true
    assert holds(parse_expression(to_text(tree)), KNOWN) is true


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "severity <=",
        "severity = 2",
        "(severity",
        "__import__('os')",
        "a.b.c()",
        "1 +",
        "[services]",
        "x" * 500,
        "(" * 40 + "1",
    ],
)
def test_what_makes_no_sense_is_refused(condition: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(condition)


def test_comparing_a_word_with_a_number_fails_as_an_error_of_its_own() -> None:
    with pytest.raises(ExpressionError, match="numbers only"):
        evaluate(parse_expression('phase < "x"'), KNOWN)


def test_mistakes_are_found_before_any_night() -> None:
    assert mistakes_in(parse_expression("severty <= 2"), TYPES) == [
        "'severty' is not known here. Did you mean 'severity'?"
    ]
    assert mistakes_in(parse_expression('severity <= "high"'), TYPES) == [
        "a number and a word can't be compared by '<='"
    ]
    assert mistakes_in(parse_expression('labels.team == "web" and "cart" in services'), TYPES) == []


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tree = parse_expression(text)
        holds(tree, KNOWN)
    except ExpressionError:
        pass


_ATOMS = st.sampled_from(["severity", "phase", "services", "labels.x", "nothing", "1", '"a"', '["a", 2]', "true"])


@given(
    st.lists(
        st.tuples(_ATOMS, st.sampled_from(["==", "!=", "<", ">=", "in", "not in", "and", "or"])), min_size=1, max_size=6
    )
)
def test_evaluating_is_total_and_the_same_each_time(parts: list[tuple[str, str]]) -> None:
    text = " ".join(f"{atom} {sign}" for atom, sign in parts) + " severity"
    try:
        tree = parse_expression(text)
    except ExpressionError:
        return
    outcomes = set()
    for _ in range(2):
        try:
            outcomes.add(str(evaluate(tree, KNOWN)))
        except ExpressionError as error:
            outcomes.add(f"refused: {error}")
    assert len(outcomes) == 1
