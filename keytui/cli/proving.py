"""`keytui prove`: ask the system itself, with the new secret and with the old one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption, KeyArgument
from keytui.cli.output import alarm, remark, say, say_json_array
from keytui.cli.session import opened
from keytui.clock import utc_now
from keytui.domain.access import ALLOWED, Operation
from keytui.domain.durations import parse_duration
from keytui.domain.errors import KeytuiError, NotFound
from keytui.domain.references import parse_reference
from keytui.vault.profile import configuration_path

if TYPE_CHECKING:
    from keytui.domain.secrets import Secret
    from keytui.probes.key_probe import KeyProbe
    from keytui.vault.outside import Outside
    from keytui.vault.protocol import Vault
    from keytui.vault.proving import Proven


def prove(
    context: typer.Context,
    key: KeyArgument,
    *,
    probe: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A probe in config.toml; those that name the key unless said. Repeat it."),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="REFERENCE", help="Where a version's secret stands (file:PATH, env:NAME); repeat it."),
    ] = None,
    within: Annotated[str, typer.Option(metavar="D", help="Ask again until the answer is as it should be.")] = "10s",
    json: JsonOption = False,
) -> None:
    """Ask a system with a key's secrets: accepted versions must be let in, suspended and revoked ones refused.

    The current secret is read from the key's targets where these tell it, and so is one that is over; others come from
    --secret. What is said of the versions of its newest rotation is kept in the log, for `keytui proof`. Exit code 0
    when every answer is as it should be, else 1.
    """
    from keytui.vault.delivery_targets import load_targets
    from keytui.vault.proving import asked_unbidden, held_by, key_probes_of, load_key_probes, noted, versions_of
    from keytui.vault.proving import prove as proven
    from keytui.vault.sealed_references import with_sealed

    path, patience = configuration_path(), parse_duration(within)
    found = []
    with opened(context) as vault:
        resolve = with_sealed(vault)
        chosen = _chosen(load_key_probes(path, resolve), probe or [])
        given = [resolve(parse_reference(each)) for each in secret or ()]
        targets = load_targets(path, resolve)
        detail = vault.detail(vault.find(key).id)
        probes = chosen or list(key_probes_of(path, detail.summary.key, resolve).values())
        if not probes:
            raise NotFound(
                f"no probe names {detail.summary.key.name}", 'name one with --probe, or in its table: keys = ["…"]'
            )
        here = [targets[name] for name in detail.summary.key.targets if name in targets]
        held = asked_unbidden(detail, versions_of(detail, tuple(held_by(here, detail))), utc_now())
        answers = proven(detail, {**held, **versions_of(detail, given)}, probes, utc_now(), patience)
        newest = detail.rotations[0].id if detail.rotations and _may_note(vault) else None
        for each in answers if newest is None else noted(vault, newest, answers):
            found.append(each)
            if not json:
                say(in_words(each, detail.summary.key.name))
    if json:
        say_json_array(proven_shape(each) for each in found)
    if not all(each.holds for each in found):
        raise typer.Exit(Exit.REFUSED)


def _may_note(vault: Vault) -> bool:
    """Whether the log takes an answer from this operator. Anybody may ask: to be refused that is no event."""
    return Operation.ROTATE in ALLOWED[vault.standing().role]


def _chosen(known: Mapping[str, KeyProbe], names: list[str]) -> list[KeyProbe]:
    for name in names:
        if name not in known:
            raise NotFound(
                f"no probe that asks with a key is called {name!r}",
                f"those of {configuration_path()}: {', '.join(known) or 'none'}",
            )
    return [known[name] for name in names]


def ask_probes(vault: Vault, around: Outside, rotation_id: int, secrets: Mapping[int, Secret]) -> list[Proven]:
    """Ask the key's own probes with these secrets, by version, say beside the answer what came of it, and note it."""
    from keytui.vault.proving import noted
    from keytui.vault.proving import prove as proven

    found: list[Proven] = []
    if not around.probes or not secrets:
        return found
    try:
        answers = proven(vault.detail(around.key.id), secrets, around.probes, utc_now())
        for each in noted(vault, rotation_id, answers):
            found.append(each)
            (alarm if each.still_accepted else remark)(in_words(each, around.key.name))
    except KeytuiError as error:
        remark(f"- not asked any further: {error.message}")
    return found


def say_not_asked(around: Outside, version: int) -> None:
    """Nobody here has the version's secret, so its end is not proven. It is not refused, as far as anybody knows."""
    for probe in around.probes:
        remark(f"- v{version} of {around.key.name} at {probe.name}: not asked; --old file:PATH asks with its secret")


def in_words(each: Proven, key: str) -> str:
    """One line for an operator."""
    version, said = f"v{each.version} of {key}", f"{each.answer.said}, after {each.after.total_seconds():.1f} s"
    if each.holds:
        return f"✓ {version} is {each.answer.outcome}, as it should be, at {each.probe}: {said}"
    if each.still_accepted:
        return f"✗ {version} is STILL ACCEPTED at {each.probe}, although it is over: {said}"
    return f"✗ {version} should be {each.expected} at {each.probe}, and is {each.answer.outcome}: {said}"


def proven_shape(each: Proven) -> dict[str, object]:
    """For programs."""
    return {
        "probe": each.probe,
        "version": each.version,
        "expected": each.expected,
        "outcome": each.answer.outcome,
        "said": each.answer.said,
        "after_seconds": round(each.after.total_seconds(), 3),
        "holds": each.holds,
    }
