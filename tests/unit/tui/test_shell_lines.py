"""What a screen and the command log say is pasted into a shell: it must be about this vault, and nothing else."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.tui.shell_lines import for_shell
from keytui.vault.profile import Profile

LINES = "keytui disable one\n# by hand\nkeytui disable two"


@pytest.mark.parametrize("name", ["prod", "my prod", "$(id)", "a'b"])
def test_the_vault_is_named_as_one_word(name: str) -> None:
    profile = Profile(name, Path("/nowhere"), Actor("ada"), read_only=True)
    first, by_hand, second = for_shell(LINES, profile).splitlines()
    assert shlex.split(first) == ["keytui", "--profile", name, "--write", name, "disable", "one"]
    assert shlex.split(second)[-2:] == ["disable", "two"]
    assert by_hand == "# by hand"
    assert shlex.split(for_shell("keytui list", profile, reads=True)) == ["keytui", "--profile", name, "list"]


def test_the_default_vault_is_a_shells_own() -> None:
    assert for_shell(LINES, Profile("default", Path("/nowhere"), Actor("ada"))) == LINES
