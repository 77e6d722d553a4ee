"""What the vault makes of a key that another system accepts: its own verifiers and their recorders have no say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.drift import Drift
from keytui.domain.errors import Invalid, Refused, Unsafe
from keytui.domain.keys import KeyDraft
from keytui.domain.policy import Policies
from keytui.domain.rotation import Plan, Reason, Rotation, RotationState
from keytui.domain.secrets import parse_format
from keytui.domain.usage import Flush
from keytui.domain.verdict import Verdict
from keytui.issuers.envlist import EnvListIssuer
from keytui.issuers.issuer import Listed, Mark
from keytui.vault.key_issuers import load_issuers
from keytui.vault.local import processes
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.issuing.calls import LONGEST_CALL
from keytui.vault.local.tables import VersionRow
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.world import StoppedClock, repeatable_randomness

DAY = timedelta(days=1)


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.touch(0o600)
    path.write_text("API_KEYS=\n")
    return path


@pytest.fixture
def vault(profile: Profile, clock: StoppedClock, env: Path) -> Iterator[LocalVault]:
    issuer = EnvListIssuer("reserve", env, "API_KEYS", parse_format("base64"), ("API_KEY",))
    vault = LocalVault.open(profile, clock, repeatable_randomness(), Policies(), issuers=lambda: {"reserve": issuer})
    yield vault
    vault.close()


@pytest.fixture
def issued(vault: LocalVault) -> Issued:
    return vault.create(KeyDraft("orders", "production", owner="shop", issuer="reserve"), "one")


def handed_over(vault: LocalVault, issued: Issued) -> Rotation:
    rotation = vault.plan(issued.key.id, Plan(), "plan")
    return vault.prove(rotation.id, vault.issue(rotation.id).secret)


def test_no_verifier_of_ours_lets_it_in(
    profile: Profile, clock: StoppedClock, issued: Issued, vault: LocalVault
) -> None:
    ours = vault.create(KeyDraft("ours", "production", owner="shop"), "two")
    feed = LocalFeed.open(profile, clock)
    assert [credential.key.id for credential in feed.credentials().credentials] == [ours.key.id]
    assert {credential.key.id for part in feed.credentials_in_parts(None) for credential in part.credentials} == {
        ours.key.id
    }
    assert [credential.key.id for credential in feed.credential_changes(1, 0).credentials] == [ours.key.id]
    feed.close()


def test_the_silence_of_our_recorders_says_nothing_of_it(
    profile: Profile, clock: StoppedClock, issued: Issued, vault: LocalVault
) -> None:
    feed = LocalFeed.open(profile, clock, silent_for=2 * DAY)
    feed.register("r1", "api-1", "api-host", 1)
    rotation = handed_over(vault, issued)
    for _ in range(9):
        clock.advance(DAY)
        feed.record(Flush("r1", 1, clock.now, ()))
    assessment = vault.verdict(rotation.id)
    assert assessment.verdict is Verdict.UNKNOWN
    assert "nothing records who uses this key" in [reason.detail for reason in assessment.reasons]
    feed.close()


def test_a_fallback_that_holds_the_old_value_stands_in_the_way(env: Path, issued: Issued, vault: LocalVault) -> None:
    rotation = handed_over(vault, issued)
    env.write_text(f"{env.read_text()}API_KEY={issued.secret.reveal()}\n")
    place = f"API_KEY in {env}"
    expected = f"{place} would still accept the old value, whatever becomes of its version here"
    assert expected in [reason.detail for reason in vault.verdict(rotation.id).reasons]
    waived = vault.waive(rotation.id, f"fallback: {place}", "the service is restarted tonight")
    assert [waiver.subject for waiver in waived.waivers] == [f"fallback: {place}"]


def test_who_watches_a_weak_key_does_not_have_its_issuer_walk_past_all_keys_each_second(
    env: Path, vault: LocalVault, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its value is found among those that the issuer tells, and nowhere else. Whoever retires it asks anew."""
    env.write_text("API_KEYS=letmein\n")
    (key,) = vault.sync("reserve").added
    rotation = vault.plan(key.id, Plan(), "plan")
    vault.prove(rotation.id, vault.issue(rotation.id).secret)
    walks = list[datetime]()
    versions = EnvListIssuer.versions

    def counted(issuer: EnvListIssuer) -> Iterator[Listed]:
        walks.append(clock())
        return versions(issuer)

    monkeypatch.setattr(EnvListIssuer, "versions", counted)
    began = clock()
    for _ in range(15):
        vault.verdict(rotation.id)
        vault.rotation(rotation.id)
        clock.advance(timedelta(seconds=1))
    assert walks == [began, began + timedelta(seconds=10)]
    env.write_text(f"{env.read_text()}API_KEY=letmein\n")
    with pytest.raises(Unsafe) as refused:
        vault.retire(rotation.id)
    assert f"API_KEY in {env} would still accept" in str([found.detail for found in refused.value.assessment.reasons])


