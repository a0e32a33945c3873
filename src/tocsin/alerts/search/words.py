"""What of an alert can be found, and what is sought. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from zlib import crc32

import msgspec

from tocsin.errors import Invalid

SHORTEST_PREFIX = 3
LONGEST_PREFIX = 12
MOST_SOUGHT = 12
_MOST_WORDS = 200  # of one text: what a hostile one has beyond is not found
_MOST_CACHED = 20_000
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Content(msgspec.Struct, frozen=True):
    """The part of an alert that is searched: its labels by their exact values, and the words of all of it."""

    title: str
    service: str | None
    group_id: str | None
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Sought:
    """What an alert must carry: all of these labels, and a word that begins with each of these."""

    labels: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.labels or self.words)


def sought(text: str = "", labels: Mapping[str, str] | None = None) -> Sought:
    """What a person typed, as it is sought. Invalid when there are more words than anybody types."""
    words = tuple(dict.fromkeys(_words_sought(text)))
    if len(words) > MOST_SOUGHT:
        raise Invalid(f"at most {MOST_SOUGHT} words can be sought at once", "q")
    return Sought(dict(labels or {}), words)


def labels_and_words(text: str) -> tuple[dict[str, str], str]:
    """What a person typed in one line: `region=eu-3` is a label with its value, all else are words."""
    labels: dict[str, str] = {}
    words: list[str] = []
    for part in text.split():
        name, equals, value = part.partition("=")
        if name and equals and value:
            labels[name] = value
        else:
            words.append(part)
    return labels, " ".join(words)


def fits(content: Content, wanted: Sought) -> bool:
    """Whether this is one of those that are sought."""
    if any(content.labels.get(name) != value for name, value in wanted.labels.items()):
        return False
    if not wanted.words:
        return True
    found = set(_words_of(content))
    return all(_begins(found, word) for word in wanted.words)


def may_fit(texts: Iterable[str], words: tuple[str, ...]) -> bool:
    """A quick look at the texts as they are stored: False only if `fits` would be, too."""
    whole = _small("\n".join(texts))
    return all(word in whole for word in words)


def hashes_of(content: Content) -> set[int]:
    """The 32-bit hashes of all by which an alert is found."""
    found = {label_hash(name, value) for name, value in content.labels.items()}
    if content.service is not None:
        found.add(service_hash(content.service))
    if content.group_id is not None:
        found.add(group_hash(content.group_id))
    for text in _texts_of(content):
        found.update(_hashes_in(text))
    return found


def hashes_sought(wanted: Sought, service: str | None = None, group_id: str | None = None) -> list[int]:
    """The hashes that an alert must have all of, to be one of those; it may have them and be none."""
    found = [label_hash(name, value) for name, value in wanted.labels.items()]
    found += [_hash("w", word[:LONGEST_PREFIX]) for word in wanted.words]
    if service is not None:
        found.append(service_hash(service))
    if group_id is not None:
        found.append(group_hash(group_id))
    return found


@lru_cache(_MOST_CACHED)
def label_hash(name: str, value: str) -> int:
    """Of a label with its value."""
    return _hash("l", f"{name}\0{value}")


@lru_cache(_MOST_CACHED)
def service_hash(service: str) -> int:
    """Of the service that an alert is about."""
    return _hash("s", service)


@lru_cache(_MOST_CACHED)
def group_hash(group_id: str) -> int:
    """Of the group in which an alert is."""
    return _hash("g", group_id)


def _hash(kind: str, text: str) -> int:
    return crc32(f"{kind}\0{text}".encode())


@lru_cache(_MOST_CACHED)
def _hashes_in(text: str) -> tuple[int, ...]:
    """Of each beginning by which a word of the text is found; a short word only by the whole of it."""
    return tuple(chain.from_iterable(map(_prefix_hashes, _words_in(text))))


def _prefix_hashes(word: str) -> Iterator[int]:
    shortest = word[:SHORTEST_PREFIX]
    found = _hash("w", shortest)
    yield found
    for letter in word[SHORTEST_PREFIX:LONGEST_PREFIX]:
        found = crc32(letter.encode(), found)  # as of all letters up to here
        yield found


def _begins(words: set[str], beginning: str) -> bool:
    if len(beginning) < SHORTEST_PREFIX:
        return beginning in words
    return any(word.startswith(beginning) for word in words)


def _words_of(content: Content) -> Iterator[str]:
    return chain.from_iterable(map(_words_in, _texts_of(content)))


def _texts_of(content: Content) -> Iterator[str]:
    return chain((content.title, content.service or ""), content.labels.values())


def _small(text: str) -> str:
    """In small letters; a Greek word's last sigma as any other, since what comes last depends on what stands around."""
    return text.lower().replace("ς", "σ")


def _words_sought(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        yield _small(word)


@lru_cache(_MOST_CACHED)
def _words_in(text: str) -> tuple[str, ...]:
    """The words of a text in small letters; of `HighErrorRate` also its parts, since people name alerts so."""
    words = _WORD.findall(text)[:_MOST_WORDS]
    parts = [part for word in words if not (word.islower() or word.isdecimal()) for part in _HUMP.split(word)]
    return tuple({_small(word) for word in (*words, *parts)})


__all__ = [
    "Content",
    "Sought",
    "fits",
    "group_hash",
    "hashes_of",
    "hashes_sought",
    "label_hash",
    "labels_and_words",
    "may_fit",
    "service_hash",
    "sought",
]
