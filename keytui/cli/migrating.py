"""Raising a vault's schema by hand: what PostgreSQL waits for, and SQLite has done by the time it is open."""

from __future__ import annotations

import typer

from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say, say_json
from keytui.cli.session import Globals
from keytui.domain.errors import Invalid
from keytui.vault.profile import load_profile


def migrate(context: typer.Context, json: JsonOption = False) -> None:
    """Make the vault's tables, or raise them to this keytui's schema. Back PostgreSQL up before."""
    from keytui.vault.local.database.opening import migrate as raise_schema

    profile = load_profile((context.find_object(Globals) or Globals()).profile)
    if profile.server is not None:
        raise Invalid(f"the vault of profile {profile.name} is a server's", "migrate it there, where its database is")
    raised = raise_schema(profile)
    if json:
        say_json({"where": raised.where, "before": raised.before, "now": raised.now, "remark": raised.remark})
        return
    if raised.before is None:
        say(f"{raised.where}: made, with schema {raised.now}")
    elif raised.before == raised.now:
        say(f"{raised.where}: has schema {raised.now} already")
    else:
        say(f"{raised.where}: raised from schema {raised.before} to {raised.now}")
    if raised.remark:
        remark(raised.remark)
