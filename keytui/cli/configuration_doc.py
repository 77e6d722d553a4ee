"""docs/guide/configuration.md, from what reads `config.toml`: `python -m keytui.cli.configuration_doc FILE`.

Which fields there are is asked of the readers, by a field that there is not; their types, defaults and meanings come
from the dataclasses and the calls that read them. A field without a meaning is an error here.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from keytui.cli.configuration_words import HEAD, MEANINGS, OWN, SORTS, TAIL
from keytui.domain.durations import short
from keytui.domain.errors import Invalid
from keytui.domain.policy import Policy
from keytui.domain.retention import Retention
from keytui.domain.thresholds import Thresholds
from keytui.probes.configuration import read_settings
from keytui.server.settings import ServerSettings, load_server_settings
from keytui.vault.alert_delivery import load_alert_delivery
from keytui.vault.configuration import table
from keytui.vault.delivery_targets import load_targets
from keytui.vault.key_issuers import load_issuers
from keytui.vault.policies import load_policies
from keytui.vault.profile import LOCAL_FIELDS, REMOTE_FIELDS
from keytui.vault.proving import load_key_probes
from keytui.vault.retention import load_retention
from keytui.vault.webhook_settings import load_webhooks

_NONE: Final = "no-such-field"
_TYPES: Final = {
    "text": "text",
    "needed": "text, needed",
    "flag": "true or false",
    "duration": "duration",
    "count": "whole number",
    "texts": "list of texts",
    "mapping": "table of texts",
    "reference": "reference",
    "url": "address, needed",
    "header": "header's name",
    "path": "path",
    "pointer": "JSON pointer",
    "document": "table",
    "scalar": "text, number, true or false",
    "one_of": "word, needed",
    "table": "table",
}
"""How a method of `Fields` is said."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file. `begins` is what it needs to be read as that; `modules` are where its fields are read."""

    title: str
    begins: str = ""
    load: Callable[[Path], object] | None = None
    known: tuple[str, ...] = ()
    """Its fields, where the reader shows them."""
    modules: tuple[str, ...] = ()
    settings: type[Any] | None = None
    """The dataclass that has its fields, types and defaults."""


def _probes(path: Path) -> object:
    load_key_probes(path)
    return read_settings(str(path), table(path, "probes"))


def _of_kinds(sort: str, load: Callable[[Path], object], kinds: Mapping[str, tuple[str, ...]]) -> Iterator[Section]:
    for kind, modules in kinds.items():
        yield Section(f'[{sort}.NAME] kind = "{kind}"', f'[{sort}.x]\nkind = "{kind}"', load, modules=modules)


_TARGET: Final = ("keytui.targets.configured",)
_PROBE: Final = ("keytui.probes.configuration",)
SECTIONS: Final = (
    Section("[profiles.NAME] on this machine", modules=("keytui.vault.profile",), known=LOCAL_FIELDS),
    Section("[profiles.NAME] on a server", modules=("keytui.vault.profile",), known=REMOTE_FIELDS),
    Section("[policy.ENVIRONMENT]", "[policy.x]", load_policies, settings=Policy),
    Section("[policy.ENVIRONMENT.alerts]", "[policy.x.alerts]", load_policies, settings=Thresholds),
    *_of_kinds(
        "issuers",
        load_issuers,
        {
            "redis": ("keytui.issuers.redis", "keytui.issuers.fallback"),
            "envlist": ("keytui.issuers.envlist", "keytui.issuers.reloading"),
            "rest": ("keytui.issuers.rest.configuration",),
        },
    ),
    *_of_kinds(
        "targets",
        load_targets,
        {
            "file": ("keytui.targets.file", *_TARGET),
            "command": ("keytui.targets.piping", *_TARGET),
            "dotenv": ("keytui.targets.dotenv", *_TARGET),
            "sealed-file": ("keytui.targets.sealed_file", *_TARGET),
            "hashicorp": ("keytui.targets.hashicorp", *_TARGET),
            "aws": ("keytui.targets.aws", *_TARGET),
            "github": ("keytui.targets.github", *_TARGET),
            "redis": ("keytui.targets.redis", *_TARGET),
            "webhook": ("keytui.targets.webhook_target", *_TARGET),
        },
    ),
    *_of_kinds(
        "probes",
        _probes,
        {
            "http": ("keytui.probes.http_probe", "keytui.vault.proving"),
            **dict.fromkeys(("prometheus", "metrics", "last-used", "refusals"), _PROBE),
        },
    ),
    Section("[webhooks.NAME]", "[webhooks.x]", load_webhooks, modules=("keytui.vault.webhook_settings",)),
    Section("[alerts]", "[alerts]", load_alert_delivery),
    Section("[retention]", "[retention]", load_retention, settings=Retention),
    Section("[server]", "[server]", lambda path: load_server_settings(path, {}), settings=ServerSettings),
)


