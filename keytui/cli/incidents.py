"""`keytui incident`: the emergency of one key (beside, in `emergency`), and what becomes of incidents afterwards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from keytui.cli.counting import counted
from keytui.cli.emergency import begin
from keytui.cli.incident_shapes import incident_detail_shape, incident_shape
from keytui.cli.options import MOST_ROWS, JsonOption
from keytui.cli.output import remark, say, say_fields, say_json, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.times import minute
from keytui.domain.incident_report import as_markdown
from keytui.domain.incidents import Closing, Happening, Incident, IncidentDetail

if TYPE_CHECKING:
    from typer._click.core import Context  # typer has its own click, and gives groups no other name for it
    from typer._click.shell_completion import CompletionItem

NumberArgument = Annotated[int, typer.Argument(metavar="ID", min=1, help="The incident's number.")]


class KeyOrVerb(TyperGroup):
    """What is no verb is a KEY: in an emergency nobody looks for one. `begin KEY` takes a key called like a verb.

    Where there is neither, but options of `list` alone, they are its own.
    """

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        completing = ctx.resilient_parsing and not args
        if completing or (args and (args[0] in self.commands or args[0] in ctx.help_option_names)):
            return super().parse_args(ctx, args)
        lists = not args or args[0] in {"--all", "--limit"} or args == ["--json"]
        return super().parse_args(ctx, ["list" if lists else "begin", *args])

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Verbs and keys that begin so."""
        (key,) = (one for one in self.commands["begin"].params if one.param_type_name == "argument")
        return [*super().shell_complete(ctx, incomplete), *key.shell_complete(ctx, incomplete)]


incidents = typer.Typer(
    cls=KeyOrVerb,
    rich_markup_mode=None,
    help="Begin with `keytui incident KEY`: revoke or replace a compromised key at once, deliver, prove, and open an "
    "incident. The verbs below are for what comes after it.",
)
incidents.command()(begin)


@incidents.command("list")
def list_incidents(
    context: typer.Context,
    search: Annotated[str, typer.Argument(metavar="TEXT", help="In a key's name, a title, a note, or a lesson.")] = "",
    *,
    all_: Annotated[bool, typer.Option("--all", help="The closed ones too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List the open incidents, newest first; with a text or --all the closed ones too."""
    with opened(context) as vault:
        found = vault.incidents(open_only=not (all_ or search), search=search, limit=limit)
    if json:
        say_json_array(map(incident_shape, found))
        return
    rows = [(f"#{one.id}", _keys(one), minute(one.opened_at), one.opened_by, _state(one), one.title) for one in found]
    say_table(("ID", "KEYS", "OPENED", "BY", "STATE", "TITLE"), rows, "TITLE", ("BY", "OPENED"))
    if not found:
        remark("no incident has that" if search else "there was none" if all_ else "no incident is open")


@incidents.command()
def show(context: typer.Context, number: NumberArgument, *, json: JsonOption = False) -> None:
    """Tell one incident: its timeline, who was cut off, and how the load of its keys stands."""
    with opened(context) as vault:
        detail = vault.incident(number)
    if json:
        say_json(incident_detail_shape(detail))
    else:
        _say(detail)


@incidents.command()
def note(
    context: typer.Context,
    number: NumberArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was found or done.")],
    *,
    json: JsonOption = False,
) -> None:
    """Add to the timeline of an incident."""
    with opened(context) as vault:
        incident = vault.note_incident(number, text)
    if json:
        say_json(incident_shape(incident))
    else:
        say(f"noted in incident #{incident.id}: {incident.title}")


@incidents.command()
def close(
    context: typer.Context,
    number: NumberArgument,
    *,
    cause: Annotated[str, typer.Option(metavar="TEXT", help="How it came about.")],
    remediation: Annotated[str, typer.Option(metavar="TEXT", help="What was done about it.")],
    lessons: Annotated[str, typer.Option(metavar="TEXT", help="What is done otherwise from now on.")],
    override: Annotated[
        str, typer.Option(metavar="WHY", help="Close it although the load is not back, and say why.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """End an incident, once the load of its keys is back where it was."""
    with opened(context) as vault:
        incident = vault.close_incident(number, Closing(cause, remediation, lessons, override))
    if json:
        say_json(incident_shape(incident))
    else:
        say(f"incident #{incident.id} is closed; {incident.load}")


@incidents.command()
def export(
    context: typer.Context,
    number: NumberArgument,
    *,
    with_addresses: Annotated[
        bool, typer.Option("--with-addresses", help="Name callers that gave no name, which may be people's addresses.")
    ] = False,
) -> None:
    """Write an incident as Markdown to standard output."""
    with opened(context) as vault:
        detail = vault.incident(number)
    sys.stdout.write(as_markdown(detail, with_addresses=with_addresses))


def _say(detail: IncidentDetail) -> None:
    incident = detail.incident
    say_fields(
        (
            ("incident", f"#{incident.id} {incident.title}"),
            ("state", _state(incident)),
            ("keys", _keys(incident)),
            ("opened", f"{minute(incident.opened_at)} by {incident.opened_by}"),
            ("cause", incident.cause),
            ("remediation", incident.remediation),
            ("lessons", incident.lessons),
            ("override", incident.override),
            ("load", incident.load or "; ".join(one.in_words() for one in detail.load)),
        )
    )
    for former in detail.let_in:
        say(f"✗ v{former.version} of {former.key_name} is still accepted, for whoever stole it too")
    out = [one.caller for one in detail.cut_off if one.back_at is None]
    callers = f"{counted(len(detail.cut_off), 'caller')}; not back: {', '.join(out) or 'none'}"
    say(f"cut off: {callers if detail.cut_off else 'nobody that is known of'}")
    say()
    for moment in detail.timeline:
        kind = "" if moment.what is Happening.DONE else f"{moment.what}: "
        say(f"{moment.at:%Y-%m-%d %H:%M:%SZ}  {moment.who}  {kind}{moment.text}")
    if detail.left_out:
        remark(f"{detail.left_out:,} more entries are in the audit log")


def _keys(incident: Incident) -> str:
    return ", ".join(f"{key.name} ({key.environment})" for key in incident.keys)


def _state(incident: Incident) -> str:
    return "open" if incident.open else f"closed {minute(incident.closed_at)}"
