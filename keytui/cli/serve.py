"""`keytui serve`: a team's server over the profile's vault."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.output import remark
from keytui.cli.session import Globals
from keytui.cli.signals import leave_alone
from keytui.domain.errors import Invalid
from keytui.open import open_local_vault
from keytui.vault.profile import Profile, configuration_path, load_profile

if TYPE_CHECKING:
    from keytui.server.settings import ServerSettings


def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where to listen; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="8470 by default.")] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="The certificate with its chain, PEM.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key, PEM.")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes; 1 by default.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="The configuration, instead of config.toml.")
    ] = None,
) -> None:
    """Serve the profile's vault to a team: the management API, and /v1/verify for services.

    What the options leave out is in the configuration under [server]. SIGTERM and ctrl+c stop it in order.
    """
    try:
        from keytui.server.jobs import JobSettings
        from keytui.server.running import bind, check_certificate, run
        from keytui.server.settings import load_server_settings
    except ModuleNotFoundError as error:
        raise Invalid(f"serving needs {error.name}, which is not installed", "pip install 'keytui[server]'") from None
    if config is not None:
        if not config.is_file():
            raise Invalid(f"there is no file {config}", "name a configuration, or leave --config away")
        os.environ["KEYTUI_CONFIG"] = str(config.absolute())
    options = {"host": host, "port": port, "tls_cert": tls_cert, "tls_key": tls_key, "workers": workers}
    given = {name: value for name, value in options.items() if value is not None}
    settings = load_server_settings(configuration_path(), given)
    profile = _served(context.find_object(Globals) or Globals())
    check_certificate(settings)
    JobSettings.load(configuration_path())  # said here, and not by each worker
    _look_at(profile)
    with bind(settings) as listening:
        _announce(settings, listening.getsockname()[1], profile)
        leave_alone()  # the server, and each of its workers, hears signals in its own way
        raise typer.Exit(run(settings, profile, listening))


def _served(given: Globals) -> Profile:
    """That a production profile opens read-only is for consoles: on a server, roles say who may change what."""
    return replace(load_profile(given.profile), read_only=given.read_only)


def _look_at(profile: Profile) -> None:
    """Open the vault once: what is wrong with it is said here, and its schema is raised by one process alone."""
    vault = open_local_vault(profile)
    try:
        vault.require_reconciled()
        if not any(operator.revoked_at is None for operator in vault.operators()):
            name = "" if profile.name == "default" else f"--profile {profile.name} "
            remark(f"nobody has a token yet: `keytui {name}operators add NAME --role super_admin` makes the first")
    finally:
        vault.close()


def _announce(settings: ServerSettings, port: int, profile: Profile) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    workers = f", {settings.workers} workers" if settings.workers > 1 else ""
    remark(f"keytui serves {profile.name} on {settings.scheme}://{host}:{port}{workers}; ctrl+c stops it")
