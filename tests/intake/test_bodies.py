"""Bodies come in pieces and packed; none costs more memory than the limit."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import TooLarge
from tocsin.intake.bodies import UnknownEncoding, read_body, unpack
from tocsin.intake.signal import Unreadable


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def read(body: bytes, encoding: str = "", limit: int = 1000) -> bytes:
    return asyncio.run(read_body(pieces(body[:7], body[7:]), encoding, limit))


@given(st.binary(max_size=900))
def test_gzip_and_both_kinds_of_deflate_are_unpacked(body: bytes) -> None:
    raw = zlib.compressobj(wbits=-15)
    assert read(body) == body
    assert read(gzip.compress(body), "gzip") == body
    assert read(gzip.compress(body[:4]) + gzip.compress(body[4:]), "gzip") == body
    assert read(zlib.compress(body), "deflate") == body
    assert read(raw.compress(body) + raw.flush(), "deflate") == body


def test_what_is_larger_than_the_limit_is_refused_before_it_is_all_read() -> None:
    with pytest.raises(TooLarge, match="1,000 bytes"):
        read(b"x" * 1001)


def test_a_bomb_is_refused_without_unpacking_it() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        unpack(bomb, 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@given(st.binary(min_size=1, max_size=100))
def test_damaged_bodies_are_unreadable_and_nothing_else(body: bytes) -> None:
    for damaged in (gzip.compress(body)[:-3], gzip.compress(body) + b"rest"):
        with pytest.raises(Unreadable, match=r"^byte \d+"):
            read(damaged, "gzip")


def test_a_cut_body_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="damaged"):
        read(gzip.compress(b"hello hello hello")[:-9], "gzip")


def test_an_unknown_encoding_is_said() -> None:
    with pytest.raises(UnknownEncoding, match="'br'"):
        read(b"x", "br")
