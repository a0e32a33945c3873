"""What people wrote stands in a fact's sentence as sentences of its own."""

import pytest

from tocsin.timeline.facts.comms import EscalationAnswered, UpdatePosted
from tocsin.timeline.facts.mitigation import DeploysReleased
from tocsin.timeline.facts.words import sentences


def test_the_three_boxes_of_an_update_do_not_run_into_each_other() -> None:
    update = UpdatePosted(
        update_id="u",
        audience="internal",
        known="one payment in five fails",
        doing="rolling back",
        next="Numbers at 14:15.",
        approved_by="dana",
        status="investigating",
        next_at=None,
    )
    said = update.sentence(str.capitalize)
    assert said.endswith(": One payment in five fails. Rolling back. Numbers at 14:15. Approved by Dana.")
    only = update.model_copy(update={"doing": "", "next": "", "approved_by": None})
    assert only.sentence(str).endswith(": One payment in five fails.")


def test_a_note_begins_with_a_capital_and_has_an_end() -> None:
    answered = EscalationAnswered(question="vendor", answer=True, note="their status page is red")
    assert answered.sentence(str) == "answered “Is a third party involved?”: yes. Their status page is red."
    released = DeploysReleased(services=("checkout-api",), reason="the fix is out")
    assert released.sentence(str).endswith(". The fix is out.")


@pytest.mark.parametrize("text", ["kubectl-scale x.", "https://x.example is up.", "iOS is hit.", "v2.1 is out."])
def test_what_is_no_plain_word_keeps_its_letters(text: str) -> None:
    assert sentences(text) == text
