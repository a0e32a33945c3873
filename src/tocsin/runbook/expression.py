"""The small language of `if:` and `done_when:`: names, comparisons, and/or/not, in. It reads; it can't do anything.

    severity <= 2 and "checkout-api" in services
    event.to == "mitigating" or not frozen

A name without a value is *nothing*: any comparison with nothing is false, except `!=` and `not in`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tocsin.runbook.findings import nearest

Known: TypeAlias = str | int | float | bool | frozenset[str] | None

LONGEST = 400
_DEEPEST = 24
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<number>\d{1,9}(?:\.\d{1,6})?)|(?P<name>[A-Za-z_][\w-]*(?:\.[\w][\w-]*)*)"""
    r"""|(?P<sign><=|>=|==|!=|<|>|\(|\)|\[|\]|,))"""
)
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_COMPARISONS = frozenset({*_ORDER, "==", "!=", "in", "not in"})


class ExpressionError(ValueError):
    """The expression can't be read or evaluated; the message says why."""


@dataclass(frozen=True)
class Literal:
    """A word, a number, true, false, or a list of them."""

    value: Known


@dataclass(frozen=True)
class Name:
    """A name looked up in the state: `severity`, `labels.category`."""

    path: str


@dataclass(frozen=True)
class Compare:
    """`left sign right`; sign is one of == != < <= > >= in, not in."""

    sign: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: "Expression"


@dataclass(frozen=True)
class Both:
    """`and` (all of them) or `or` (any of them)."""

    word: str
    parts: tuple["Expression", ...]


Expression: TypeAlias = Literal | Name | Compare | Not | Both


def parse_expression(text: str) -> Expression:
    """Reads an expression; raises ExpressionError that says where it stops making sense."""
    if len(text) > LONGEST:
        raise ExpressionError(f"the condition is longer than {LONGEST} characters")
    tokens = _tokens(text)
    if not tokens:
        raise ExpressionError("the condition is empty; leave `if` out when it always holds")
    parser = _Parser(tokens)
    expression = parser.either()
    if parser.position < len(tokens):
        raise ExpressionError(f"'{tokens[parser.position][1]}' was not expected here")
    return expression


def to_text(expression: Expression) -> str:
    """The expression written out again."""
    match expression:
        case Literal(value):
            if isinstance(value, frozenset):
                return "[" + ", ".join(f'"{word}"' for word in sorted(value)) + "]"
            if isinstance(value, bool):
                return str(value).lower()
            return f'"{value}"' if isinstance(value, str) else str(value)
        case Name(path):
            return path
        case Compare(sign, left, right):
            return f"{to_text(left)} {sign} {to_text(right)}"
        case Not(inner):
            return f"not ({to_text(inner)})"
        case Both(word, parts):
            return f" {word} ".join(f"({to_text(part)})" if isinstance(part, Both) else to_text(part) for part in parts)


def names_in(expression: Expression) -> set[str]:
    """Every name that the expression looks up."""
    match expression:
        case Name(path):
            return {path}
        case Compare(_, left, right):
            return names_in(left) | names_in(right)
        case Not(inner):
            return names_in(inner)
        case Both(_, parts):
            return set().union(*map(names_in, parts))
    return set()


def evaluate(expression: Expression, known: Mapping[str, Known]) -> Known:
    """The expression's value; `known` holds every name with a value. Raises ExpressionError when types don't fit."""
    match expression:
        case Literal(value):
            return value
        case Name(path):
            return known.get(path)
        case Not(inner):
            return not holds(inner, known)
        case Both(word, parts):
            return (
                all(holds(part, known) for part in parts)
                if word == "and"
                else any(holds(part, known) for part in parts)
            )
        case Compare(sign, left, right):
            return _compare(sign, evaluate(left, known), evaluate(right, known))


def holds(expression: Expression, known: Mapping[str, Known]) -> bool:
    """Whether the expression is true: nothing, zero, the empty word and the empty set are not."""
    return bool(evaluate(expression, known))


def mistakes_in(expression: Expression, types: Mapping[str, str]) -> list[str]:
    """What is wrong before any night: unknown names and comparisons that can never fit.

    `types` maps each known name, or a family as `labels.*`, to number, word, truth, words or any.
    """
    wrong = [
        f"'{path}' is not known here. {nearest(path, (name for name in types if not name.endswith('*')))}".strip()
        for path in sorted(names_in(expression))
        if _type_of_name(path, types) is None
    ]
    _misfits(expression, types, wrong)
    return wrong


