"""The organisation as files: what `tocsin apply` would read back to the same. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from tocsin.organisation.held import Key
from tocsin.organisation.model import KEY_OF, MODELS, Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.model.runbook import Runbook
from tocsin.organisation.model.service import Service
from tocsin.organisation.model.settings import Settings

_LOOKS_LIKE_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


class _Dumper(yaml.SafeDumper):
    """Quotes every text that the reader would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        """Nothing is written as an alias: the reader refuses them."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists stand indented below their key."""
        del indentless
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if _LOOKS_LIKE_NUMBER.fullmatch(value) or value in ("true", "false", "null", "~", "") else None
    if "\n" in value and style is None:
        style = "|" if all(line.isprintable() for line in value.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def export_files(objects: Mapping[Key, Spec]) -> dict[str, str]:
    """Files by path: one YAML file for each kind that there is, and each runbook as its own Markdown file."""
    files: dict[str, str] = {}
    for kind in MODELS:
        of_kind = {id: spec for (each, id), spec in sorted(objects.items()) if each == kind}
        if of_kind:
            files[f"{KEY_OF[kind]}.yaml"] = _file(kind, of_kind, files)
    return files


def _file(kind: Kind, specs: Mapping[str, Spec], files: dict[str, str]) -> str:
    key = KEY_OF[kind]
    if kind == "settings":
        return _yaml({key: _plain(next(iter(specs.values())))})
    values: dict[str, Any] = {}
    for id, spec in specs.items():
        values[id] = _plain(spec)
        if isinstance(spec, Runbook):
            path = _path(spec.file, id, files)
            values[id] |= {"file": path}
            values[id].pop("text", None)
            files[path] = spec.text
    return _yaml({key: values})


def _path(wanted: str, id: str, taken: Iterable[str]) -> str:
    """A runbook's path in the export: its own, unless that would leave the directory or is taken."""
    parts = wanted.split("/")
    safe = wanted.endswith(".md") and not wanted.startswith("/") and ".." not in parts and "\\" not in wanted
    return wanted if safe and wanted not in taken else f"runbooks/{id}.md"


def _plain(spec: Spec) -> dict[str, Any]:
    """The spec's fields as a person would write them: without those that say what holds anyway."""
    value = _without_defaults(spec)
    if isinstance(spec, Settings):
        value.setdefault("name", spec.name)
    if isinstance(spec, Service) and spec.checks:
        value["checks"] = {id: {"kind": each.kind, **_without_defaults(each)} for id, each in spec.checks.items()}
    return value


def _without_defaults(spec: Spec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude_defaults=True)


def _yaml(value: Mapping[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