def document() -> str:
    """The whole page."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "config.toml"
        return "\n".join([HEAD, *(_section(section, path) for section in SECTIONS), TAIL])


def _section(section: Section, path: Path) -> str:
    rows = [_row(section, name) for name in _known(section, path) if name != "kind"]
    return "\n".join(
        [f"## `{section.title}`", "", "| field | what it is | default | meaning |", "|---|---|---|---|", *rows, ""]
    )


def _known(section: Section, path: Path) -> Sequence[str]:
    """The fields, as the reader names them where it meets one that it does not know."""
    if section.load is None:
        return section.known
    path.write_text(f"{section.begins}\n{_NONE} = 1\n", encoding="utf-8")
    path.chmod(0o600)
    try:
        section.load(path)
    except Invalid as error:
        _, named, known = error.hint.rpartition(" are ")
        if named and _NONE in error.message:
            return known.split(", ")
    raise LookupError(f"the reader of {section.title} does not name its fields")


def _row(section: Section, name: str) -> str:
    sort, default = _in_dataclass(section, name) or _in_calls(section, name)
    meaning = OWN.get((section.title, name)) or _said_of(section.settings, name) or MEANINGS[name]
    return f"| `{name}` | {sort} | {default} | {' '.join(meaning.split()).removesuffix('.')} |"


def _in_dataclass(section: Section, name: str) -> tuple[str, str] | None:
    """Type and default of a field of a dataclass; None where it has no such field."""
    settings = section.settings
    if settings is None or name not in {field.name for field in fields(settings)}:
        return None
    value = getattr(settings(), name)
    match value:
        case timedelta():
            return "duration", f'`"{short(value)}"`'
        case int():
            return "whole number", f"`{value}`"
        case str():
            return "text", f'`"{value}"`'
        case Thresholds():
            return "table", ""
        case _:
            return ("path" if name.startswith("tls_") else "list of texts"), ""


def _in_calls(section: Section, name: str) -> tuple[str, str]:
    """How the modules of a table read a field: by which method of `Fields`, and with which default."""
    for module in section.modules:
        for call in ast.walk(ast.parse(inspect.getsource(import_module(module)))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _TYPES:
                words = [each.value if isinstance(each, ast.Constant) else None for each in call.args]
                if words[:1] == [name]:
                    if call.func.attr == "flag":
                        return _TYPES["flag"], "`false`"
                    said = call.func.attr in {"duration", "count"} and len(words) > 1 and words[1] is not None
                    return _TYPES[call.func.attr], f"`{json.dumps(words[1])}`" if said else ""
    return SORTS[name], ""


def _said_of(settings: type[Any] | None, name: str) -> str:
    """What stands under a field of a dataclass."""
    if settings is None:
        return ""
    (body,) = ast.parse(inspect.getsource(settings)).body
    lines = body.body if isinstance(body, ast.ClassDef) else []
    for line, below in pairwise(lines):
        here = isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.target.id == name
        if here and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            return str(below.value.value)
    return ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
