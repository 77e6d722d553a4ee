"""Everything outside the vault that the rotation of one key has to do with: its issuer, its targets, its probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keytui.connectors import build_connectors
from keytui.domain.errors import NotFound
from keytui.domain.keys import BUILTIN, Key
from keytui.domain.references import Resolve
from keytui.issuers.issuer import Issuer
from keytui.issuers.placing import OPTIONS, fields_of_kind
from keytui.probes.key_probe import KeyProbe
from keytui.targets.target import Target
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import names_lines
from keytui.vault.delivery_targets import load_targets
from keytui.vault.protocol import Vault
from keytui.vault.proving import key_probes_of
from keytui.vault.references import from_here
from keytui.vault.systems import Rehearsed, System, can, rehearsed_issuer, rehearsed_probe, rehearsed_target


@dataclass(frozen=True, slots=True)
class Outside:
    """What this machine knows of the systems around one key."""

    key: Key
    server: str
    """The host of the team's server that has the vault; "" where it is on this machine."""
    issuer: Issuer | None
    """None where it is keytui itself, or is asked elsewhere, or is none that this machine knows."""
    targets: tuple[Target, ...]
    """Those of the key that this machine delivers to, in the key's order."""
    missing: tuple[str, ...]
    """Those of the key that it does not know."""
    probes: tuple[KeyProbe, ...]
    """Those that ask with this key."""
    kinds: Mapping[str, str]
    """By `sort name`, the kind that its table names."""

    @property
    def delivers(self) -> bool:
        """Whether a new secret can go from here to every target of the key."""
        return bool(self.targets) and not self.missing

    def rehearsed(self, vault: Vault) -> Iterator[Rehearsed]:
        """What each of them says to a rotation that has not begun, one after another. Nothing is written anywhere."""
        yield self._rehearsed_issuer()
        here = {target.name: target for target in self.targets}
        for name in self.key.targets:
            system = self._system("target", name)
            if name in here:
                able = can(here[name].abilities)
                yield rehearsed_target(vault, self._system("target", name, able), here[name], (self.key,))
            else:
                yield self._unknown_target(system)
        for probe in self.probes:
            yield rehearsed_probe(self._system("probe", probe.name), probe)

    def _rehearsed_issuer(self) -> Rehearsed:
        name = self.key.issuer
        system = self._system("issuer", name)
        if name == BUILTIN:
            return Rehearsed(System("issuer", name, BUILTIN), asked=False, why_not="keytui's own verifiers accept it")
        if self.server:
            return Rehearsed(system, asked=False, why_not=f"it is asked by {self.server}, which has the vault")
        if self.issuer is None:
            unknown = NotFound(f"no issuer is called {name} here", f"name it in config.toml: [issuers.{name}]")
            return Rehearsed(system, asked=False, why_not="it is none of this machine", errors=(unknown,))
        return rehearsed_issuer(self._system("issuer", name, can(self.issuer.abilities)), self.issuer)

    def _unknown_target(self, system: System) -> Rehearsed:
        """Where none is known another machine delivers, or somebody by hand; some of them alone would be half a way."""
        why = "it is none of this machine: deliver where it is, or by hand"
        if not self.targets:
            return Rehearsed(system, asked=False, why_not=why)
        half = NotFound(
            f"target {system.name} is none of this machine, and others of {self.key.name} are",
            "rotate on a machine that has all of them, or name it in config.toml",
        )
        return Rehearsed(system, asked=False, why_not=why, errors=(half,))

    def _system(self, sort: str, name: str, able: tuple[str, ...] = ()) -> System:
        return System(sort, name, self.kinds.get(f"{sort} {name}", ""), able)


@names_lines
def outside_of(path: Path, key: Key, server: str = "", resolve: Resolve = from_here) -> Outside:
    """The systems of a `config.toml` around one key. Invalid names file, table and field."""
    known = load_targets(path, resolve)
    return Outside(
        key=key,
        server=server,
        issuer=None if server else _issuer(path, key.issuer, resolve),
        targets=tuple(known[name] for name in key.targets if name in known),
        missing=tuple(name for name in key.targets if name not in known),
        probes=tuple(key_probes_of(path, key, resolve).values()),
        kinds={
            f"{sort} {name}": str(entry.get("kind", ""))
            for sort in ("issuer", "target", "probe")
            for name, entry in table(path, f"{sort}s").items()
        },
    )


def nothing_outside(key: Key, server: str = "") -> Outside:
    """The same where all is left alone: no configuration is read, so that no fault of it is in the way."""
    return Outside(key, server, None, (), key.targets, (), {})


def _issuer(path: Path, name: str, resolve: Resolve) -> Issuer | None:
    tables = table(path, "issuers")
    if name not in tables:
        return None
    built: Mapping[str, Issuer] = build_connectors(
        "issuers", str(path), {name: fields_of_kind(tables[name])}, resolve, OPTIONS
    )
    return built[name]
