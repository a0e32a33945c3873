"""What is wrong in the files, told so that it can be put right: file, line, field, what, and the nearest valid name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from tocsin.errors import Invalid, Mistake
from tocsin.runbook.findings import nearest


@dataclass(frozen=True, order=True)
class FileMistake:
    """One mistake: the file's path as it was given, the line from 1 (0: the file as a whole), the field's path."""

    file: str
    line: int
    field: str
    message: str
    nearest: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        parts = [place, *([self.field] if self.field else []), self.message]
        return ": ".join(parts) + (f" {self.nearest}" if self.nearest else "")

    def as_json(self) -> dict[str, str | int]:
        """For the API and `--json`."""
        return {
            "file": self.file,
            "line": self.line,
            "field": self.field,
            "message": self.message,
            "nearest": self.nearest,
        }


_BAD_ID = " is no id; use lower-case letters, digits, '-', '.' and '_'."


def is_bad_id(mistake: FileMistake) -> bool:
    """Whether it says that a word can't be an id; that nothing of that name exists says it better."""
    return mistake.message.endswith(_BAD_ID)


class WrongFiles(Invalid):
    """The files can't be applied; `files` holds every mistake at once. HTTP 422."""

    def __init__(self, mistakes: Iterable[FileMistake]) -> None:
        self.files = tuple(sorted(set(mistakes)))
        count = len(self.files)
        head = f"The files have {count} mistake{'' if count == 1 else 's'}; nothing was applied."
        super().__init__(
            "\n".join([head, *map(str, self.files)]),
            mistakes=tuple(Mistake(f"{each.file}:{each.line} {each.field}".strip(), str(each)) for each in self.files),
        )


def in_words(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """A validation error of pydantic as (what is wrong, nearest valid name or '')."""
    kind, loc = detail["type"], detail["loc"]
    context = detail.get("ctx") or {}
    given = detail.get("input")
    last = str(loc[-1]) if loc else ""
    message = detail["msg"]
    if kind == "extra_forbidden":
        return "there is no such field.", nearest(last, fields_at(model, loc[:-1]))
    if kind == "missing":
        return "is needed.", ""
    if kind == "literal_error":
        valid = [word.strip("' ") for word in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        return f"'{_short(given)}' is not valid.", nearest(str(given), valid)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        valid = [word.strip("' ") for word in str(context.get("expected_tags", "promql, http, person")).split(",")]
        tag = str(context.get("tag", ""))
        return (f"kind '{tag}' is not valid." if tag else "'kind' is needed."), nearest(tag, valid)
    if kind == "string_pattern_mismatch":
        if "@" in str(context.get("pattern")):
            return f"'{_short(given)}' is no e-mail address.", ""
        return f"'{_short(given)}'{_BAD_ID}", ""
    if kind == "string_type":
        return _no_text(given), ""
    if kind in ("tuple_type", "list_type"):
        return "must be a list, such as [a, b].", ""
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return "must hold fields, one a line below it.", ""
    if kind == "value_error":
        return _ended(message.removeprefix("Value error, ")), ""
    if kind == "too_short":
        return "must not be empty.", ""
    text = message.removeprefix("Input ").removeprefix("String ").rstrip(".")
    return f"{text[0].lower()}{text[1:]}, not '{_short(given)}'.", ""


def _no_text(given: object) -> str:
    if given is None:
        return "must not be empty."
    if isinstance(given, Mapping):
        only = next(iter(given.values())) if len(given) == 1 else None
        return (
            f"takes one word, not fields; write '{only}' alone."
            if isinstance(only, str)
            else "takes one word, not fields."
        )
    if isinstance(given, list | tuple):
        return "takes one word, not a list."
    return "must be text; put it into quotes."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _short(given: object) -> str:
    text = str(given)
    return text if len(text) <= 80 else text[:79] + "…"


def fields_at(model: type[BaseModel], loc: Iterable[str | int]) -> list[str]:
    """The field names that are valid at a place inside a model."""
    annotations = _spread(model)
    for step in loc:
        following: list[Any] = []
        for annotation in annotations:
            following += _inside(annotation, step)
        tagged = [each for each in annotations if _is_model(each) and _tag_of(each) == step]
        annotations = [each for annotation in (following or tagged or annotations) for each in _spread(annotation)]
    return sorted({name for each in annotations if _is_model(each) for name in each.model_fields})


def _inside(annotation: Any, step: str | int) -> list[Any]:
    if _is_model(annotation):
        field = annotation.model_fields.get(str(step))
        return [field.annotation] if field else []
    if get_origin(annotation) is tuple and isinstance(step, int):
        return [get_args(annotation)[0]]
    if get_origin(annotation) is dict:
        return [get_args(annotation)[1]]
    return []


def _spread(annotation: Any) -> list[Any]:
    """The alternatives that an annotation stands for."""
    if get_origin(annotation) is Annotated:
        return _spread(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [each for alternative in get_args(annotation) for each in _spread(alternative)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _tag_of(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return field.default if field else None
