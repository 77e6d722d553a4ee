"""A throwaway vault with a fleet worth looking at, and live traffic through the real verifier."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from keytui.vault.profile import Profile, local_actor

if TYPE_CHECKING:
    from keytui.vault.protocol import Vault


def run(keys: int, seed: int) -> int:
    """The console on the demo; its exit code. The vault is gone afterwards."""
    from keytui.tui.app import Console

    def open_vault(profile: Profile) -> Vault:
        from keytui.demo.stage import raise_curtain

        return raise_curtain(profile, keys, seed)

    with TemporaryDirectory(prefix="keytui-demo-", ignore_cleanup_errors=True) as directory:
        profile = Profile("demo", Path(directory), local_actor())
        return Console(open_vault, profile).run_until_left()
