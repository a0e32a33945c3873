"""The organisation's files in, every object and every mistake out. Reads a directory, or texts that came by HTTP.

Nothing here knows the database: what exists besides the files is handed in as `others`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tocsin.errors import ConfigurationError
from tocsin.organisation import runbooks
from tocsin.organisation.held import Held, Key, with_renames
from tocsin.organisation.mistakes import FileMistake, is_bad_id
from tocsin.organisation.model import KEY_OF, SETTINGS_ID, Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.reading import LONGEST_FILE, Described, Placed, read_file
from tocsin.organisation.references import HalfRead, Objects, dangling, references_in, users_of
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
    files = sorted(path for path in texts if path.endswith(_YAML))
    if not files:
        return Loaded((), (FileMistake(".", 0, "", "holds no YAML file.", "Put the organisation into *.yaml files."),))
    contents = [read_file(file, texts[file]) for file in files]
    mistakes = [FileMistake(path, 0, "", "must be a path inside the directory.") for path in texts if _is_outside(path)]
    mistakes += [mistake for content in contents for mistake in content.mistakes]
    broken = [each for content in contents for each in content.broken]
    placed = sorted((each for content in contents for each in (*content.described, *content.broken)), key=_place)
    mistakes += [*_each_once(placed), *_former_ids(placed), *_depends_on_itself(placed), *_one_address_each(placed)]
    described, again = _first_of_each(each for content in contents for each in content.described)
    described, wrong = runbooks.attach(described, [*broken, *again], texts)
    mistakes += wrong
    named = {(each.kind, each.id) for each in described}
    half = HalfRead(
        frozenset((each.kind, each.id) for each in broken).union(*(content.lost for content in contents)),
        frozenset().union(*(content.keys for content in contents)),
    )
    renamed = renames(described, held or {}, named)
    others = Others.of(held or {}, named | half.objects, renamed)
    objects: Objects = {**others.staying, **{(each.kind, each.id): each.spec for each in described}}
    reasons = _Reasons(objects, others, half)
    wrong = [*_references(described, objects, others, half, reasons)]
    wrong += _references_of_placed([*broken, *again], objects, half, reasons)
    told = {(each.file, each.field) for each in wrong}
    mistakes = [each for each in mistakes if not (is_bad_id(each) and (each.file, each.field) in told)] + wrong
    mistakes += _settings(objects, others, half)
    mistakes += runbooks.check(objects, described, half)
    return Loaded(tuple(described), tuple(sorted(set(mistakes))))


def _place(each: Placed) -> tuple[str, int]:
    return each.file, each.line


def _first_of_each(described: Iterable[Described]) -> tuple[list[Described], list[Placed]]:
    """The objects, each id once, and those that stand again, whose mistakes are told all the same."""
    first: dict[Key, Described] = {}
    everything = sorted(described, key=_place)
    again: list[Placed] = [each for each in everything if first.setdefault((each.kind, each.id), each) is not each]
    return list(first.values()), again


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


def _settings(objects: Objects, others: Others, half: HalfRead) -> Iterator[FileMistake]:
    """The settings, once kept in files, stay there: nobody may be left without a last resort."""
    key: Key = ("settings", SETTINGS_ID)
    if key not in objects and not half.may_hold("settings", "organisation") and key in others.leaving:
        yield FileMistake(".", 0, "organisation", "is needed: without it there is no last resort.")


def _each_once(placed: Iterable[Placed]) -> Iterator[FileMistake]:
    first: dict[Key, Placed] = {}
    for each in placed:
        earlier = first.setdefault((each.kind, each.id), each)
        if earlier is not each:
            yield each.mistake("", f"stands also in {earlier.file}:{earlier.line}. Remove one of them.")


def _former_ids(placed: list[Placed]) -> Iterator[FileMistake]:
    """A former id that is still used, or that two objects claim."""
    ids = {(each.kind, each.id) for each in placed}
    claimed: dict[Key, Placed] = {}
    for each in placed:
        for id in _words(each.said("was")):
            if (each.kind, id) in ids:
                yield each.mistake("was", f"'{id}' is still the id of another {each.kind}.")
            other = claimed.setdefault((each.kind, id), each)
            if other.id != each.id:
                yield each.mistake("was", f"{other.path} was '{id}' too ({other.file}:{other.line}).")


def _words(value: object) -> list[str]:
    """A word or a list of words, as fields with names are written."""
    if isinstance(value, str):
        return [value]
    return [each.strip() for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _references(
    described: Iterable[Described], objects: Objects, others: Others, half: HalfRead, reasons: "_Reasons"
) -> Iterator[FileMistake]:
    """References that lead nowhere; those to objects that are there but wrong are left out, one mistake is enough."""
    by_key = {(each.kind, each.id): each for each in described}
    told: set[Key] = set()
    for wrong in dangling(objects):
        kind, id = wrong.reference.kind, wrong.reference.id
        if half.may_hold(kind, id):
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


def _references_of_placed(
    placed: Iterable[Placed], objects: Objects, half: HalfRead, reasons: "_Reasons"
) -> Iterator[FileMistake]:
    """What objects with a mistake name wrongly besides: every mistake is told at once."""
    for each in placed:
        for reference in references_in(each.kind, each.node.plain()):
            key: Key = (reference.kind, reference.id.strip())
            is_path = reference.kind == "runbook" and reference.id.endswith(".md")
            if half.may_hold(*key) or is_path:
                continue
            target = objects.get(key)
            if target is None or not getattr(target, "active", True):
                yield each.mistake(reference.field, *reasons.why(*key, deactivated=target is not None))


class _Reasons:
    """Says why a reference leads nowhere, with the nearest valid name for the first few hundred."""

    def __init__(self, objects: Objects, others: Others, half: HalfRead) -> None:
        self._objects, self._others, self._half = objects, others, half
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
        names |= {name for each, name in self._half.objects if each == kind}
        self._compared += len(names)
        return f"there is no {kind} '{id}'.", nearest(id, names) if self._compared < _MOST_COMPARED else ""


def _says(key: Key, others: Others) -> str:
    kind, id = key
    name = "the organisation's settings" if kind == "settings" else f"{kind} '{id}'"
    where = others.where.get(key)
    return f"{name} ({where})" if where else name


def _one_address_each(placed: Iterable[Placed]) -> Iterator[FileMistake]:
    first: dict[str, Placed] = {}
    for each in placed:
        email = each.said("email")
        if each.kind == "person" and isinstance(email, str) and "@" in email:
            other = first.setdefault(email.casefold(), each)
            if other.id != each.id:
                yield each.mistake("email", f"{other.path} has it too ({other.file}:{other.line}).")


def _depends_on_itself(placed: Iterable[Placed]) -> Iterator[FileMistake]:
    for each in placed:
        needed = each.said("depends_on") if each.kind == "service" else None
        if isinstance(needed, list) and each.id in needed:
            yield each.mistake(f"depends_on.{needed.index(each.id)}", "a service can't depend on itself.")


__all__ = ["LONGEST_FILE", "Loaded", "Others", "load_directory", "load_texts", "texts_of"]
