"""The composition root: the one place that knows which vault stands behind a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keytui.vault.profile import Profile, configuration_path, load_profile

if TYPE_CHECKING:
    from keytui.vault.local.feed import LocalFeed
    from keytui.vault.local.vault import LocalVault
    from keytui.vault.protocol import Vault
    from keytui.verify.verifier import Verifier


def open_vault(profile: Profile) -> Vault:
    """The profile's vault, made on first use. Unreachable when it cannot be read."""
    return open_local_vault(profile)


def open_local_vault(profile: Profile) -> LocalVault:
    """A local profile's vault, as a server holds it for others."""
    from keytui.probes.configuration import read_settings
    from keytui.vault.configuration import table
    from keytui.vault.local.vault import LocalVault
    from keytui.vault.local.webhooks.outbox import Outbox
    from keytui.vault.policies import load_policies
    from keytui.vault.retention import load_retention
    from keytui.vault.webhook_settings import load_webhooks

    path = configuration_path()
    probes = read_settings(str(path), table(path, "probes"))
    return LocalVault.open(
        profile,
        policies=load_policies(path),
        retention=load_retention(path),
        expected={probe.source: probe.keys for probe in probes},
        outbox=Outbox(load_webhooks(path)),
    )


def open_feed(profile: Profile) -> LocalFeed:
    """Where a local profile's verifiers ask, and where their usage goes."""
    from keytui.vault.local.feed import LocalFeed
    from keytui.vault.retention import load_retention

    return LocalFeed.open(profile, retention=load_retention(configuration_path()))


def open_verifier(name: str, profile: str = "default") -> Verifier:
    """A verifier for a service called `name`, over a local profile's keys; close it when the service stops."""
    from keytui.verify.verifier import Verifier

    feed = open_feed(load_profile(profile))
    return Verifier(feed, feed, name=name)