def test_what_the_vault_says_of_the_old_secret_is_no_proof(issued: Issued, vault: LocalVault) -> None:
    rotation = handed_over(vault, issued)
    vault.retire(rotation.id, "a test")
    with pytest.raises(Refused, match="proves nothing") as refused:
        vault.proof(rotation.id, issued.secret)
    assert "keytui prove" in refused.value.hint
    assert vault.proof(rotation.id).acknowledgements == ()


def test_an_issuer_that_is_not_described_here_is_named_with_those_that_are(vault: LocalVault, issued: Issued) -> None:
    with pytest.raises(Refused, match="no issuer is called 'hypercode' here; there are: reserve") as refused:
        vault.create(KeyDraft("x", "production", issuer="hypercode"), "three")
    assert "[issuers.hypercode]" in refused.value.hint
    assert vault.open_rotation(issued.key.id) is None


def test_our_own_name_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch(0o600)
    path.write_text('[issuers.builtin]\nkind = "envlist"\n')
    with pytest.raises(Invalid, match=r"\[issuers.builtin\] is the name of keytui's own"):
        load_issuers(path)


def test_two_operators_are_not_at_the_issuer_at_once(
    clock: StoppedClock, vault: LocalVault, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is refused while the first may be there, and goes on once that one can only have died."""
    rotation = handed_over(vault, issued)
    with monkeypatch.context() as patched:
        patched.setattr(EnvListIssuer, "suspend", interrupted)
        patched.setattr(processes, "_where", lambda: "bastion-2")
        with pytest.raises(KeyboardInterrupt):
            vault.retire(rotation.id, "a test")
    his = vault.acting_as(Principal(Actor("bob", "bastion-3"), Role.LOCAL))
    with pytest.raises(Refused, match="ada@bastion-2 is at reserve with orders, to suspend v1"):
        his.retire(rotation.id, "a test")
    clock.advance(LONGEST_CALL)
    assert his.retire(rotation.id, "a test").state is RotationState.SUSPENDED


def interrupted(_issuer: EnvListIssuer, _mark: Mark) -> None:
    raise KeyboardInterrupt


def test_what_is_over_here_and_not_there_is_revoked_there_again(env: Path, vault: LocalVault, issued: Issued) -> None:
    accepting = env.read_text()
    vault.revoke(issued.key.id, None, Reason.LEAVER, "")
    with pytest.raises(Refused, match="is revoked, which is final"):
        vault.revoke(issued.key.id, None, Reason.LEAVER, "")
    env.write_text(accepting)
    assert [one.drift for one in vault.sync("reserve").drifted] == [Drift.STILL_ACCEPTED]
    vault.revoke(issued.key.id, None, Reason.LEAVER, "")
    assert issued.secret.reveal() not in env.read_text()
    assert vault.sync("reserve").drifted == ()


def test_what_cannot_be_named_to_its_issuer_is_not_said_to_be_revoked(vault: LocalVault, issued: Issued) -> None:
    """A version that came in without value and reference: only the issuer knows which it is."""
    with vault._ground.database.writing() as session:  # no issuer of ours tells so little
        row = session.get_one(VersionRow, (issued.key.id, 1))
        row.digest, row.keyed = "0" * 64, True
    with pytest.raises(Refused, match="v1 of orders cannot be named to reserve"):
        vault.revoke(issued.key.id, None, Reason.LEAVER, "")
    assert vault.find(issued.key.id).revoked_at is None
