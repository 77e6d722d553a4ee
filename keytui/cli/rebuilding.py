"""`keytui rebuild`: a vault whose indexes are damaged, made anew from its tables."""

from __future__ import annotations

import typer

from keytui.cli.backup import writable_profile
from keytui.cli.counting import counted
from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say, say_json


def rebuild(context: typer.Context, json: JsonOption = False) -> None:
    """Make the vault's file anew from its tables, where `keytui doctor` says that an index of it is damaged.

    Nobody else may have the vault open. The file of before stays beside the new one.
    """
    from keytui.vault.local.backup.rebuilding import rebuild as rebuild_file

    rebuilt = rebuild_file(writable_profile(context))
    if json:
        say_json({"file": str(rebuilt.path), "kept": str(rebuilt.kept), "rows": rebuilt.rows})
        return
    say(f"rebuilt {rebuilt.path}: {counted(rebuilt.rows, 'row')}, and its log holds to its end")
    remark(f"the file of before is {rebuilt.kept}: remove it once the new one has proven itself")
