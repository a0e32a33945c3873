"""Runbooks beside the YAML files: found by path, given an id, read and checked with the rest. Pure."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tocsin.organisation.mistakes import FileMistake
from tocsin.organisation.model import Kind
from tocsin.organisation.model.runbook import LONGEST_RUNBOOK, Runbook
from tocsin.organisation.model.service import Service
from tocsin.organisation.model.settings import Settings
from tocsin.organisation.model.team import Team
from tocsin.organisation.reading import Described, Placed
from tocsin.organisation.references import HalfRead, Objects
from tocsin.runbook.bundle import default_text
from tocsin.runbook.check import KnownNames, check_text
from tocsin.runbook.findings import nearest
from tocsin.runbook.model import Runbook as RunbookRules
from tocsin.runbook.reading import read


def attach(
    described: list[Described], broken: list[Placed], texts: Mapping[str, str]
) -> tuple[list[Described], list[FileMistake]]:
    """Give each runbook its text, and each object that names a runbook by path (`runbook: x.md`) the runbook's id.

    The runbooks that objects with a mistake name are looked up as well, so that theirs are told at once.
    """
    mistakes: list[FileMistake] = []
    by_path: dict[str, str] = {}
    found: list[Described] = []
    for each in described:
        if isinstance(each.spec, Runbook):
            if each.spec.text:
                mistakes.append(each.mistake("text", "the text stands in the file; leave this field out."))
            path = _beside(each.file, each.spec.file, texts)
            by_path.setdefault(path, each.id)
            text = _text(each, "file", path, texts, mistakes)
            spec = each.spec.model_copy(update={"file": path, "text": text})
            found.append(replace(each, spec=spec))
        else:
            found.append(each)
    ids = {each.id for each in found if each.kind == "runbook"}
    for place, each in enumerate(found):
        if not isinstance(each.spec, (Service, Team, Settings)) or not (each.spec.runbook or "").endswith(".md"):
            continue
        path = _beside(each.file, each.spec.runbook or "", texts)
        if path not in by_path:
            text = _text(each, "runbook", path, texts, mistakes)
            if not text:
                # the mistake is told; naming no runbook keeps a second one, about an unknown id, away
                found[place] = replace(each, spec=each.spec.model_copy(update={"runbook": None}))
                continue
            found.append(_made(path, text, each, by_path, ids))
        found[place] = replace(each, spec=each.spec.model_copy(update={"runbook": by_path[path]}))
    for user in broken:
        field = {"runbook": "file", "service": "runbook", "team": "runbook", "settings": "runbook"}.get(user.kind, "")
        written = user.said(field) if field else None
        if not isinstance(written, str) or not (written.endswith(".md") or user.kind == "runbook"):
            continue
        path = _beside(user.file, written, texts)
        if path not in by_path and (text := _text(user, field, path, texts, mistakes)):
            found.append(_made(path, text, user, by_path, ids))
    return found, mistakes


def _made(path: str, text: str, user: Placed, by_path: dict[str, str], ids: set[str]) -> Described:
    """A runbook that an object names by its path; it gets an id of its own."""
    by_path[path] = _new_id(path, ids)
    ids.add(by_path[path])
    return Described("runbook", by_path[path], user.file, user.node, Runbook(file=path, text=text))


def check(objects: Objects, described: list[Described], half: HalfRead) -> Iterator[FileMistake]:
    """Every mistake inside the runbooks that the files bring, told with the Markdown's own lines."""
    known = KnownNames(
        schedules=_names(objects, "schedule", half),
        policies=_names(objects, "policy", half),
        teams=_names(objects, "team", half),
        vendors=_names(objects, "vendor", half),
        services=_names(objects, "service", half),
    )
    base_id, base = _base(objects)
    of_others = {spec.runbook for spec in objects.values() if isinstance(spec, (Service, Team))}
    for each in described:
        if not isinstance(each.spec, Runbook) or not each.spec.text:
            continue
        is_base = each.id == base_id or (each.id not in of_others and _reads_as_base(each.spec.text))
        for finding in check_text(each.spec.text, None if is_base else base, known):
            yield FileMistake(each.spec.file, finding.line, "", finding.what, finding.fix)


def _base(objects: Objects) -> tuple[str | None, RunbookRules | None]:
    """The organisation's base runbook: its id (None: the one that ships) and its rules, if it can be read."""
    settings = next((spec for spec in objects.values() if isinstance(spec, Settings)), None)
    base_id = settings.runbook if settings else None
    own = objects.get(("runbook", base_id)) if base_id else None
    text = own.text if isinstance(own, Runbook) else default_text()
    return base_id, read(text).runbook


def _reads_as_base(text: str) -> bool:
    """A runbook that no service or team names is checked as a base when it names no service itself."""
    runbook = read(text).runbook
    return runbook is None or runbook.service is None


def _names(objects: Objects, kind: Kind, half: HalfRead) -> frozenset[str]:
    return half.keys.union(id for each, id in (*objects, *half.objects) if each == kind)


def _beside(file: str, path: str, texts: Mapping[str, str]) -> str:
    """A runbook's path from the directory's root: as written, or from the folder of the file that names it."""
    plain = posixpath.normpath(path)
    near = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return near if plain not in texts and near in texts else plain


def _text(each: Placed, field: str, path: str, texts: Mapping[str, str], mistakes: list[FileMistake]) -> str:
    text = texts.get(path)
    if text is None:
        near = nearest(path, [name for name in texts if name.endswith(".md")])
        mistakes.append(each.mistake(field, f"there is no file '{path}'.", near))
        return ""
    if len(text) > LONGEST_RUNBOOK:
        mistakes.append(FileMistake(path, 0, "", f"is longer than {LONGEST_RUNBOOK // 1024} KiB. Shorten it."))
        return ""
    if not text.strip():
        mistakes.append(FileMistake(path, 0, "", "is empty."))
    return text


def _new_id(path: str, taken: set[str]) -> str:
    whole = re.sub(r"[^a-z0-9]+", "-", path.removesuffix(".md").lower()).strip("-") or "runbook"
    stem = re.sub(r"[^a-z0-9]+", "-", posixpath.basename(path).removesuffix(".md").lower()).strip("-") or "runbook"
    return (whole if stem in taken else stem)[:60].strip("-")
