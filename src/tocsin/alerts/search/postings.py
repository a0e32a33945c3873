"""A segment's postings as bytes: which term stands in which of its alerts. Pure.

One bucket holds the terms whose hashes share their lowest bits: little-endian, first how many terms, then their hashes
in order (u32), then where the places of each begin and the last ends (u32), then the places (u16), ascending.
"""

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

BUCKETS = 64
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
    (count,) = _numbers("I", bucket[:4])
    ends = 4 + 4 * count
    terms = _numbers("I", bucket[4:ends])
    at = bisect_left(terms, term)
    if at == count or terms[at] != term:
        return ()
    begins = ends + 4 * (count + 1)
    first, last = _numbers("I", bucket[ends + 4 * at : ends + 4 * at + 8])
    return _numbers("H", bucket[begins + 2 * first : begins + 2 * last])


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


__all__ = ["BUCKETS", "LARGEST", "bucket_of", "build", "in_all", "places_of"]
