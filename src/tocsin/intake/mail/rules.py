"""Rules by which an integration's mail becomes alerts, which its team writes in YAML. Pure, and bounded.

Expressions are RE2's, which match in a time that grows with the text alone: no rule and no mail keeps intake busy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import re2
import yaml

from tocsin.errors import Invalid, Mistake
from tocsin.intake.mail.message import Mail
from tocsin.intake.signal import clipped

Then = Literal["fires", "resolves", "ignored"]
LONGEST_RULES = 20_000
FIRST_RULES = """rules:
  - subject: '^(?P<state>PROBLEM|RECOVERY): (?P<service>[a-z0-9-]+) (?P<check>.+)$'
    resolved: '^RECOVERY'
    dedup_key: '{service} {check}'
    title: '{check} of {service}'
otherwise: words
"""
_MOST_RULES = 100
_LONGEST_EXPRESSION = 500
_MOST_MEMORY = 1 << 20
_PLACES = ("subject", "body", "from")
_TEXTS = ("dedup_key", "title", "severity", "service")
_KNOWN = (*_PLACES, "resolved", "then", *_TEXTS, "labels")
_THEN: tuple[Then, ...] = ("fires", "resolves", "ignored")
_OTHERWISE = ("words", "set aside", "ignored")
_HOLE = re2.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,50})\}")


@dataclass(frozen=True)
class Rule:
    """What a mail must say, in all the places that are named, and what it then is."""

    expressions: Mapping[str, Any]
    resolved: Any = None
    then: Then | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def groups(self, mail: Mail) -> dict[str, str] | None:
        """What its groups caught, all of its expressions being found; None when one is not."""
        caught: dict[str, str] = {}
        for place, expression in self.expressions.items():
            found = expression.search(_at(mail, place))
            if not found:
                return None
            caught |= {name: value for name, value in found.groupdict().items() if value is not None}
        return caught


@dataclass(frozen=True)
class MailRules:
    """The first rule that fits decides; where none does, `otherwise`. `words`: severities in the senders' words."""

    rules: tuple[Rule, ...]
    otherwise: str
    words: Mapping[str, str]


def read_rules(text: str) -> MailRules:
    """The rules; Invalid names everything that is wrong with them, by its field."""
    if len(text) > LONGEST_RULES:
        raise Invalid(f"rules have at most {LONGEST_RULES:,} characters", "mapping")
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f"this is no YAML: {_line(error)}", "mapping") from error
    if not isinstance(told, dict) or not isinstance(told.get("rules", []), list):
        raise Invalid("rules for mail are `rules:` with a list, each with what its subject must say", "mapping")
    wrong: list[Mistake] = [
        Mistake(f"mapping.{clipped(str(name), 50)}", "is unknown; known are rules, otherwise, severities")
        for name in told
        if name not in ("rules", "otherwise", "severities")
    ]
    rules = told.get("rules") or []
    if len(rules) > _MOST_RULES:
        wrong.append(Mistake("mapping.rules", f"are more than {_MOST_RULES}"))
    made = tuple(_rule(f"mapping.rules[{number}]", rule, wrong) for number, rule in enumerate(rules[:_MOST_RULES]))
    otherwise = told.get("otherwise", "words")
    if otherwise not in _OTHERWISE:
        wrong.append(Mistake("mapping.otherwise", f"is one of {', '.join(_OTHERWISE)}"))
    words = _texts(told, "severities", "mapping.severities", wrong)
    if wrong:
        raise Invalid("; ".join(f"{each.field} {each.message}" for each in wrong), mistakes=tuple(wrong))
    return MailRules(made, otherwise, {name.lower(): word for name, word in words.items()})


@lru_cache(maxsize=256)
def remembered(text: str) -> MailRules:
    """As `read_rules`, read once."""
    return read_rules(text)


def filled(template: str, values: Mapping[str, str]) -> str:
    """A text with what was caught in place of each `{name}`; what was not caught leaves nothing."""
    return " ".join(_HOLE.sub(lambda found: values.get(found.group(1), ""), template).split())


def _rule(place: str, told: object, wrong: list[Mistake]) -> Rule:
    if not isinstance(told, dict):
        wrong.append(Mistake(place, "is names with a value each, such as subject: DISK FULL"))
        return Rule({})
    wrong += [
        Mistake(f"{place}.{clipped(str(name), 50)}", f"is unknown; known are {', '.join(_KNOWN)}")
        for name in told
        if name not in _KNOWN
    ]
    expressions = {
        name: found
        for name in _PLACES
        if name in told and (found := _expression(f"{place}.{name}", told[name], wrong)) is not None
    }
    if not any(name in told for name in _PLACES):
        wrong.append(Mistake(place, f"says nothing of a mail's {', '.join(_PLACES)}"))
    resolved = _expression(f"{place}.resolved", told["resolved"], wrong) if "resolved" in told else None
    then = told.get("then")
    if then is not None and then not in _THEN:
        wrong.append(Mistake(f"{place}.then", f"is one of {', '.join(_THEN)}"))
    texts = _texts({place: {name: told[name] for name in _TEXTS if name in told}}, place, place, wrong)
    return Rule(expressions, resolved, then, texts, _texts(told, "labels", f"{place}.labels", wrong))


def _expression(place: str, text: object, wrong: list[Mistake]) -> Any:
    if not isinstance(text, str) or not text or len(text) > _LONGEST_EXPRESSION:
        wrong.append(Mistake(place, f"is an expression of at most {_LONGEST_EXPRESSION} characters"))
        return None
    options = re2.Options()
    options.max_mem, options.log_errors, options.case_sensitive = _MOST_MEMORY, False, False
    try:
        return re2.compile(text, options)
    except (re2.error, ValueError) as error:
        said = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else error
        wrong.append(Mistake(place, f"is no expression of RE2: {said}"))
        return None


def _texts(told: Mapping[Any, Any], name: str, place: str, wrong: list[Mistake]) -> dict[str, str]:
    value = told.get(name) or {}
    if not isinstance(value, dict):
        wrong.append(Mistake(place, "is names with a text each"))
        return {}
    bad = [key for key, each in value.items() if not isinstance(key, str) or not isinstance(each, str | int)]
    wrong += [Mistake(f"{place}.{clipped(str(key), 50)}", "is a text") for key in bad]
    return {key: str(each)[:_LONGEST_EXPRESSION] for key, each in value.items() if key not in bad}


def _at(mail: Mail, place: str) -> str:
    return {"subject": mail.subject, "body": mail.text, "from": mail.sender}[place]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
