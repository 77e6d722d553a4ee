"""The commands by name: which function answers to which word. What each does is in the modules beside this one."""

from __future__ import annotations

from typing import Annotated

import typer

from keytui import __version__
from keytui.cli import (
    checking,
    creating_many,
    ending,
    erasing,
    importing,
    ingesting,
    keys,
    looking,
    probing,
    proving,
    retiring,
    reviewing,
    rotating,
    rotations,
    scanning,
    sealing,
    traffic,
    watching,
)
from keytui.cli.alerting import alerts
from keytui.cli.approvals import approvals
from keytui.cli.audit import audit
from keytui.cli.auto_rotation import auto_rotation
from keytui.cli.backup import backup
from keytui.cli.console import run_demo, run_top
from keytui.cli.doctor import doctor
from keytui.cli.drifting import drift
from keytui.cli.evidence import evidence
from keytui.cli.filters import filters
from keytui.cli.incidents import incidents
from keytui.cli.keymap import keymap
from keytui.cli.leaver import leaver
from keytui.cli.migrating import migrate
from keytui.cli.mistakes import Commands
from keytui.cli.operators import disable_user, operators
from keytui.cli.plainly import ask_for_plain
from keytui.cli.profiles import profiles
from keytui.cli.rebuilding import rebuild
from keytui.cli.serve import serve
from keytui.cli.session import Globals
from keytui.cli.sources import sources
from keytui.cli.syncing import sync
from keytui.cli.systems import systems
from keytui.cli.webhooks import webhooks
from keytui.domain.errors import Invalid
from keytui.vault.profile import DEFAULT_PROFILE

_TAKE_EVERYTHING = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
_REFUSE_SECRETS = {"allow_extra_args": True}
"""A secret typed behind these is refused by the command itself, which does not repeat it."""

app = typer.Typer(
    cls=Commands,
    help="Rotate any API key without a failed request, and know with evidence when the old one can go.\n\n"
    "Without a command, the console opens.",
    epilog="Exit codes: 0 done, 1 refused or not valid, 2 usage, 3 NOT_SAFE, 4 UNKNOWN, 5 vault unreachable or locked, "
    "6 forbidden, read-only or waiting for approval, 7 done in part, 70 a fault of ours, "
    "128 and a signal's number where one ended it, 141 where nobody reads the output any more.",
    # No markup, so that nothing from outside is parsed; no pretty tracebacks, whose locals could hold a secret.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"keytui {__version__}")
        raise typer.Exit


@app.callback()
def globals_(
    context: typer.Context,
    profile: Annotated[str, typer.Option(metavar="NAME", help="The profile, from config.toml.")] = DEFAULT_PROFILE,
    *,
    read_only: Annotated[bool, typer.Option("--read-only", help="Change nothing.")] = False,
    write: Annotated[
        str, typer.Option(metavar="NAME", help="Arm a read-only profile for this command, by its name.")
    ] = "",
    plain: Annotated[
        bool, typer.Option("--plain", help="For a screen reader: one fact a line, and words for symbols.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    if read_only and write:
        raise Invalid("--read-only and --write contradict each other", "leave one away")
    if plain:
        ask_for_plain()
    context.obj = Globals(profile, read_only, write)


@app.command(context_settings=_TAKE_EVERYTHING, add_help_option=False)
def demo(context: typer.Context) -> None:
    """Open the console on a throwaway vault with live traffic."""
    raise typer.Exit(run_demo(context.args))


@app.command(context_settings=_TAKE_EVERYTHING, add_help_option=False)
def top(context: typer.Context) -> None:
    """Watch live who uses which key: the console's Usage mode, opened directly."""
    given = context.find_object(Globals) or Globals()
    raise typer.Exit(run_top(context.args, given.profile, given.read_only))


app.command()(keys.create)
app.command("create-many")(creating_many.create_many)
app.command("import")(importing.import_file)
app.command()(ingesting.ingest)
app.command("list", context_settings={"ignore_unknown_options": True})(looking.list_keys)
app.command()(looking.show)
app.command()(keys.edit)
app.command()(traffic.callers)
app.command()(erasing.erase)
app.command()(traffic.usage)
app.command()(probing.probe)
app.command()(proving.prove)
app.command()(sync)
app.command()(drift)
app.command()(sources)
app.command()(rotating.rotate)
app.command()(rotations.rotations)
app.command()(rotations.verdict)
app.command()(retiring.retire)
app.command()(rotations.restore)
app.command()(retiring.complete)
app.command()(rotations.rollback)
app.command()(rotations.abandon)
app.command()(watching.waive)
app.command()(watching.note)
app.command("take-over")(watching.take_over)
app.command(context_settings=_REFUSE_SECRETS)(watching.proof)
app.command()(ending.disable)
app.command()(ending.enable)
app.command()(ending.revoke)
app.command(context_settings=_REFUSE_SECRETS)(checking.verify)
app.command(context_settings=_REFUSE_SECRETS)(checking.diagnose)
app.command()(traffic.schedule)
app.command(context_settings=_REFUSE_SECRETS)(sealing.seal)
app.command()(sealing.reveal)
app.command("passphrase")(sealing.change_passphrase)
app.command()(scanning.scan)
app.command()(reviewing.review)
app.command()(serve)
app.command()(migrate)
app.command()(rebuild)
app.add_typer(backup, name="backup")
app.command()(doctor)
app.command()(keymap)
app.add_typer(operators, name="operators")
app.add_typer(approvals, name="approvals")
app.command("disable-user")(disable_user)
app.command()(leaver)
app.add_typer(incidents, name="incident")
app.add_typer(alerts, name="alerts")
app.add_typer(audit, name="audit")
app.add_typer(auto_rotation, name="auto-rotation")
app.command()(evidence)
app.add_typer(webhooks, name="webhooks")
app.add_typer(filters, name="filters")
app.add_typer(systems, name="systems")
app.add_typer(profiles, name="profiles")
