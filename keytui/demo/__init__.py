"""A throwaway vault with a fleet worth looking at, and live traffic through the real verifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from keytui.private_file import passing_directory
from keytui.vault.profile import Profile, configuration_path, local_actor
from keytui.vault.wanted import Unwanted

if TYPE_CHECKING:
    from keytui.vault.appearance import ThemeName
    from keytui.vault.protocol import Vault

MOST_WITH_A_STORY: Final = 1_000
"""Keys that are given a past and traffic, one by one; beyond these the others are a crowd."""
_WITH_A_STORY_IN_A_CROWD: Final = 100


def run(keys: int, seed: int, theme: ThemeName | None = None) -> int:
    """The console on the demo; its exit code. The vault is gone afterwards."""
    told = keys if keys <= MOST_WITH_A_STORY else _WITH_A_STORY_IN_A_CROWD

    def open_vault(profile: Profile) -> Vault:
        from keytui.demo.stage import raise_curtain

        return raise_curtain(profile, told, seed, crowd=keys - told, go_on=go_on)

    def go_on() -> None:
        """Who leaves while the vault is made does not wait until it is whole, only to see it go."""
        if console.ending:
            raise Unwanted("the demo was left while it was made", "start it again: keytui demo")

    with passing_directory("keytui-demo-") as directory:
        profile = Profile("demo", Path(directory), local_actor())
        if keys > told:
            from keytui.demo.crowd import gather_crowd

            gather_crowd(profile, keys - told, seed)
        from keytui.tui.app import Console

        console = Console(open_vault, profile, configuration=configuration_path(), theme=theme)
        return console.run_until_left()
