"""A vault that was backed up, went on, and was lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.access import Role
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.domain.rotation import Reason
from keytui.domain.secrets import Secret
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Checkpoint
from keytui.vault.profile import Profile
from tests.world import StoppedClock, repeatable_randomness


def silent(_done: int, _of: int) -> None:
    """Nobody wants to know."""


def in_a_child(work: Callable[[], object]) -> int:
    """How a process ended that did this: 0, 1 after an error of ours, or below 0 by a signal. No vault may be open."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except KeytuiError:
            os._exit(1)
        except BaseException:  # the child of a fork runs nothing of pytest's
            os._exit(70)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@dataclass(frozen=True)
class Lost:
    """A vault with the keys `kept`, `leaked` and `over`, and the tokens of ada and eve; `over` was revoked before the
    backup, `leaked` and eve's token after it.
    """

    profile: Profile
    backup: Path
    secrets: dict[str, Secret]
    checkpoint: Checkpoint
    """From after the backup."""
    entries: int
    """Of the log, before it was lost."""

    @property
    def database(self) -> Path:
        return self.profile.directory / "vault.db"


@pytest.fixture
def lost(profile: Profile, clock: StoppedClock, tmp_path: Path) -> Lost:
    vault = LocalVault.open(profile, clock, repeatable_randomness())
    secrets = {name: vault.create(KeyDraft(name, "production"), name).secret for name in ("kept", "leaked", "over")}
    for name in ("ada", "eve"):
        vault.add_operator(OperatorDraft(name, Role.SUPER_ADMIN))
    vault.revoke(vault.find("over").id, None, Reason.COMPROMISE, "")
    backup = tmp_path / "backup"
    vault.back_up(backup, silent)
    clock.advance(timedelta(hours=1))
    vault.revoke(vault.find("leaked").id, None, Reason.COMPROMISE, "")
    vault.revoke_operator("eve", "she left")
    checkpoint = vault.checkpoint()
    vault.close()
    for path in profile.directory.glob("vault.db*"):
        path.unlink()
    return Lost(profile, backup, secrets, checkpoint, checkpoint.sequence)
