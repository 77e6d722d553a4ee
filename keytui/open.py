"""The composition root: the one place that knows which vault stands behind a profile."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from keytui.vault.profile import Profile, configuration_path, load_profile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from keytui.domain.references import Reference
    from keytui.domain.secrets import Secret
    from keytui.vault.local.feed import LocalFeed
    from keytui.vault.local.vault import LocalVault
    from keytui.vault.model import Page
    from keytui.vault.protocol import Vault
    from keytui.vault.remote.feed import RemoteFeed
    from keytui.vault.team_server import TeamServer
    from keytui.verify.verifier import Verifier


def open_vault(profile: Profile) -> Vault:
    """The profile's vault, made on first use. Unreachable when it cannot be read."""
    if profile.server is None:
        return open_local_vault(profile)
    from keytui.vault.remote.vault import RemoteVault

    return RemoteVault.open(profile, profile.server)


def glimpse(profile: Profile, now: datetime) -> Page | None:
    """The first keys of the profile's vault, before it is opened; None where they cannot be had so."""
    from keytui.vault.local.keys.glimpse import glimpse as look

    return look(profile, now)


def offered(profile: Profile, column: str, beginning: str) -> Iterable[str]:
    """What a column of the profile's keys holds that begins so, for a shell that completes words.

    Nothing is asked of anybody. Of a vault elsewhere it may take long, and raise anything.
    """
    if profile.server is not None:
        from keytui.vault.remote.offered import words_of as at_its_server

        return at_its_server(profile, profile.server, column, beginning)
    if profile.database:
        from keytui.vault.local.keys.offered_by_postgresql import words_of as in_postgresql

        return in_postgresql(profile, column, beginning)
    from keytui.vault.local.keys.offered import words_of

    return words_of(profile, column, beginning)


def open_local_vault(profile: Profile) -> LocalVault:
    """A local profile's vault, as a server holds it for others. Invalid for one that a server has."""
    from keytui.domain.errors import Invalid
    from keytui.probes.configuration import read_settings
    from keytui.vault.configuration import table
    from keytui.vault.configuration_lines import naming_lines
    from keytui.vault.key_issuers import load_issuers
    from keytui.vault.local.vault import LocalVault
    from keytui.vault.local.webhooks.outbox import Outbox
    from keytui.vault.policies import load_policies
    from keytui.vault.retention import load_retention
    from keytui.vault.sealed_references import with_sealed
    from keytui.vault.webhook_settings import load_webhooks

    if profile.server is not None:
        raise Invalid(
            f"the vault of profile {profile.name} is at {profile.server.host}", "name a profile with a vault of its own"
        )
    path = configuration_path()
    with naming_lines(path):
        probes = read_settings(str(path), table(path, "probes"))

    def resolve(reference: Reference) -> Secret:
        return with_sealed(vault)(reference)

    vault = LocalVault.open(
        profile,
        policies=load_policies(path),
        retention=load_retention(path),
        expected={probe.source: probe.keys for probe in probes},
        targets=tuple(table(path, "targets")),
        issuers=cache(partial(load_issuers, path, resolve)),
        outbox=Outbox(load_webhooks(path)),
    )
    return vault


def open_feed(profile: Profile) -> LocalFeed:
    """Where a local profile's verifiers ask, and where their usage goes."""
    from keytui.vault.local.feed import LocalFeed
    from keytui.vault.retention import load_retention

    return LocalFeed.open(profile, retention=load_retention(configuration_path()))


def open_verifier(name: str, profile: str = "default") -> Verifier:
    """A verifier for a service called `name`, over a profile's keys; close it when the service stops.

    A team's server has to know the token of a remote profile as a service's, with the scopes `verify` and
    `usage:write`; it calls the service by that token's name.
    """
    from keytui.verify.verifier import Verifier

    chosen = load_profile(profile)
    feed = open_feed(chosen) if chosen.server is None else _open_remote_feed(chosen.server)
    return Verifier(feed, feed, name=name)


def _open_remote_feed(server: TeamServer) -> RemoteFeed:
    from secrets import token_bytes

    from keytui.vault.remote.exchange import Patience
    from keytui.vault.remote.feed import RemoteFeed
    from keytui.vault.remote.line import Line

    return RemoteFeed(Line(server, token_bytes, Patience()))
