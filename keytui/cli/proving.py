"""`keytui prove`: ask the system itself, with the new secret and with the old one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption, KeyArgument
from keytui.cli.output import say, say_json_array
from keytui.cli.session import opened
from keytui.clock import utc_now
from keytui.domain.durations import parse_duration
from keytui.domain.errors import NotFound
from keytui.domain.references import parse_reference
from keytui.vault.profile import configuration_path
from keytui.vault.references import from_here

if TYPE_CHECKING:
    from keytui.probes.key_probe import KeyProbe
    from keytui.vault.proving import Proven


def prove(
    context: typer.Context,
    key: KeyArgument,
    *,
    probe: Annotated[list[str], typer.Option(metavar="NAME", help="A probe of kind http in config.toml; repeat it.")],
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="REFERENCE", help="Where a version's secret stands (file:PATH, env:NAME); repeat it."),
    ] = None,
    within: Annotated[str, typer.Option(metavar="D", help="Ask again until the answer is as it should be.")] = "10s",
    json: JsonOption = False,
) -> None:
    """Ask a system with a key's secrets: accepted versions must be let in, suspended and revoked ones refused.

    The current secret is read from the key's targets where they can be read; others come from --secret. Exit code 0
    when every answer is as it should be, else 1.
    """
    from keytui.vault.delivery_targets import load_targets
    from keytui.vault.proving import held_by, load_key_probes, versions_of
    from keytui.vault.proving import prove as proven

    path = configuration_path()
    probes = _chosen(load_key_probes(path), probe)
    patience = parse_duration(within)
    given = [from_here(parse_reference(each)) for each in secret or ()]
    targets = load_targets(path)
    with opened(context) as vault:
        detail = vault.detail(vault.find(key).id)
    here = [targets[name] for name in detail.summary.key.targets if name in targets]
    secrets = versions_of(detail, [*held_by(here, detail), *given])
    found = []
    for each in proven(detail, secrets, probes, utc_now(), patience):
        found.append(each)
        if not json:
            _say(each, detail.summary.key.name)
    if json:
        say_json_array(_shape(each) for each in found)
    if not all(each.holds for each in found):
        raise typer.Exit(Exit.REFUSED)


def _chosen(known: Mapping[str, KeyProbe], names: list[str]) -> list[KeyProbe]:
    for name in names:
        if name not in known:
            raise NotFound(
                f"no probe that asks with a key is called {name!r}",
                f"those of {configuration_path()}: {', '.join(known) or 'none'}",
            )
    return [known[name] for name in names]


def _say(each: Proven, key: str) -> None:
    version, said = f"v{each.version} of {key}", f"{each.answer.said}, after {each.after.total_seconds():.1f} s"
    if each.holds:
        say(f"✓ {version} is {each.answer.outcome}, as it should be, at {each.probe}: {said}")
    elif each.still_accepted:
        say(f"✗ {version} is STILL ACCEPTED at {each.probe}, although it is over: {said}")
    else:
        say(f"✗ {version} should be {each.expected} at {each.probe}, and is {each.answer.outcome}: {said}")


def _shape(each: Proven) -> dict[str, object]:
    return {
        "probe": each.probe,
        "version": each.version,
        "expected": each.expected,
        "outcome": each.answer.outcome,
        "said": each.answer.said,
        "after_seconds": round(each.after.total_seconds(), 3),
        "holds": each.holds,
    }