def _misfits(expression: Expression, types: Mapping[str, str], wrong: list[str]) -> None:
    match expression:
        case Not(inner):
            _misfits(inner, types, wrong)
        case Both(_, parts):
            for part in parts:
                _misfits(part, types, wrong)
        case Compare(sign, left, right):
            kinds = _kind(left, types), _kind(right, types)
            if "any" in kinds:
                return
            fits = (
                kinds == ("number", "number")
                if sign in _ORDER
                else kinds[1] == "words"
                if sign.endswith("in")
                else kinds[0] == kinds[1]
            )
            if not fits:
                wrong.append(f"a {kinds[0]} and a {kinds[1]} can't be compared by '{sign}'")


def _kind(expression: Expression, types: Mapping[str, str]) -> str:
    match expression:
        case Name(path):
            return _type_of_name(path, types) or "any"
        case Literal(value):
            if isinstance(value, frozenset):
                return "words"
            return "truth" if isinstance(value, bool) else "word" if isinstance(value, str) else "number"
    return "truth"


def _type_of_name(path: str, types: Mapping[str, str]) -> str | None:
    return types.get(path) or types.get(f"{path.split('.', maxsplit=1)[0]}.*" if "." in path else path)


def _compare(sign: str, left: Known, right: Known) -> bool:
    if sign in ("in", "not in"):
        if right is None or left is None:
            return sign == "not in"
        if not isinstance(right, frozenset):
            raise ExpressionError(f"'{sign}' needs a list or a set of words on its right")
        return (_word(left) in right) == (sign == "in")
    if left is None or right is None:
        return sign == "!=" and left is not right
    if sign in ("==", "!="):
        return (left == right and isinstance(left, bool) == isinstance(right, bool)) == (sign == "==")
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        raise ExpressionError(f"'{sign}' compares numbers only")
    return _ORDER[sign](left, right)


def _word(value: Known) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"can't be read from '{text[position:].strip()[:20]}' on")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent over a bounded list of tokens."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0

    def either(self) -> Expression:
        return self._joined("or", self.all_of)

    def all_of(self) -> Expression:
        return self._joined("and", self.negated)

    def negated(self) -> Expression:
        if self._take("not"):
            self._deeper()
            inner = Not(self.negated())
            self.depth -= 1
            return inner
        return self.comparison()

    def comparison(self) -> Expression:
        left = self.value()
        sign = self._peek()
        if sign == "not" and self._peek(1) == "in":
            self.position += 2
            return Compare("not in", left, self.value())
        if sign in _COMPARISONS and self.tokens[self.position][0] != "text":
            self.position += 1
            return Compare(sign, left, self.value())
        return left

    def value(self) -> Expression:
        if self.position >= len(self.tokens):
            raise ExpressionError("ends too early")
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "text":
            return Literal(text[1:-1])
        if kind == "number":
            return Literal(float(text) if "." in text else int(text))
        if kind == "name" and text in ("true", "false"):
            return Literal(text == "true")
        if kind == "name" and text not in ("and", "or", "not", "in"):
            return Name(text)
        if text == "(":
            self._deeper()
            inner = self.either()
            self.depth -= 1
            self._expect(")")
            return inner
        if text == "[":
            return self._list()
        raise ExpressionError(f"'{text}' was not expected here")

    def _list(self) -> Literal:
        words: list[str] = []
        while not self._take("]"):
            item = self.value()
            if not isinstance(item, Literal) or isinstance(item.value, frozenset):
                raise ExpressionError("a list holds words and numbers only; put words into quotes")
            words.append(_word(item.value))
            if not self._take(","):
                self._expect("]")
                break
        return Literal(frozenset(words))

    def _joined(self, word: str, inner: Callable[[], Expression]) -> Expression:
        parts = [inner()]
        while self._take(word):
            parts.append(inner())
        return parts[0] if len(parts) == 1 else Both(word, tuple(parts))

    def _peek(self, ahead: int = 0) -> str:
        place = self.position + ahead
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def _take(self, word: str) -> bool:
        if self._peek() == word:
            self.position += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f"'{sign}' is missing before '{self._peek() or 'the end'}'")

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ExpressionError("the condition is nested too deeply")
