"""What every command has: an example in its help, `--json`, and one way to answer."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from tocsin.terminal import visible

_JSON = "tocsin.json"


class Command(click.Command):
    """A command with an example."""

    example = ""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The example, as one would type it."""
        del ctx
        _write_example(self.example, formatter)


class Group(click.Group):
    """A command with commands below it; its `--help` shows an example as well."""

    example = ""
    command_class = Command

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The example, as one would type it."""
        del ctx
        _write_example(self.example, formatter)


def command(
    *, example: str, name: str | None = None, parent: click.Group | None = None, **settings: Any
) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command with `--json`; `parent` is the group that it belongs to."""

    def make(function: Callable[..., Any]) -> Command:
        made = click.command(name or function.__name__.rstrip("_"), cls=Command, **settings)(json_option(function))
        made.example = example
        if parent is not None:
            parent.add_command(made)
        return made

    return make


def group(*, example: str, name: str | None = None) -> Callable[[Callable[..., Any]], Group]:
    """Make a function a group of commands."""

    def make(function: Callable[..., Any]) -> Group:
        made = click.group(name or function.__name__.rstrip("_"), cls=Group)(function)
        made.example = example
        return made

    return make


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json`; `tell` obeys it."""

    def remember(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        del parameter
        context.find_root().meta[_JSON] = value

    return click.option(
        "--json", is_flag=True, expose_value=False, callback=remember, help="Answer in JSON, for programs."
    )(function)


def wants_json() -> bool:
    """Whether the command was asked to answer in JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get(_JSON))


def tell(answer: Any, text: str | Iterable[str]) -> None:
    """Answer the person with text, or the program with the JSON of `answer`."""
    if wants_json():
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2, default=str) + "\n")
        return
    lines = [text] if isinstance(text, str) else list(text)
    for line in lines:
        click.echo(visible(line))


def table(rows: Iterable[Sequence[object]], headings: Sequence[str]) -> list[str]:
    """Lines of columns, each as wide as its widest cell; None is an empty cell."""
    cells = [[str(cell) if cell is not None else "" for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(line[column]) for line in [list(headings), *cells]) for column in range(len(headings))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [[heading.upper() for heading in headings], *cells]
    ]


def warn(text: str) -> None:
    """A sentence for the person beside the answer, on standard error."""
    click.echo(f"tocsin: {visible(text)}", err=True)


class IncidentNumber(click.ParamType[str]):
    """`147` or `INC-147`, given on as `147`."""

    name = "incident"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuses what is no number, naming how one looks."""
        text = str(value).strip()
        digits = text[4:] if text.upper().startswith("INC-") else text.removeprefix("#")
        if not digits.isdigit():
            self.fail(f"{text!r} is no incident; write its number, as in INC-147", param, ctx)
        return str(int(digits))


class Duration(click.ParamType[str]):
    """`10m`, `1h30m`, `48h`; given on as text, for the server to read."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuses what is no duration."""
        from tocsin.runbook.durations import parse_duration

        text = str(value).strip()
        try:
            parse_duration(text)
        except ValueError:
            self.fail(f"{text!r} is no duration; write a number and a unit, as in 10m or 1h30m", param, ctx)
        return text


INCIDENT = IncidentNumber()
DURATION = Duration()


def incident_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the argument INCIDENT."""
    return click.argument("incident", type=INCIDENT)(function)


def incident_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--incident`, which may also come from TOCSIN_INCIDENT."""
    return click.option(
        "--incident",
        "-i",
        type=INCIDENT,
        envvar="TOCSIN_INCIDENT",
        show_envvar=True,
        help="The incident that it belongs to.",
    )(function)


def _write_example(example: str, formatter: click.HelpFormatter) -> None:
    if example:
        with formatter.section("Example"):
            for line in example.splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
