"""The systems that a configuration names, in one list: issuers, targets, probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key
from keytui.domain.query import Query, Sort
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.issuers.issuer import Abilities as IssuerAbilities
from keytui.issuers.issuer import Issuer
from keytui.probes.configuration import key_probe_tables, read_settings
from keytui.probes.key_probe import KeyProbe
from keytui.targets.target import Abilities as TargetAbilities
from keytui.targets.target import Target
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import names_lines
from keytui.vault.delivery_targets import load_targets
from keytui.vault.key_issuers import load_issuers
from keytui.vault.occupants import rehearse_target
from keytui.vault.protocol import Vault
from keytui.vault.proving import load_key_probes
from keytui.vault.references import from_here

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class System:
    """One table of the configuration. `sort` is `issuer`, `target` or `probe`; `can` names its abilities."""

    sort: str
    name: str
    kind: str
    can: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a system said to a rehearsal. `why_not` says why nothing was asked, where there is more to say of it than
    that no key uses it.
    """

    system: System
    asked: bool
    why_not: str = ""
    warnings: tuple[str, ...] = ()
    errors: tuple[KeytuiError, ...] = ()


@dataclass(frozen=True, slots=True)
class Systems:
    """Those of one file, by name."""

    issuers: Mapping[str, Issuer]
    targets: Mapping[str, Target]
    probes: Mapping[str, KeyProbe]
    """Those that ask with a key."""
    listed: tuple[System, ...]

    def rehearsed(self, vault: Vault, keys: Iterator[Key]) -> Iterator[Rehearsed]:
        """Each issuer, each target for those of the keys that name it, and each key probe. Nothing is written anywhere.

        Other probes are asked by `keytui probe`, which takes in what they say.
        """
        using: dict[str, list[Key]] = {name: [] for name in self.targets}
        for key in keys:
            for name in key.targets:
                using.get(name, []).append(key)
        for system in self.listed:
            if system.sort == "issuer":
                yield rehearsed_issuer(system, self.issuers[system.name])
            elif system.sort == "target":
                yield rehearsed_target(vault, system, self.targets[system.name], using[system.name])
            elif system.name in self.probes:
                yield rehearsed_probe(system, self.probes[system.name])


@names_lines
def load_systems(path: Path, resolve: Resolve = from_here) -> Systems:
    """The systems of a `config.toml`. Invalid names file, table and field."""
    issuers = load_issuers(path, resolve)
    targets = load_targets(path, resolve)
    keyed = key_probe_tables(table(path, "probes"))
    probes = read_settings(str(path), table(path, "probes"))
    kinds = {
        sort: {harmless(name): str(entry.get("kind", "")) for name, entry in table(path, sort).items()}
        for sort in ("issuers", "targets")
    }
    asking = load_key_probes(path, resolve)
    return Systems(
        issuers,
        targets,
        {harmless(name): probe for name, probe in asking.items()},
        (
            *(System("issuer", name, kinds["issuers"][name], can(one.abilities)) for name, one in issuers.items()),
            *(System("target", name, kinds["targets"][name], can(one.abilities)) for name, one in targets.items()),
            *(System("probe", probe.name, probe.kind) for probe in probes),
            *(System("probe", harmless(name), str(entry["kind"])) for name, entry in keyed.items()),
        ),
    )


def keys_of(vault: Vault) -> Iterator[Key]:
    """Every key of a vault that was not revoked."""
    offset = 0
    while True:
        page = vault.page(Query(), Sort(), offset, _PAGE)
        yield from (row.key for row in page.rows)
        offset += _PAGE
        if offset >= page.total:
            return


def can(abilities: IssuerAbilities | TargetAbilities) -> tuple[str, ...]:
    """The abilities that it has, as an operator reads them."""
    return tuple(each.name.replace("_", "-") for each in fields(abilities) if getattr(abilities, each.name))


def rehearsed_issuer(system: System, issuer: Issuer) -> Rehearsed:
    """What an issuer says to a rehearsal, which writes nothing."""
    try:
        return Rehearsed(system, asked=True, warnings=issuer.rehearse())
    except KeytuiError as error:
        return Rehearsed(system, asked=True, errors=(error,))


def rehearsed_target(vault: Vault, system: System, target: Target, keys: Sequence[Key]) -> Rehearsed:
    """What a target says of these keys, which writes nothing; not asked where there is none."""
    errors: list[KeytuiError] = []
    for key in keys:
        try:
            rehearse_target(vault, target, key)
        except KeytuiError as error:
            errors.append(error)
    return Rehearsed(system, asked=bool(keys), errors=tuple(errors))


def rehearsed_probe(system: System, probe: KeyProbe) -> Rehearsed:
    """Asked with what is no key: a system that lets that in proves nothing."""
    try:
        probe.rehearse(Secret(token_urlsafe(32)))
    except KeytuiError as error:
        return Rehearsed(system, asked=True, errors=(error,))
    return Rehearsed(system, asked=True)
