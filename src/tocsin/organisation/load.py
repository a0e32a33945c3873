"""The organisation's files in, every object and every mistake out. Reads a directory, or texts that came by HTTP.

Nothing here knows the database: what exists besides the files is handed in as `others`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tocsin.errors import ConfigurationError
from tocsin.organisation import runbooks
from tocsin.organisation.held import Held, Key, with_renames
from tocsin.organisation.mistakes import FileMistake
from tocsin.organisation.model import KEY_OF, SETTINGS_ID, Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.service import Service
from tocsin.organisation.reading import LONGEST_FILE, Broken, Described, read_file
from tocsin.organisation.references import Objects, dangling, references_in, users_of
from tocsin.runbook.findings import nearest

MOST_FILES = 5000
_MOST_COMPARED = 500_000  # names; beyond, finding the nearest would take longer than anybody waits
LONGEST_ALL = 64 * 1024 * 1024
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Loaded:
    """What the files say: the objects that could be read, and every mistake."""

    described: tuple[Described, ...]
    mistakes: tuple[FileMistake, ...]

    @property
    def objects(self) -> dict[Key, Spec]:
        """The specs by kind and id."""
        return {(each.kind, each.id): each.spec for each in self.described}


@dataclass(frozen=True)
class Others:
    """What there is besides the files: objects that stay, and those that an apply would take away."""

    staying: Objects
    leaving: frozenset[Key]
    where: Mapping[Key, str]

    @classmethod
    def of(cls, held: Mapping[Key, Held], named: Collection[Key], renamed: Mapping[Key, str]) -> "Others":
        """Only what an earlier apply made leaves; a person who is deactivated already stays so."""
        rest = {key: each for key, each in held.items() if key not in named and key not in renamed}
        leaving = {key for key, each in rest.items() if each.origin == "files" and getattr(each.spec, "active", True)}
        staying = {key: with_renames(each.spec, renamed) for key, each in rest.items() if key not in leaving}
        return cls(staying, frozenset(leaving), {key: rest[key].made for key in staying})


def texts_of(directory: Path) -> dict[str, str]:
    """The YAML and Markdown files below a directory by their path in it; hidden ones and other kinds are left out.

    Raises ConfigurationError when the directory, or a file in it, can't be read.
    """
    if not directory.is_dir():
        raise ConfigurationError(f"there is no directory '{directory}'")
    texts: dict[str, str] = {}
    total = 0
    for path in sorted(directory.rglob("*")):
        inside = path.relative_to(directory)
        if path.suffix not in (*_YAML, ".md") or any(part.startswith(".") for part in inside.parts):
            continue
        if not path.is_file():
            continue
        total += path.stat().st_size
        if len(texts) >= MOST_FILES or total > LONGEST_ALL:
            raise ConfigurationError(f"'{directory}' holds more than {MOST_FILES} files or 64 MiB; name a smaller one")
        try:
            texts[inside.as_posix()] = path.read_text("utf-8")
        except UnicodeDecodeError as wrong:
            raise ConfigurationError(f"'{path}' is not UTF-8 (byte {wrong.start}); save it as UTF-8") from wrong
        except OSError as wrong:
            raise ConfigurationError(f"'{path}' can't be read: {wrong.strerror}") from wrong
    return texts


def load_directory(directory: Path, held: Mapping[Key, Held] | None = None) -> Loaded:
    """Load the files below a directory."""
    return load_texts(texts_of(directory), held)


def load_texts(texts: Mapping[str, str], held: Mapping[Key, Held] | None = None) -> Loaded:
    """Load files given as path and text. Every mistake is told at once, in the order of files and lines.

    `held` is what the database holds; without it, the files must be complete in themselves.
    """
    described: list[Described] = []
    mistakes: list[FileMistake] = []
    broken: list[Broken] = []
    files = sorted(path for path in texts if path.endswith(_YAML))
    if not files:
        return Loaded((), (FileMistake(".", 0, "", "holds no YAML file.", "Put the organisation into *.yaml files."),))
    mistakes += [
        FileMistake(path, 0, "", "must be a path inside the directory.") for path in texts if _is_outside(path)
    ]
    unread = False
    for file in files:
        content = read_file(file, texts[file])
        described += content.described
        mistakes += content.mistakes
        broken += content.broken
        unread |= not content.is_yaml
    described, wrong = runbooks.attach(described, texts)
    mistakes += wrong
    described, wrong = _each_once(described)
    mistakes += wrong
    mistakes += _former_ids(described)
    named = {(each.kind, each.id) for each in described}
    renamed = renames(described, held or {}, named)
    half_read = {(each.kind, each.id) for each in broken}
    others = Others.of(held or {}, named | half_read, renamed)
    objects: Objects = {**others.staying, **{(each.kind, each.id): each.spec for each in described}}
    if not unread:  # else half of the objects seem to be missing
        reasons = _Reasons(objects, others, half_read)
        mistakes += _references(described, objects, others, half_read, reasons)
        mistakes += _references_of_broken(broken, objects, half_read, reasons)
        mistakes += _settings(objects, others, half_read)
    mistakes += _services(described)
    mistakes += _one_address_each(described)
    mistakes += runbooks.check(objects, described)
    return Loaded(tuple(described), tuple(sorted(set(mistakes))))


def _is_outside(path: str) -> bool:
    return path.startswith("/") or "\\" in path or ".." in path.split("/")


def renames(described: Iterable[Described], held: Mapping[Key, Held], named: Collection[Key]) -> dict[Key, str]:
    """Which held objects the files give another id (`was:`)."""
    renamed: dict[Key, str] = {}
    for each in described:
        if (each.kind, each.id) in held:
            continue
        for id in getattr(each.spec, "was", ()):
            if (each.kind, id) in held and (each.kind, id) not in named:
                renamed.setdefault((each.kind, id), each.id)
                break
    return renamed


def _settings(objects: Objects, others: Others, broken: Collection[Key]) -> Iterator[FileMistake]:
    """The settings, once kept in files, stay there: nobody may be left without a last resort."""
    key: Key = ("settings", SETTINGS_ID)
    if key not in objects and key not in broken and key in others.leaving:
        yield FileMistake(".", 0, "organisation", "is needed: without it there is no last resort.")


def _each_once(described: Iterable[Described]) -> tuple[list[Described], list[FileMistake]]:
    first: dict[Key, Described] = {}
    mistakes = []
    for each in described:
        earlier = first.setdefault((each.kind, each.id), each)
        if earlier is not each:
            mistakes.append(each.mistake("", f"stands also in {earlier.file}:{earlier.line}. Remove one of them."))
    return list(first.values()), mistakes


def _former_ids(described: Iterable[Described]) -> Iterator[FileMistake]:
    """A former id that is still used, or that two objects claim."""
    everything = list(described)
    ids = {(each.kind, each.id) for each in everything}
    claimed: dict[Key, Described] = {}
    for each in everything:
        former: tuple[str, ...] = getattr(each.spec, "was", ())
        for id in former:
            if (each.kind, id) in ids:
                yield each.mistake("was", f"'{id}' is still the id of another {each.kind}.")
            other = claimed.setdefault((each.kind, id), each)
            if other is not each:
                yield each.mistake("was", f"{other.path} was '{id}' too ({other.file}:{other.line}).")


def _references(
    described: Iterable[Described], objects: Objects, others: Others, half_read: Collection[Key], reasons: "_Reasons"
) -> Iterator[FileMistake]:
    """References that lead nowhere; those to objects that are there but wrong are left out, one mistake is enough."""
    by_key = {(each.kind, each.id): each for each in described}
    told: set[Key] = set()
    for wrong in dangling(objects):
        kind, id = wrong.reference.kind, wrong.reference.id
        if (kind, id) in half_read:
            continue
        user = by_key.get(wrong.user)
        if user is not None:
            yield user.mistake(wrong.reference.field, *reasons.why(kind, id, deactivated=wrong.deactivated))
        elif (kind, id) in others.leaving and (kind, id) not in told:
            told.add((kind, id))
            who = ", ".join(_says(key, others) for key in users_of(objects, kind, id) if key not in by_key)
            if kind == "settings":
                continue
            yield FileMistake(".", 0, f"{KEY_OF[kind]}.{id}", f"can't be removed: it is used by {who}.")
        elif wrong.deactivated:
            who = _says(wrong.user, others)
            yield FileMistake(".", 0, f"{KEY_OF[kind]}.{id}", f"can't be deactivated: used by {who}.")


def _references_of_broken(
    broken: Iterable[Broken], objects: Objects, half_read: Collection[Key], reasons: "_Reasons"
) -> Iterator[FileMistake]:
    """What objects with a mistake name wrongly besides: every mistake is told at once."""
    for each in broken:
        for reference in references_in(each.kind, each.node.plain()):
            key: Key = (reference.kind, reference.id)
            is_path = reference.kind == "runbook" and reference.id.endswith(".md")
            if key in half_read or is_path:
                continue
            target = objects.get(key)
            if target is None or not getattr(target, "active", True):
                yield each.mistake(reference.field, *reasons.why(*key, deactivated=target is not None))


class _Reasons:
    """Says why a reference leads nowhere, with the nearest valid name for the first few hundred."""

    def __init__(self, objects: Objects, others: Others, half_read: Collection[Key]) -> None:
        self._objects, self._others, self._half_read = objects, others, half_read
        self._compared = 0

    def why(self, kind: Kind, id: str, *, deactivated: bool) -> tuple[str, str]:
        """What is wrong, and what to write instead or ''."""
        if (kind, id) in self._others.leaving:
            gone = "deactivate" if kind == "person" else "remove"
            return f"{kind} '{id}' is in no file, so this would {gone} it, but it is used here.", ""
        if deactivated:
            return f"'{id}' is deactivated.", "Name somebody else, or remove `active: false`."
        of_kind = {name: spec for (each, name), spec in self._objects.items() if each == kind}
        former = next((name for name, spec in of_kind.items() if id in getattr(spec, "was", ())), None)
        if former is not None:
            return f"there is no {kind} '{id}'.", f"It is '{former}' now."
        names = {name for name, spec in of_kind.items() if getattr(spec, "active", True)}
        names |= {name for each, name in self._half_read if each == kind}
        self._compared += len(names)
        return f"there is no {kind} '{id}'.", nearest(id, names) if self._compared < _MOST_COMPARED else ""


def _says(key: Key, others: Others) -> str:
    kind, id = key
    name = "the organisation's settings" if kind == "settings" else f"{kind} '{id}'"
    where = others.where.get(key)
    return f"{name} ({where})" if where else name


def _one_address_each(described: Iterable[Described]) -> Iterator[FileMistake]:
    first: dict[str, Described] = {}
    for each in described:
        if isinstance(each.spec, Person):
            other = first.setdefault(each.spec.email.casefold(), each)
            if other is not each:
                yield each.mistake("email", f"{other.path} has it too ({other.file}:{other.line}).")


def _services(described: Iterable[Described]) -> Iterator[FileMistake]:
    for each in described:
        if isinstance(each.spec, Service) and each.id in each.spec.depends_on:
            place = each.spec.depends_on.index(each.id)
            yield each.mistake(f"depends_on.{place}", "a service can't depend on itself.")


__all__ = ["LONGEST_FILE", "Loaded", "Others", "load_directory", "load_texts", "texts_of"]
