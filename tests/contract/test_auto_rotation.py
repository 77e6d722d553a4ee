"""Which keys rotate by themselves: switched on, told, switched off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.automation import Selection
from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.domain.keys import KeyEdit
from keytui.domain.rotation import Reason
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, created
from tests.world import StoppedClock

QUARTER = timedelta(days=90)


def test_a_key_with_a_target_can_be_switched_on_and_off(vault: Vault, clock: StoppedClock) -> None:
    key = created(vault, targets=("env", "ci")).key
    assert vault.find(key.id).targets == ("env", "ci")
    assert vault.auto_rotations() == ()

    report = vault.enable_auto_rotation(Selection(key.id), QUARTER, keep_previous=False)

    assert vault.auto_rotations() == report.keys
    due = [(one.at, one.what, one.key.id) for one in vault.schedule(clock() + QUARTER)]
    assert (clock() + QUARTER, "auto-rotation", key.id) in due
    (on,) = report.keys
    assert (on.key, on.interval, on.keep_previous, on.next_at) == (key, QUARTER, False, clock() + QUARTER)
    assert (on.rotation_id, on.note, report.refused) == (None, "", ())
    off = vault.disable_auto_rotation(Selection(key.id))
    assert off.keys == report.keys
    assert vault.auto_rotations() == ()
    assert vault.disable_auto_rotation(Selection(key.id)).keys == ()
    types = [entry.event.type for entry in vault.audit(AuditFilter(type="auto-rotation"), 0, 9).entries]
    assert types == ["auto-rotation.disabled", "auto-rotation.enabled"]


def test_an_interval_counts_from_the_version_that_is_there(vault: Vault, clock: StoppedClock) -> None:
    key = created(vault, targets=("env",)).key
    clock.advance(30 * DAY)
    assert vault.enable_auto_rotation(Selection(key.id), QUARTER).keys[0].next_at == clock() + 60 * DAY
    assert vault.enable_auto_rotation(Selection(key.id), 10 * DAY).keys[0].next_at == clock()
    assert len(vault.auto_rotations()) == 1


def test_a_key_without_a_target_is_refused_with_the_reason(vault: Vault) -> None:
    key = created(vault).key
    with pytest.raises(Refused, match="checkout-api cannot rotate by itself: it has no target") as refused:
        vault.enable_auto_rotation(Selection(key.id), QUARTER)
    assert "nobody would receive" in refused.value.message
    assert vault.auto_rotations() == ()


def test_of_an_environment_those_that_can_are_switched_on(vault: Vault) -> None:
    fit = created(vault, "fit", "staging", targets=("env",)).key
    created(vault, "bare", "staging")
    guarded = created(vault, "guarded", "staging", targets=("env",)).key
    vault.edit(guarded.id, KeyEdit(sensitive=True))
    gone = created(vault, "gone", "staging", targets=("env",)).key
    vault.revoke(gone.id, None, Reason.LEAVER, "")
    elsewhere = created(vault, "elsewhere", "production", targets=("env",)).key

    report = vault.enable_auto_rotation(Selection(environment="staging"), QUARTER)

    assert [one.key.id for one in report.keys] == [fit.id]
    assert {name: why.split(",")[0] for name, why in report.refused} == {
        "bare": "it has no target",
        "guarded": "it is sensitive",
    }
    everything = vault.enable_auto_rotation(Selection(), QUARTER)
    assert {one.key.id for one in everything.keys} == {fit.id, elsewhere.id}
    assert [one.key.name for one in vault.auto_rotations()] == ["elsewhere", "fit"]
    assert [one.key.id for one in vault.disable_auto_rotation(Selection(environment="staging")).keys] == [fit.id]
    with pytest.raises(Refused, match="cannot rotate by itself: it is revoked"):
        vault.enable_auto_rotation(Selection(gone.id), QUARTER)


def test_what_makes_no_sense_is_named(vault: Vault) -> None:
    key = created(vault, targets=("env",)).key
    for interval in (timedelta(hours=1), timedelta(days=40_000)):
        with pytest.raises(Invalid):
            vault.enable_auto_rotation(Selection(key.id), interval)
    with pytest.raises(Invalid):
        vault.enable_auto_rotation(Selection(key.id, "production"), QUARTER)
    with pytest.raises(NotFound):
        vault.enable_auto_rotation(Selection("nobody"), QUARTER)
    with pytest.raises(NotFound):
        vault.disable_auto_rotation(Selection("nobody"))
    with pytest.raises(Refused, match="no key"):
        vault.enable_auto_rotation(Selection(environment="nowhere"), QUARTER)


def test_targets_are_changed_as_a_whole_and_stay_in_order(vault: Vault) -> None:
    key = created(vault, targets=("b", "a")).key
    assert vault.edit(key.id, KeyEdit(targets=("c", "b"))).targets == ("c", "b")
    assert vault.edit(key.id, KeyEdit(targets=())).targets == ()
    with pytest.raises(Invalid, match="empty target"):
        vault.edit(key.id, KeyEdit(targets=("", "a")))
