"""The two keys outside the database: the pepper of weak values, and the one that signs the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keytui.domain.errors import Unreachable
from keytui.domain.keys import KeyDraft
from keytui.domain.secrets import Secret
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Found
from keytui.vault.profile import Profile

WEAK = Secret("hunter2-hunter2")


@pytest.mark.parametrize("name", ["pepper", "signing.key"])
@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_file_is_named_and_never_used(profile: Profile, name: str, content: bytes) -> None:
    LocalVault.open(profile).close()
    (profile.directory / name).write_bytes(content)

    with pytest.raises(Unreachable, match=name) as refused:
        LocalVault.open(profile)

    assert "backup" in refused.value.hint


def test_a_key_file_that_others_may_read_is_closed_to_them(profile: Profile) -> None:
    LocalVault.open(profile).close()
    (profile.directory / "pepper").chmod(0o644)

    LocalVault.open(profile).close()

    assert (profile.directory / "pepper").stat().st_mode & 0o777 == 0o600


def test_a_copy_of_the_database_alone_neither_opens_nor_holds_a_weak_value(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    vault.adopt([Found("ADMIN", "ADMIN", WEAK)], KeyDraft("", "production"))
    vault.close()
    (profile.directory / "pepper").unlink()

    with pytest.raises(Unreachable, match="has no pepper"):
        LocalVault.open(profile)
    assert WEAK.digest().encode() not in (profile.directory / "vault.db").read_bytes()


@pytest.mark.parametrize(
    ("opens", "lost"),
    [
        (LocalVault.open, ["pepper"]),
        (LocalVault.open, ["signing.key"]),
        (LocalVault.open, ["pepper", "signing.key"]),
        (LocalFeed.open, ["pepper"]),
    ],
)
def test_no_new_key_is_drawn_beside_a_vault_whose_own_is_gone(
    on_either: Profile, opens: Callable[[Profile], LocalVault | LocalFeed], lost: list[str]
) -> None:
    LocalVault.open(on_either).close()
    kept = {name: (on_either.directory / name).read_bytes() for name in lost}
    for name in lost:
        (on_either.directory / name).unlink()

    with pytest.raises(Unreachable, match=f"{on_either.directory} has no {' and no '.join(lost)}") as refused:
        opens(on_either)

    assert "docs/guide/recovery.md" in refused.value.hint
    assert not [name for name in lost if (on_either.directory / name).exists()]
    for name, content in kept.items():
        (on_either.directory / name).write_bytes(content)
    LocalVault.open(on_either).close()


def test_another_key_in_its_place_is_not_taken_for_it(profile: Profile) -> None:
    LocalVault.open(profile).close()
    (profile.directory / "pepper").write_bytes(b"x" * 32)

    with pytest.raises(Unreachable, match="is not the one that the vault"):
        LocalVault.open(profile)
