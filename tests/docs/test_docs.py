"""What the documents say is there: links, settings, and each command with its options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from tocsin.cli.main import tocsin
from tocsin.paging.methods import kinds
from tocsin.settings import Section, Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/senders/*.md"),
        *ROOT.glob("docs/methods/*.md"),
        ROOT / "src/tocsin/runbook/default/incident-response.md",
    ]
)
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def anchor(heading: str) -> str:
    """As GitHub makes it from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def commands(text: str) -> Iterator[str]:
    """Every `tocsin …` in fenced blocks and in code within a line."""
    fenced = re.findall(r"^```\w*[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for line in "\n".join(fenced).replace("\\\n", " ").splitlines():
        stripped = re.sub(r"^(\$ |[A-Z_]+=\S+ |(command: ))+", "", line.strip())
        if stripped.startswith("tocsin "):
            yield stripped
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (found for found in re.findall(r"`([^`\n]+)`", prose) if found.startswith("tocsin "))


def words_of(command: str) -> list[str]:
    """The words up to a comment, a pipe or another command; what the shell fills in is one word."""
    plain = re.sub(r"\$\([^)]*\)", "X", command).replace("…", " ")
    plain = re.split(r"\s#\s|\s\|\s|;|\s&&\s|\s>\s|\s<\s", plain)[0]
    try:
        return shlex.split(plain)[1:]
    except ValueError:
        return plain.split()[1:]


def faults(command: str) -> Iterator[str]:
    """What the command line does not know of a command."""
    here: click.Command = tocsin
    context = click.Context(tocsin, info_name="tocsin")
    words = iter(words_of(command))
    for word in words:
        if word == "--":
            return
        if word.startswith("-") and word != "-":
            name = word.partition("=")[0]
            known = {option for each in here.get_params(context) for option in (*each.opts, *each.secondary_opts)}
            if name not in known:
                yield f"`{command}`: {context.command_path} has no option {name}"
        elif isinstance(here, click.Group):
            if not re.fullmatch(r"[a-z-]+", word):
                return  # a placeholder, such as COMMAND
            following = here.get_command(context, word)
            if following is None:
                yield f"`{command}`: {context.command_path} has no command {word}"
                return
            here, context = following, click.Context(following, info_name=word, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(<?([^)\s>]+)>?\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, part = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}, which is not there"
        if part and file.suffix == ".md":
            headings = {anchor(line.lstrip("#")) for line in file.read_text().splitlines() if line.startswith("#")}
            assert part in headings, f"{page.name} links to {target}, and there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_exists_with_its_options(page: Path) -> None:
    assert [fault for command in commands(page.read_text()) for fault in faults(command)] == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert list(faults("tocsin verify --heads heads.json")) == []
    assert len(list(faults("tocsin verify --no-such-thing"))) == 1
    assert len(list(faults("tocsin dance"))) == 1


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text()
    assert [page.name for page in ROOT.glob("docs/*.md") if page.name != "index.md" and page.name not in index] == []


def test_every_way_to_be_reached_has_its_page_and_a_row_that_says_how_it_is_acknowledged() -> None:
    paging = (ROOT / "docs/paging.md").read_text()
    pages = {page.name for page in ROOT.glob("docs/methods/*.md")}
    assert {name for name in pages if f"methods/{name}" not in paging} == set()
    acknowledge = paging.partition("### Acknowledge from each")[2].partition("\n## ")[0].lower()
    for method in kinds().values():
        assert method.label.lower() in acknowledge or method.kind in acknowledge, method.kind


def names(settings: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Each setting's dotted name and default."""
    for name, field in settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from names(field.annotation, f"{name}.")
        else:
            yield f"{prefix}{name}", field.get_default()


def test_the_table_of_settings_and_the_settings_agree() -> None:
    rows = re.findall(
        r"^\| `(TOCSIN_\w+)` \| `([\w.]+)` \| (.*?) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE
    )
    assert [name for _, name, _ in rows] == [name for name, _ in names(Settings)]
    for environment, name, default in rows:
        assert environment == "TOCSIN_" + name.upper().replace(".", "__")
        real = dict(names(Settings))[name]
        if real not in (None, (), ""):
            assert default == f"`{str(real).lower() if isinstance(real, bool) else real}`", name
