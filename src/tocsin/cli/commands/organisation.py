"""The organisation as code: plan, apply, export, schema."""

import json
from pathlib import Path

import click

from tocsin.cli.command import command, tell
from tocsin.cli.errors import WOULD_CHANGE
from tocsin.cli.handover import server

_ENDINGS = frozenset({".yaml", ".yml", ".md"})


@command(example="tocsin plan organisation/")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.pass_context
def plan(context: click.Context, directory: Path) -> None:
    """Show what `apply` would change. Exits 0: nothing, 2: something, 1: the files have mistakes (each one is told)."""
    answer = server().post("/organisation/plan", {"files": _files(directory)})
    mistakes, changes = answer.get("mistakes", []), answer.get("changes", [])
    tell(answer, [str(one["sentence"]) for one in mistakes] or str(answer["text"]))
    context.exit(1 if mistakes else WOULD_CHANGE if changes else 0)


@command(example="tocsin apply organisation/")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
def apply(directory: Path) -> None:
    """Make the organisation be as the files say, in one transaction; with any mistake nothing is applied."""
    answer = server().post("/organisation/apply", {"files": _files(directory)})
    tell(answer, str(answer["text"]) if answer["changes"] else "Nothing had to change.")


@command(example="tocsin export organisation/")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def export(directory: Path) -> None:
    """Write the organisation as files that `apply` reads; existing ones of the same name are replaced."""
    answer = server().get("/organisation/export")
    written = []
    for file in answer["files"]:
        path = (directory / file["path"]).resolve()
        if not path.is_relative_to(directory.resolve()):
            raise click.ClickException(f"the server named a file outside of {directory}: {file['path']}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["text"], encoding="utf-8")
        written.append(str(path))
    tell({"files": written}, written or ["There is nothing to write yet."])


@command(example="tocsin schema > organisation.schema.json")
def schema() -> None:
    """Print the JSON Schema of the organisation's files; needs no server."""
    from tocsin.organisation.schema import json_schema

    described = json_schema()
    tell(described, json.dumps(described, ensure_ascii=False, indent=2))


def _files(directory: Path) -> list[dict[str, str]]:
    files = []
    for path in sorted(directory.rglob("*")):
        below = path.relative_to(directory)
        if path.is_file() and path.suffix in _ENDINGS and not any(step.startswith(".") for step in below.parts):
            try:
                files.append({"path": below.as_posix(), "text": path.read_text(encoding="utf-8")})
            except (OSError, UnicodeDecodeError) as error:
                raise click.UsageError(f"{path} can't be read: {error}") from error
    if not files:
        raise click.UsageError(f"there is no .yaml or .md file in {directory}")
    return files
