"""kill -9 at every write of `keytui rotate --due`: the consumer's file always holds a secret that works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from keytui.clock import utc_now
from keytui.domain.audit import Actor
from keytui.domain.automation import Selection, What
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import RotationState
from keytui.targets.file import FileTarget
from keytui.vault.auto_rotation import run_due
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.end_to_end.home import Home
from tests.end_to_end.test_kill_commands import accepted, die, undelivered

WRITES = 11
"""The turn, the turn, plan, what was planned, issue, the turn, a delivery begins, hand over, what was done, the end of
the turn, and the log's head signed as the vault closes."""
HANDED_OVER = 8


def opened(home: Home, clock: Callable[[], datetime]) -> LocalVault:
    """The vault as it is at another time."""
    return LocalVault.open(Profile("default", home.vault_home / "default", Actor("test", "here")), clock)


@pytest.fixture
def consumer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the key's consumer reads, on the other side of everything that keytui keeps."""
    return tmp_path_factory.mktemp("consumer") / "key"


def furnish(home: Home, file: Path) -> None:
    """A key that is due for its first run, and its first secret with its consumer."""
    vault = opened(home, lambda: utc_now() - timedelta(days=100))
    issued = vault.create(KeyDraft("bookings", "production", targets=("env",)), "create")
    vault.enable_auto_rotation(Selection(issued.key.id), timedelta(days=90))
    vault.close()
    file.touch(0o600)
    file.write_text(home.know(issued.secret.reveal()))
    configuration = home.vault_home / "config.toml"
    configuration.write_text(f'[targets.env]\nkind = "file"\npath = "{file}"\n')
    configuration.chmod(0o600)


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_run_that_is_killed_is_carried_on_by_the_next(home: Home, consumer: Path, write: int) -> None:
    furnish(home, consumer)

    printed = die(home, "after", write, "rotate", "--due")

    assert printed == ""
    assert accepted(home, consumer.read_text())
    assert len(undelivered(home, "bookings")) <= 1
    an_hour_later = opened(home, lambda: utc_now() + timedelta(hours=1))
    report = run_due(an_hour_later, {"env": FileTarget("env", str(consumer))}, lambda: utc_now() + timedelta(hours=1))
    an_hour_later.close()
    assert [one.what for one in report.outcomes] == ([] if write >= HANDED_OVER else [What.ROTATED])
    newest = home.know(consumer.read_text())
    assert home.check(newest).version == max(one.number for one in home.detail("bookings").versions)
    assert undelivered(home, "bookings") == []
    assert home.rotation("bookings").state is RotationState.OVERLAPPING
    assert len(home.detail("bookings").rotations) == 1


def test_what_was_not_killed_needs_as_many_writes_as_are_tried(home: Home, consumer: Path) -> None:
    furnish(home, consumer)
    with pytest.raises(AssertionError, match="it did not die: 0"):
        die(home, "after", WRITES + 1, "rotate", "--due")
    home.know(consumer.read_text())
