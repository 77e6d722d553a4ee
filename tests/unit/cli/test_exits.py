"""How a command line ends when it ends badly."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from keytui.cli.exits import code_of
from keytui.cli.times import after, before
from keytui.domain.errors import (
    Ambiguous,
    ApprovalNeeded,
    Forbidden,
    Invalid,
    KeytuiError,
    Locked,
    NotFound,
    ReadOnly,
    Refused,
    RotationOpen,
    Unreachable,
)
from keytui.vault.profile import Profile
from tests.unit.cli.conftest import Commands

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("no"), 1),
        (NotFound("no"), 1),
        (Ambiguous("two", ("a", "b")), 1),
        (RotationOpen("open", "", 1), 1),
        (Invalid("what"), 2),
        (Unreachable("gone"), 5),
        (Locked("locked"), 5),
        (Forbidden("no"), 6),
        (ReadOnly("no"), 6),
        (ApprovalNeeded("wait", "", 1), 6),
    ],
)
def test_every_error_has_its_code(error: KeytuiError, code: int) -> None:
    assert code_of(error) == code


def test_a_fault_of_ours_is_one_line_without_what_was_handled(
    keytui: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "tk_" + "a1" * 16

    def fail(profile: Profile) -> None:
        raise ValueError(f"{profile.name} met {secret}")

    monkeypatch.setattr("keytui.cli.session.open_vault", fail)
    failed = keytui("list", code=70)
    assert failed.out == ""
    assert len(failed.err.splitlines()) == 1
    assert "ValueError" in failed.err
    assert secret not in failed.err


def test_what_was_wrong_and_the_way_out_stand_on_standard_error(keytui: Commands) -> None:
    refused = keytui("show", "no\x1b[2Jbody", code=1)
    message, hint = refused.err.splitlines()
    assert message.startswith("keytui: ")
    assert "keytui list" in hint
    assert "\x1b" not in refused.err


def test_a_profile_that_is_not_there(keytui: Commands) -> None:
    assert "config.toml" in keytui("--profile", "nowhere", "list", code=1).err
    (keytui.home / "config.toml").parent.mkdir(exist_ok=True)
    (keytui.home / "config.toml").write_text("profiles = 3")
    assert "config.toml" in keytui("list", code=2).err


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("rotate", "--help"), ("audit", "verify", "--help")])
def test_help_is_there_and_opens_nothing(keytui: Commands, words: tuple[str, ...]) -> None:
    assert keytui(*words).out.startswith("Usage: keytui")
    assert not keytui.home.exists()


def test_the_demo_has_its_own_help(keytui: Commands) -> None:
    assert "--seed" in keytui("demo", "--help").out
    keytui("demo", "--keys", "many", code=2)
    keytui("demo", "--keys", "0", code=2)


def test_times_are_durations_or_dates_in_utc() -> None:
    assert before("24h", NOW) == datetime(2026, 11, 19, 12, tzinfo=UTC)
    assert before("2026-11-01", NOW) == datetime(2026, 11, 1, tzinfo=UTC)
    assert before("2026-11-01T10:00+02:00", NOW) == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert after("90d", NOW) == datetime(2027, 2, 18, 12, tzinfo=UTC)
    with pytest.raises(Invalid, match="past"):
        after("2026-11-20T11:59Z", NOW)
    with pytest.raises(Invalid, match="neither"):
        before("99999999999w", NOW)
