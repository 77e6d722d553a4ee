"""`keytui doctor`: what is wrong around the vault, and what to do about it. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption
from keytui.cli.output import say, say_json_array
from keytui.cli.session import Globals
from keytui.clock import utc_now
from keytui.domain.errors import KeytuiError
from keytui.vault.profile import configuration_path, home, load_profile

if TYPE_CHECKING:
    from keytui.vault.doctor.finding import Finding


def doctor(context: typer.Context, json: JsonOption = False) -> None:
    """Look at terminal, clipboard, vault, files, clock and configuration, and say what to do. Nothing is changed.

    Exit code 1 when there is a problem. What the configuration names is asked by `keytui systems check`.
    """
    from keytui.vault.doctor.finding import State

    found = list(_findings((context.find_object(Globals) or Globals()).profile))
    if json:
        say_json_array(
            {"subject": one.subject, "state": one.state, "found": one.found, "todo": one.todo} for one in found
        )
    else:
        for one in found:
            say(f"{one.state:<8} {one.subject}: {one.found}")
            if one.todo:
                say(f"{'':<8}   {one.todo}")
    raise typer.Exit(Exit.REFUSED if any(one.state is State.PROBLEM for one in found) else Exit.DONE)


def _findings(name: str) -> Iterator[Finding]:
    from keytui.cli.terminal_findings import look_at_terminal
    from keytui.vault.doctor.clock import look_at_clock
    from keytui.vault.doctor.configured import look_at_configuration, secret_files
    from keytui.vault.doctor.finding import of_error
    from keytui.vault.doctor.permissions import look_at_permissions
    from keytui.vault.doctor.storage import look_at_storage
    from keytui.vault.doctor.store import look_at_vault, newest_entry
    from keytui.vault.doctor.tracked import look_at_git
    from keytui.vault.doctor.writing import look_at_writers
    from keytui.vault.local.files import DATABASE

    path = configuration_path()
    yield from look_at_terminal(os.environ)
    try:
        profile = load_profile(name)
    except KeytuiError as error:
        yield of_error("profile", error)
        directories = [home()]
    else:
        yield from look_at_vault(profile)
        if profile.server is None and not profile.database:
            yield from look_at_writers(profile.directory / DATABASE)
            yield from look_at_storage(profile.directory)
        yield from look_at_clock(utc_now(), newest_entry(profile), profile.directory)
        directories = [home(), *([] if profile.server is not None else [profile.directory])]
    secret = secret_files(path)
    yield from look_at_permissions(directories, path, secret)
    yield from look_at_git(directories, [file.path for file in secret])
    yield from look_at_configuration(path, _server_settings, _keymap)


def _server_settings(path: Path) -> object:
    from keytui.server.settings import load_server_settings

    return load_server_settings(path, {})


def _keymap(path: Path) -> object:
    from keytui.tui.screens.catalogue import keymap

    return keymap(path)
