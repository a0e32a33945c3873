"""A request's body, read in pieces and unpacked within bounds: a small body that unpacks to a huge one is refused early."""

import zlib
from collections.abc import AsyncIterable

from tocsin.errors import TooLarge
from tocsin.intake.signal import Unreadable

PLAIN = ("", "identity")
_AUTO = 32 + zlib.MAX_WBITS  # gzip or zlib, by its header
_RAW = -zlib.MAX_WBITS  # what some senders mean by `deflate`


class UnknownEncoding(Exception):
    """A Content-Encoding that is not understood."""


async def read_body(pieces: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """The unpacked body. TooLarge when it, or what was sent, exceeds `limit` bytes; Unreadable when it is damaged."""
    encoding = encoding.strip().lower()
    if encoding in PLAIN:
        return await _gather(pieces, limit)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UnknownEncoding(f"Content-Encoding {encoding!r} is not understood; send gzip, deflate or none")
    return unpack(await _gather(pieces, limit), limit)


def unpack(packed: bytes, limit: int) -> bytes:
    """Unpack gzip (one or more members) or deflate, never making more than `limit` bytes and one."""
    found = bytearray()
    rest = packed
    while rest:
        try:
            rest = _unpack_one(rest, found, limit)
        except zlib.error as error:
            raise Unreadable(f"byte {len(packed) - len(rest)}", f"the compressed body is damaged: {error}") from error
    return bytes(found)


def _unpack_one(packed: bytes, found: bytearray, limit: int) -> bytes:
    stream = zlib.decompressobj(_AUTO)
    try:
        piece = stream.decompress(packed, limit + 1 - len(found))
    except zlib.error:
        if found:
            raise
        stream = zlib.decompressobj(_RAW)
        piece = stream.decompress(packed, limit + 1)
    found += piece
    if len(found) > limit:
        raise _too_large(limit)
    if not stream.eof:
        raise zlib.error("it ends in the middle")
    return stream.unused_data


async def _gather(pieces: AsyncIterable[bytes], limit: int) -> bytes:
    found = bytearray()
    async for piece in pieces:
        found += piece
        if len(found) > limit:
            raise _too_large(limit)
    return bytes(found)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit:,} bytes; send fewer alerts at once")
