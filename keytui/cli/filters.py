"""`keytui filters`: filters by name, for `keytui list @NAME` and the console's filter line."""

from __future__ import annotations

from typing import Annotated

import typer

from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say_json_array, say_table
from keytui.cli.session import Globals
from keytui.vault.profile import Profile, load_profile
from keytui.vault.saved_filters import Of, load_filters, remove_filter, save_filter

NameArgument = Annotated[str, typer.Argument(metavar="FILTER", help="What the filter is called.")]
AuditOption = Annotated[bool, typer.Option("--audit", help="A filter of the console's audit log.")]

filters = typer.Typer(rich_markup_mode=None, invoke_without_command=True, help="Filters by name.")


def _profile(context: typer.Context) -> Profile:
    given = context.find_object(Globals) or Globals()
    return load_profile(given.profile, given.read_only)


def list_filters(context: typer.Context, *, json: JsonOption = False) -> None:
    """List the saved filters of this profile."""
    if context.invoked_subcommand is not None:
        return
    saved = load_filters(_profile(context))
    found = [(kind, name, text) for kind in Of for name, text in sorted(saved.of(kind).items())]
    if json:
        say_json_array({"of": str(kind), "name": name, "filter": text} for kind, name, text in found)
        return
    say_table(("NAME", "OF", "FILTER"), [(f"@{name}", str(kind), text) for kind, name, text in found], "FILTER")
    if not found:
        remark("none is saved: `keytui filters save NAME QUERY` saves one")


filters.callback()(list_filters)
filters.command("list")(list_filters)


@filters.command(context_settings={"ignore_unknown_options": True})
def save(
    context: typer.Context,
    name: NameArgument,
    words: Annotated[list[str], typer.Argument(metavar="QUERY", help="As for `keytui list`.")],
    *,
    audit: AuditOption = False,
) -> None:
    """Keep a filter by a name; one of that name is replaced."""
    save_filter(_profile(context), name, " ".join(words), Of.AUDIT if audit else Of.KEYS)
    remark(f"saved: `keytui list @{name}`" if not audit else f"saved: @{name} in the console's audit log")


@filters.command()
def remove(context: typer.Context, name: NameArgument, *, audit: AuditOption = False) -> None:
    """Forget a saved filter."""
    remove_filter(_profile(context), name.removeprefix("@"), Of.AUDIT if audit else Of.KEYS)
    remark(f"forgotten: {name}")
