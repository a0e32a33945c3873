"""Any JSON as alerts, by a mapping that its team writes in YAML. Pure, and bounded.

Each field of an alert is a JMESPath expression over the body. The language has no loops and reaches nothing outside
the body; what could multiply a body is limited when the mapping is read, so that no mapping keeps intake busy.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jmespath
import yaml
from jmespath.exceptions import JMESPathError

from tocsin.errors import Invalid, Mistake
from tocsin.intake.fields import Fields, moment_of
from tocsin.intake.reading import Wrong, read_json
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    SetAside,
    Signal,
    Unreadable,
    bounded_key,
    clipped,
    details_of,
    link_of,
    severity_of,
    storable,
)

LONGEST_MAPPING = 20_000
FIRST_MAPPING = """dedup_key: id
title: message
severity: level
resolved: state == 'ok'
"""
_LONGEST_EXPRESSION = 500
_MOST_NODES = 80
_MOST_LISTS = 1  # of `[a, b]` in one expression: nested ones double a body again and again
_MOST_FLATTENED = 3
_MOST_ALERTS = 5_000
_REQUIRED = ("dedup_key", "title")
_TEXTS = ("dedup_key", "title", "severity", "service", "description", "url", "started_at", "ended_at")
_CONDITIONS = ("resolved", "ignored")
_KNOWN = (*_TEXTS, *_CONDITIONS, "alerts", "labels", "severities")


class Expression:
    """One JMESPath expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled = jmespath.compile(text)
        nodes = list(_nodes(self._compiled.parsed))
        if len(nodes) > _MOST_NODES:
            raise ValueError("is too long to be evaluated for each alert")
        if sum(kind in ("multi_select_list", "multi_select_dict") for kind in nodes) > _MOST_LISTS:
            raise ValueError("may build one list or object, not several")
        if nodes.count("flatten") > _MOST_FLATTENED:
            raise ValueError(f"may flatten at most {_MOST_FLATTENED} times")

    def of(self, value: object) -> Any:
        """What the expression finds; Wrong when it can't be evaluated over this."""
        try:
            return self._compiled.search(value)
        except (JMESPathError, TypeError, ValueError, AttributeError) as error:
            raise Wrong("", f"'{self.text}' can't be evaluated: {_line(error)}") from error


class AlertMapping:
    """How bodies become alerts."""

    def __init__(
        self, fields: Mapping[str, Expression], labels: Mapping[str, Expression], words: Mapping[str, str]
    ) -> None:
        self.fields = fields
        self.labels = labels
        self.words = words


def read_mapping(text: str) -> AlertMapping:
    """The mapping; Invalid names everything that is wrong with it."""
    if len(text) > LONGEST_MAPPING:
        raise Invalid(f"a mapping has at most {LONGEST_MAPPING:,} characters", "mapping")
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f"this is no YAML: {_line(error)}", "mapping") from error
    if not isinstance(told, dict):
        raise Invalid("a mapping names dedup_key and title, and what else there is, each with an expression", "mapping")
    wrong: list[Mistake] = []
    fields: dict[str, Expression] = {}
    for name, expression in told.items():
        if name not in _KNOWN:
            wrong.append(Mistake(f"mapping.{clipped(str(name), 50)}", f"is unknown; known are {', '.join(_KNOWN)}"))
        elif name not in ("labels", "severities"):
            _add(fields, f"mapping.{name}", str(name), expression, wrong)
    labels: dict[str, Expression] = {}
    for name, expression in _pairs(told, "labels", wrong):
        _add(labels, f"mapping.labels.{name}", name, expression, wrong)
    words = {name.lower(): word for name, word in _pairs(told, "severities", wrong) if isinstance(word, str)}
    wrong += [Mistake(f"mapping.{name}", "is missing") for name in _REQUIRED if name not in told]
    if wrong:
        raise Invalid("; ".join(f"{each.field} {each.message}" for each in wrong), mistakes=tuple(wrong))
    return AlertMapping(fields, labels, words)


@lru_cache(maxsize=256)
def _remembered(text: str) -> AlertMapping:
    return read_mapping(text)


