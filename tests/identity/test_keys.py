"""Signatures: what was signed verifies, and nothing else does, whatever a stranger puts into a link."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.identity.keys import Keys

KEYS = Keys((("k2", b"2" * 32), ("k1", b"1" * 32)))


@given(st.text(), st.text())
def test_what_was_signed_verifies_for_its_purpose_alone(message: str, other: str) -> None:
    signature = KEYS.sign("page", message)
    assert KEYS.verifies("page", message, signature)
    assert not KEYS.verifies("invitation", message, signature)
    assert other == message or not KEYS.verifies("page", other, signature)


@given(st.sampled_from(["k1.", "k2.", "", "k3."]), st.text(st.characters()))
def test_a_signature_of_any_characters_is_refused_and_not_a_fault(key: str, digest: str) -> None:
    assert not KEYS.verifies("page", "0190 dana", key + digest)
