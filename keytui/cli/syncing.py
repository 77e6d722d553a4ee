"""`keytui sync`: the vault beside what its issuers have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from keytui.cli.drift_words import command_against, said
from keytui.cli.exits import Exit, code_of
from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say, say_json_array
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.cli.times import iso
from keytui.domain.errors import KeytuiError
from keytui.domain.text import harmless
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.sync_report import SyncReport

_SHOWN: Final = 20
"""Keys that came in, and versions that were left out, that are named one by one."""


def sync(
    context: typer.Context,
    issuer: Annotated[
        str | None, typer.Argument(metavar="ISSUER", help="One issuer; all that tell of their keys unless said.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare the vault with its issuers: bring in keys that nobody knew, and mark what stands otherwise there.

    Nothing is deleted, here or there. Exit code 0 when all stands there as here, 1 when something does not, 7 when some
    issuer could not be compared and the others agree.
    """
    with opened(context) as vault:
        names, plaintext = _names(vault, issuer)
        done: list[SyncReport] = []
        failed: list[tuple[str, KeytuiError]] = []
        for name in names:
            try:
                report = vault.sync(name)
            except KeytuiError as error:
                failed.append((name, error))
                if not json:
                    _say_failure(name, error)
            else:
                done.append(report)
                if not json:
                    _say(report, keeps_plaintext=name in plaintext)
    if json:
        say_json_array([*map(_shape, done), *(_failure_shape(*one) for one in failed)])
    elif not names:
        remark("no issuer tells of its keys: they are described as [issuers.NAME] in config.toml")
    raise typer.Exit(_code(done, [error for _, error in failed]))


def _names(vault: Vault, issuer: str | None) -> tuple[list[str], frozenset[str]]:
    """Those to compare, and those of all that keep plain text."""
    known = {one.name: one.abilities for one in vault.issuers()}
    plaintext = frozenset(name for name, can in known.items() if can is not None and can.keeps_plaintext)
    return [issuer] if issuer is not None else [
        n for n, can in known.items() if can is not None and can.lists
    ], plaintext


def _code(done: list[SyncReport], failed: list[KeytuiError]) -> Exit:
    if failed and not done:
        return code_of(failed[0])
    if any(report.drifted for report in done):
        return Exit.REFUSED
    return Exit.PARTLY if failed else Exit.DONE


def _say(report: SyncReport, *, keeps_plaintext: bool) -> None:
    counts = [f"{report.listed} listed", f"{report.known} known", f"{len(report.added)} brought in"]
    counts += [f"{report.ended} over there and never known here"] if report.ended else []
    say(f"{'≠' if report.drifted else '✓'} {harmless(report.issuer)}: {', '.join(counts)}")
    if keeps_plaintext:
        say("  ! it keeps every secret in plain text")
    _say_some([f"  + {harmless(key.name)} ({key.environment})" for key in report.added])
    for one in report.drifted:
        what, command = said(one.key, one.version, one.state, one.drift)
        say(f"  ≠ {harmless(one.key.name)} ({one.key.environment}) {what}")
        say(f"    {harmless(command)}")
    _say_some([f"  = {harmless(name)} stands there as here again" for name in report.reconciled])
    _say_some([f"  · {harmless(one.label) or 'one without a label'}: left out, {one.why}" for one in report.skipped])


def _say_some(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        say(line)
    if len(lines) > _SHOWN:
        say(f"  {lines[0].strip()[0]} and {len(lines) - _SHOWN} more")


def _say_failure(name: str, error: KeytuiError) -> None:
    say(f"✗ {harmless(name)}: {error.message}")
    if error.hint:
        say(f"  → {error.hint}")


def _shape(report: SyncReport) -> Shape:
    return {
        "issuer": report.issuer,
        "state": "drifted" if report.drifted else "agrees",
        "at": iso(report.at),
        "listed": report.listed,
        "known": report.known,
        "ended": report.ended,
        "added": [{"key_id": key.id, "key": key.name, "environment": key.environment} for key in report.added],
        "drifted": [
            {
                "key_id": one.key.id,
                "key": one.key.name,
                "environment": one.key.environment,
                "version": one.version,
                "state": one.state,
                "drift": one.drift,
                "command": command_against(one.key, one.version, one.state, one.drift),
            }
            for one in report.drifted
        ],
        "reconciled": list(report.reconciled),
        "skipped": [{"label": one.label, "why": one.why} for one in report.skipped],
    }


def _failure_shape(name: str, error: KeytuiError) -> Shape:
    return {"issuer": name, "state": "failed", "error": {"message": error.message, "hint": error.hint}}
