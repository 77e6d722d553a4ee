"""What a site writes of its probes, `[probes.NAME]` in `config.toml`, as settings; errors name table and field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from keytui.domain.fields import Fields
from keytui.domain.references import Reference
from keytui.domain.text import harmless


class Kind(StrEnum):
    """The probes that ask a server."""

    PROMETHEUS = "prometheus"
    METRICS = "metrics"
    LAST_USED = "last-used"
    REFUSALS = "refusals"


@dataclass(frozen=True, slots=True)
class Server:
    """Which address is asked, and as whom. Without a `header` the credential goes as `Authorization: Bearer`."""

    url: str
    credential: Reference | None = None
    header: str = ""
    timeout: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Labels:
    """Which label of a series says what; an empty one is not there. Without `key` a series belongs to no key."""

    key: str = ""
    version: str = ""
    """With it, `key` holds the key's id or name, else whatever tells the version."""
    caller: str = ""
    caller_declared: bool = False
    """Whether the caller label is a name that each program declares, and not an address or agent."""
    status: str = ""
    refused: frozenset[str] = frozenset({"401", "403"})
    """Values of the status label that are refusals."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Counters by label. `history`: how far back the first question goes; a page on its own has none."""

    metric: str
    labels: Labels = Labels()
    history: timedelta = timedelta(hours=24)
    tolerance: timedelta = timedelta(seconds=150)
    """How long a series may be without a sample before that is a gap; longer than the time between two scrapes."""
    ephemeral_instances: bool = False
    """Whether instances are replaced by others, as containers are: one that is gone for good ended."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in JSON with a last-used time an item; each is a JSON pointer, the last two from within an item."""

    items: str
    identity: str
    used: str


@dataclass(frozen=True, slots=True)
class Pointing:
    """One counter in JSON, by its JSON pointer."""

    pointer: str


@dataclass(frozen=True, slots=True)
class Settings:
    """One probe. `keys` are what it must speak of; `aliases` say which `KEY:VERSION` is meant by a text there."""

    name: str
    kind: Kind
    server: Server
    reading: Counting | Listing | Pointing
    keys: tuple[str, ...] = ()
    aliases: Mapping[str, str] | None = None

    @property
    def source(self) -> str:
        """The name that its evidence goes by."""
        return f"{self.kind} {self.name}"


_COMMON: Final = ("kind", "url", "credential", "header", "timeout", "keys")
_KEYED: Final = ("key_label", "version_label", "caller_label", "caller_declared", "status_label", "refused", "aliases")
_FIELDS: Final = {
    Kind.PROMETHEUS: (*_COMMON, "metric", *_KEYED, "history", "tolerance", "ephemeral_instances"),
    Kind.METRICS: (*_COMMON, "metric", *_KEYED, "tolerance", "ephemeral_instances"),
    Kind.LAST_USED: (*_COMMON, "items", "identity", "used", "aliases"),
    Kind.REFUSALS: (
        *(*_COMMON, "metric", "status_label", "refused", "history", "tolerance", "ephemeral_instances"),
        "pointer",
    ),
}


def read_settings(where: str, tables: Mapping[str, Mapping[str, object]]) -> tuple[Settings, ...]:
    """The probes of a configuration that bring evidence, by name, in its order; those that ask with a key are left out.

    `where` names the file; Invalid names table and field.

    [probes.edge]
    kind = "prometheus"
    url = "https://prometheus.example.com"
    metric = 'http_requests_total{job="api"}'
    key_label = "key"
    status_label = "code"
    credential = "env:PROMETHEUS_TOKEN"
    keys = ["checkout"]
    """
    keyed = key_probe_tables(tables)
    return tuple(
        _settings(Fields(f"{where}: [probes.{harmless(name)}]", entry), name)
        for name, entry in tables.items()
        if name not in keyed
    )


def key_probe_tables(tables: Mapping[str, Mapping[str, object]]) -> Mapping[str, Mapping[str, object]]:
    """Those of them that ask with a key: their kinds are the entry points of `keytui.probes`."""
    others = {name: entry for name, entry in tables.items() if entry.get("kind") not in tuple(Kind)}
    if not others:
        return {}
    from importlib.metadata import entry_points  # noqa: PLC0415  # 12 ms, of which every command would have its part

    kinds = [point.name for point in entry_points(group="keytui.probes")]
    return {name: entry for name, entry in others.items() if entry.get("kind") in kinds}


def _settings(fields: Fields, name: str) -> Settings:
    kind = Kind(fields.one_of("kind", tuple(Kind)))
    fields.only(_FIELDS[kind], f"a {kind} probe")
    credential = fields.reference("credential") if fields.has("credential") else None
    server = Server(fields.url("url"), credential, fields.header("header"), fields.duration("timeout", "10s"))
    if server.header and server.credential is None:
        raise fields.wrong("header", "is for a credential, and there is none", "name one, as in env:NAME")
    return Settings(
        harmless(name), kind, server, _reading(fields, kind), fields.texts("keys", ()), fields.mapping("aliases")
    )


def _reading(fields: Fields, kind: Kind) -> Counting | Listing | Pointing:
    if kind is Kind.LAST_USED:
        return Listing(fields.pointer("items"), fields.pointer("identity"), fields.pointer("used"))
    if kind is Kind.REFUSALS and fields.has("pointer"):
        fields.only((*_COMMON, "pointer"), "a refusals probe with a pointer")
        return Pointing(fields.pointer("pointer"))
    labels = Labels(
        "" if kind is Kind.REFUSALS else fields.needed("key_label"),
        fields.text("version_label"),
        fields.text("caller_label"),
        fields.flag("caller_declared"),
        fields.text("status_label"),
        frozenset(fields.texts("refused", ("401", "403"))),
    )
    return Counting(
        fields.needed("metric"),
        labels,
        fields.duration("history", "24h"),
        fields.duration("tolerance", "150s"),
        fields.flag("ephemeral_instances"),
    )
