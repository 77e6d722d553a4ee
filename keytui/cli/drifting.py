"""`keytui drift`: what the stores of keys hold, and what issuers said of them, against what the vault knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from keytui.cli.counting import counted
from keytui.cli.drift_words import said
from keytui.cli.exits import Exit
from keytui.cli.looking import matching
from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say, say_json_array
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.clock import utc_now
from keytui.domain.query import Query, Sort, parse
from keytui.domain.text import harmless
from keytui.vault.drifting import Holds, Store, stores_of
from keytui.vault.model import KeyDetail
from keytui.vault.profile import configuration_path
from keytui.vault.protocol import Vault

_HELD: Final = {
    Holds.CURRENT: "✓ {target} holds v{version}, as it should",
    Holds.OLD: "≠ {target} holds v{version}, which a newer version has replaced",
    Holds.SUSPENDED: "≠ {target} holds v{version}, which is suspended",
    Holds.REVOKED: "≠ {target} holds v{version}, which is revoked",
    Holds.UNKNOWN: "≠ {target} holds a value that is no version of this key",
    Holds.NOTHING: "≠ {target} holds nothing",
    Holds.EMPTY: "✓ {target} holds nothing, and the key lets nobody in",
    Holds.UNTELLABLE: "· {target}: nobody knows, {why}",
    Holds.ELSEWHERE: "· {target}: {why}",
    Holds.FAILED: "✗ {target}: {why}",
}
_ANOTHERS: Final = "≠ {target} holds v{version} of {key}, another key"
_UNKNOWN: Final = frozenset({Holds.UNTELLABLE, Holds.ELSEWHERE, Holds.FAILED})


@dataclass(frozen=True, slots=True)
class _Found:
    """One key, what its stores hold, and how its versions stand at its issuer."""

    detail: KeyDetail
    stores: Sequence[Store]

    @property
    def drifted(self) -> bool:
        return any(store.drifted for store in self.stores) or any(one.drift for one in self.detail.versions)

    @property
    def failed(self) -> bool:
        return any(store.holds is Holds.FAILED for store in self.stores)


def drift(
    context: typer.Context,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY", help="Some keys; all that have targets unless said.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare what the stores of keys hold with the fingerprints of their versions; and what the last sync found.

    Stores are read on this machine, and no secret is shown. Exit code 0 when all is as it should be, 1 when something
    is not, 7 when a store could not be read and the others are as they should be.
    """
    from keytui.vault.delivery_targets import load_targets
    from keytui.vault.sealed_references import with_sealed

    found = list[_Found]()
    with opened(context) as vault:
        targets = load_targets(configuration_path(), with_sealed(vault))
        for detail in _details(vault, keys or []):
            one = _Found(detail, tuple(stores_of(vault, detail, targets, utc_now())))
            found.append(one)
            if not json and (keys or one.drifted or one.failed):
                _say(one)
    if json:
        say_json_array(map(_shape, found))
    else:
        _sum_up(found)
    if any(one.drifted for one in found):
        raise typer.Exit(Exit.REFUSED)
    if any(one.failed for one in found):
        raise typer.Exit(Exit.PARTLY)


def _details(vault: Vault, names: Sequence[str]) -> Iterator[KeyDetail]:
    """Those that are named; else those with a store, and those that stand otherwise at their issuer."""
    if names:
        yield from (vault.detail(vault.find(name).id) for name in dict.fromkeys(names))
        return
    drifted = {row.key.id for row in matching(vault, parse("flag:drifted"), Sort())}
    for row in matching(vault, Query(), Sort()):
        if row.key.targets or row.key.id in drifted:
            drifted.discard(row.key.id)
            yield vault.detail(row.key.id)
    yield from (vault.detail(key_id) for key_id in sorted(drifted))


def _say(found: _Found) -> None:
    key = found.detail.summary.key
    say(f"{harmless(key.name)} ({key.environment})")
    for store in found.stores:
        say(f"  {_held(store)}")
    for version in found.detail.versions:
        if version.drift is not None:
            what, command = said(key, version.number, version.state, version.drift)
            say(f"  ≠ at issuer {harmless(key.issuer)}: {what}")
            say(f"    {harmless(command)}")
    if not found.stores:
        say("  · no target is named: `keytui edit KEY --target NAME` names one")


def _held(store: Store) -> str:
    words = _ANOTHERS if store.other_key else _HELD[store.holds]
    return words.format(
        target=harmless(store.target), version=store.version, why=harmless(store.why), key=harmless(store.other_key)
    )


def _sum_up(found: Sequence[_Found]) -> None:
    if not found:
        remark("no key has a target, and no issuer was found to disagree: `keytui sync` asks them")
        return
    drifted = sum(one.drifted for one in found)
    unknown = sum(store.holds in _UNKNOWN for one in found for store in one.stores)
    looked_at = f"{counted(len(found), 'key')} looked at, {drifted} not as it should be"
    remark(looked_at + (f"; stores of which nobody here knows: {unknown}" if unknown else ""))


def _shape(found: _Found) -> Shape:
    key = found.detail.summary.key
    return {
        "key_id": key.id,
        "key": key.name,
        "environment": key.environment,
        "drifted": found.drifted,
        "stores": [
            {
                "target": store.target,
                "holds": store.holds,
                "version": store.version,
                "drifted": store.drifted,
                "why": store.why,
                "other_key": store.other_key,
            }
            for store in found.stores
        ],
        "issuer": key.issuer,
        "at_issuer": [
            {"version": version.number, "drift": version.drift} for version in found.detail.versions if version.drift
        ],
    }
