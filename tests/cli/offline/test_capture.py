"""Output is bounded, and the cut hides nothing of what is kept and shows no half of a secret."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.offline.capture import BoundedOutput
from tocsin.masking import mask


@given(chunks=st.lists(st.binary(max_size=200), max_size=20))
def test_short_output_is_kept_whole(chunks: list[bytes]) -> None:
    output = BoundedOutput(limit=4096)
    for chunk in chunks:
        output.write(chunk)
    assert output.text() == b"".join(chunks).decode("utf-8", "replace")
    assert not output.truncated


def test_long_output_keeps_its_head_and_tail_and_says_what_is_missing() -> None:
    output = BoundedOutput(limit=1000)
    for number in range(5000):
        output.write(f"line {number}\n".encode())
    text = output.text()
    assert text.startswith("line 0\nline 1\n")
    assert text.endswith("line 4998\nline 4999\n")
    assert "bytes left out" in text
    assert len(text) < 1200


def test_memory_stays_bounded_however_much_is_written() -> None:
    output = BoundedOutput()
    for _ in range(200):
        output.write(b"x" * 100_000)
    assert len(output.text()) < 70_000


@given(offset=st.integers(0, 1200))
def test_a_secret_on_the_cut_does_not_stay_by_halves(offset: int) -> None:
    output = BoundedOutput(limit=1000)
    secret = "AKIAIOSFODNN7EXAMPLE"
    output.write(b"a" * offset + b" key " + secret.encode() + b" " + b"b " * 2000)
    text = mask(output.text())
    assert not any(secret[:length] in text for length in range(6, 21))
    assert not any(secret[-length:] in text for length in range(6, 21))
