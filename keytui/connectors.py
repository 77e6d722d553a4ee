"""From what a site writes of its issuers, targets and probes to the objects: a kind is an entry point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Final, TypeVar

from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.references import Resolve
from keytui.domain.text import harmless

Connector = TypeVar("Connector")

_EXTRAS: Final = {"sealed-file": "age", "webhook": "webhooks"}
"""Of our kinds, those whose library an extra of another name brings."""


def build_connectors(
    sort: str,
    where: str,
    tables: Mapping[str, Mapping[str, object]],
    resolve: Resolve,
    beside: Sequence[str] = (),
) -> Mapping[str, Connector]:
    """The connectors of one sort (`issuers`, `targets` or `probes`) by name, each from its table `[SORT.NAME]`.

    `where` names the file, `resolve` gives the credentials that tables name, `beside` are the fields of any such table
    that others read. A kind is an entry point of the group
    `keytui.SORT`, ours as well as another package's: what makes a connector of its name, its fields and `resolve`.
    Only a kind that a table names is loaded: a package that lies about runs nothing by itself. Invalid names table
    and field.
    """
    built: dict[str, Connector] = {}
    for name, entry in tables.items():
        shown = harmless(name)
        fields = Fields(f"{where}: [{sort}.{shown}]", entry, beside)
        built[shown] = _builder(sort, fields)(shown, fields, resolve)
    return built


def _builder(sort: str, fields: Fields) -> Callable[[str, Fields, Resolve], Connector]:
    kinds: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=f"keytui.{sort}"):
        kinds.setdefault(point.name, []).append(point)
    kind = fields.one_of("kind", sorted(kinds))
    point, *others = kinds[kind]
    if others:
        raise fields.wrong("kind", f"{kind!r} is brought by several packages", "uninstall all but one of them")
    try:
        builder: Callable[[str, Fields, Resolve], Connector] = point.load()
    except ModuleNotFoundError as error:
        raise Invalid(
            f"the kind {kind!r} of {sort} needs {error.name}, which is not installed",
            f"install it: pip install 'keytui[{_EXTRAS.get(kind, kind)}]'"
            if _is_ours(point)
            else "see to the package it is from",
        ) from error
    except (ImportError, AttributeError) as error:
        raise Invalid(
            f"the kind {kind!r} of {sort} cannot be loaded: {error}", "see to the package it is from"
        ) from error
    return builder


def _is_ours(point: EntryPoint) -> bool:
    return point.module.partition(".")[0] == "keytui"
