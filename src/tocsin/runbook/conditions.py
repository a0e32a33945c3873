"""A rule's condition, parsed once, and lists that may be written as one word."""

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, model_serializer

from tocsin.runbook.expression import Expression, ExpressionError, parse_expression
from tocsin.runbook.parts import Part


def listed(value: object) -> object:
    """A single value as a list of one."""
    return [value] if isinstance(value, (str, Mapping)) else value


class Condition(Part):
    """A condition over the incident's state: its text and what it was read into."""

    text: str
    expression: Any = Field(exclude=True, repr=False)

    @model_serializer
    def _as_written(self) -> str:
        return self.text

    @property
    def tree(self) -> Expression:
        """The condition, read."""
        return cast(Expression, self.expression)


def _condition(value: object) -> object:
    if isinstance(value, Condition):
        return value
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no condition: write for example `severity <= 2`")
    try:
        return Condition(text=value.strip(), expression=parse_expression(value))
    except ExpressionError as error:
        raise ValueError(f"the condition {error}") from None


Expr = Annotated[Condition, BeforeValidator(_condition)]
