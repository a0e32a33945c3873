"""A segment's postings as bytes: which term stands in which of its alerts. Pure.

One bucket holds the terms whose hashes share their lowest bits: little-endian, first how many terms, then their hashes
in order (u32), then where the places of each begin and the last ends (u32), then the places (u16), ascending.
"""

import math
import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct

BUCKETS = 64
NO_TERMS = bytes(8)
"""A bucket without any."""
_U32, _TWO_U32 = Struct("<I"), Struct("<II")
LARGEST = 65_536  # alerts of one segment: a place is a u16


def bucket_of(term: int) -> int:
    """In which bucket a term's hash stands."""
    return term % BUCKETS


def build(alerts: Sequence[Iterable[int]]) -> dict[int, bytes]:
    """Buckets by number, of alerts in their order, each with the hashes of its terms."""
    if len(alerts) > LARGEST:
        raise ValueError(f"{len(alerts)} alerts are more than a segment holds")
    places_by_term: defaultdict[int, list[int]] = defaultdict(list)
    for place, terms in enumerate(alerts):
        for term in terms:
            places_by_term[term].append(place)
    by_bucket: list[dict[int, list[int]]] = [{} for _ in range(BUCKETS)]
    for term, places in places_by_term.items():
        by_bucket[bucket_of(term)][term] = places
    return {number: _packed(terms) for number, terms in enumerate(by_bucket) if terms}


def places_of(bucket: bytes, term: int) -> Sequence[int]:
    """Where the term stands, ascending; empty if nowhere."""
    (count,) = _U32.unpack_from(bucket)
    ends = 4 + 4 * count
    at = bisect_left(range(count), term, key=lambda place: _U32.unpack_from(bucket, 4 + 4 * place)[0])
    if at == count or _U32.unpack_from(bucket, 4 + 4 * at)[0] != term:
        return ()
    begins = ends + 4 * (count + 1)
    first, last = _TWO_U32.unpack_from(bucket, ends + 4 * at)
    return _numbers("H", bucket[begins + 2 * first : begins + 2 * last])


class Terms:
    """The terms that alerts must have all of, in the order in which it costs least to look: the rarest first.

    How rare each is, is learned from the segments that were looked at.
    """

    def __init__(self, terms: Sequence[int]) -> None:
        self._looked = {term: [0, 0] for term in terms}  # in how many segments, and how many places were found

    def rarest_first(self) -> list[int]:
        """All of them; what was never looked at last, since one before it was nowhere."""
        return sorted(self._looked, key=self._density)

    def seen(self, term: int, places: Iterable[Sequence[int]]) -> None:
        """What of a term was found in some segments."""
        for each in places:
            self._looked[term][0] += 1
            self._looked[term][1] += len(each)

    def _density(self, term: int) -> float:
        segments, places = self._looked[term]
        return places / segments if segments else math.inf


def in_all(found: Sequence[Sequence[int]]) -> Iterator[int]:
    """The places that are in each of these, the last first. Each is ascending; the shortest decides what it costs."""
    shortest, *others = sorted(found, key=len)
    for place in reversed(shortest):
        if all(_is_in(other, place) for other in others):
            yield place


def _is_in(places: Sequence[int], place: int) -> bool:
    at = bisect_left(places, place)
    return at < len(places) and places[at] == place


def _packed(by_term: dict[int, list[int]]) -> bytes:
    terms = sorted(by_term)
    starts, places = array("I", [0]), array("H")
    for term in terms:
        places.extend(by_term[term])
        starts.append(len(places))
    return b"".join(_bytes(each) for each in (array("I", [len(terms)]), array("I", terms), starts, places))


def _numbers(code: str, content: bytes) -> "array[int]":
    found: array[int] = array(code, content)
    if sys.byteorder == "big":  # pragma: no cover - none of the machines of the tests
        found.byteswap()
    return found


def _bytes(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":  # pragma: no cover
        numbers.byteswap()
    return numbers.tobytes()


__all__ = ["BUCKETS", "LARGEST", "NO_TERMS", "Terms", "bucket_of", "build", "in_all", "places_of"]