def parse_by(mapping: str, body: bytes) -> Parsed:
    """The alerts of a body by a mapping (its YAML); those that can't be understood are set aside alone."""
    try:
        how = _remembered(mapping)
    except Invalid as error:
        raise Unreadable("mapping", error.message) from error
    whole = read_json(body)
    try:
        found = how.fields["alerts"].of(whole) if "alerts" in how.fields else [whole]
    except Wrong as wrong:
        raise Unreadable("alerts", wrong.reason) from wrong
    except RecursionError as error:
        raise Unreadable("$", "is nested too deeply") from error
    if not isinstance(found, list):
        raise Unreadable("alerts", f"'{how.fields['alerts'].text}' finds no list of alerts in this body")
    if len(found) > _MOST_ALERTS:
        raise Unreadable("alerts", f"there are more than {_MOST_ALERTS:,} alerts in one body")
    return _each(how, found, body)


def _each(how: AlertMapping, items: list[object], body: bytes) -> Parsed:
    """Each item as a signal; what can't be understood is told together, beside the whole body, which can be replayed."""
    signals: list[Signal] = []
    wrong: list[str] = []
    for number, item in enumerate(items, 1):
        try:
            if not _is_ignored(how, item):
                signals.append(_signal(how, item))
        except Wrong as error:
            wrong.append(f"alert {number}: {error.field} {error.reason}".replace(":  ", ": "))
        except (RecursionError, OverflowError):
            wrong.append(f"alert {number}: is nested too deeply")
    if not wrong:
        return Parsed(tuple(signals))
    first, more = wrong[0], f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    place, _, reason = first.partition(": ")
    content = storable(body.decode("utf-8", "replace"))
    return Parsed(tuple(signals), (SetAside(place, clipped(reason, 500) + more, content),))


def _signal(how: AlertMapping, item: object) -> Signal:
    told = {name: _text(name, how.fields[name].of(item)) for name in _TEXTS if name in how.fields}
    found = Fields({name: value for name, value in told.items() if value is not None})
    labels, annotations = details_of({name: each.of(item) for name, each in how.labels.items()})
    severity = found.text("severity")
    if found.text("description"):
        annotations["description"] = clipped(found.text("description"))
    over = "resolved" in how.fields and _holds(how.fields["resolved"].of(item))
    link = link_of("Link", found.text("url")) if "url" in found else None
    return Signal(
        dedup_key=bounded_key(found.required("dedup_key")),
        status="resolved" if over else "firing",
        severity=severity_of(how.words.get(severity.lower(), severity)),
        title=clipped(found.required("title"), LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=(link,) if link else (),
        service=found.text("service") or labels.get("service"),
        started_at=moment_of(told.get("started_at")),
        ended_at=moment_of(told.get("ended_at")) if over else None,
    )


def _is_ignored(how: AlertMapping, item: object) -> bool:
    try:
        return "ignored" in how.fields and _holds(how.fields["ignored"].of(item))
    except (Wrong, RecursionError):
        return False  # read, so that what is wrong with it is said


def _text(name: str, value: object) -> object:
    if isinstance(value, list | dict):
        raise Wrong(name, "its expression finds a list or an object; name a single value in it")
    return value


def _holds(value: object) -> bool:
    return bool(value)  # as JMESPath itself sees it, but that 0 is none


def _add(into: dict[str, Expression], place: str, name: str, text: object, wrong: list[Mistake]) -> None:
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_EXPRESSION:
        wrong.append(Mistake(place, f"is an expression of at most {_LONGEST_EXPRESSION} characters"))
        return
    try:
        into[name] = Expression(text)
    except (JMESPathError, ValueError, RecursionError) as error:
        wrong.append(Mistake(place, f"{_line(error)}"))


def _pairs(told: Mapping[Any, Any], name: str, wrong: list[Mistake]) -> list[tuple[str, Any]]:
    value = told.get(name) or {}
    if isinstance(value, dict):
        return [(key, each) for key, each in value.items() if isinstance(key, str)]
    wrong.append(Mistake(f"mapping.{name}", "is names with a value each"))
    return []


def _nodes(parsed: Mapping[str, Any]) -> Iterator[str]:
    yield str(parsed["type"])
    for child in parsed["children"]:
        yield from _nodes(child)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
