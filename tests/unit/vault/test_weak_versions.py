"""Versions whose value could be guessed, as a platform's UUIDs: nothing but the number tells one from another."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from keytui.connectors import build_connectors
from keytui.domain.audit import Actor
from keytui.domain.errors import Refused
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.policy import Policies
from keytui.domain.references import Reference
from keytui.domain.rotation import Plan, RotationState
from keytui.domain.secrets import Secret, is_weak
from keytui.issuers.issuer import Issuer
from keytui.vault.delivering import Delivering
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Issued
from keytui.vault.profile import Profile
from keytui.vault.progress import NotBack, Told, Undelivered
from tests.doubles.parcel import TOKEN, Parcel
from tests.doubles.served import Stage
from tests.unit.vault.shop import Place
from tests.world import NOON, StoppedClock, repeatable_randomness

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "issuer-rest.md"


class Uuids(Parcel):
    """A platform whose secrets are UUIDs."""

    def add(self, title: str, value: str, grants: object = ()) -> str:
        number = 0x1234567890ABCDEF1234567890ABCDEF * (len(self.keys) + 1)
        return super().add(title, str(UUID(int=number % 2**128, version=4)), grants)


@dataclass
class Site:
    vault: LocalVault
    platform: Uuids
    key: Key
    first: Secret

    def rotate(self, *places: Place) -> tuple[int, Issued]:
        """A rotation whose new secret is issued, while the places hold the first one."""
        for place in places:
            place.holds = self.first
        rotation = self.vault.plan(self.key.id, Plan(), "rotate")
        return rotation.id, self.vault.issue(rotation.id)

    def delivering(self, *places: Place, told: list[Told] | None = None) -> Delivering:
        return Delivering(self.vault, self.key, places, StoppedClock(), tell=(told if told is not None else []).append)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture
def site(tmp_path: Path, stage: Stage) -> Iterator[Site]:
    def resolve(_reference: Reference) -> Secret:
        return Secret(TOKEN)

    platform = Uuids()
    shown = tomllib.loads(GUIDE.read_text().split("```toml\n")[1].split("```")[0])["issuers"]["parcel"]
    table = {**shown, "url": f"{stage.serve(platform)}/v2"}
    issuers: dict[str, Issuer] = dict(build_connectors("issuers", "config.toml", {"parcel": table}, resolve))
    profile = Profile("prod", tmp_path / "vault", Actor("ada", "bastion-2"))
    vault = LocalVault.open(profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: issuers)
    created = vault.create(KeyDraft("orders", "production", issuer="parcel", targets=("env", "ci")), "create")
    yield Site(vault, platform, created.key, created.secret)
    vault.close()


def test_the_secret_itself_proves_it_and_nothing_of_its_digest_is_shown(site: Site, tmp_path: Path) -> None:
    rotation, issued = site.rotate()
    assert is_weak(issued.secret)
    assert issued.version.fingerprint is None

    with pytest.raises(Refused, match="is not the new secret"):
        site.vault.prove(rotation, site.first)
    assert site.vault.prove(rotation, issued.secret).state is RotationState.OVERLAPPING

    assert [(one.target, one.fingerprint) for one in site.vault.rotation(rotation).deliveries] == [
        ("pasted back", "v2")
    ]
    pepper = (tmp_path / "vault" / "pepper").read_bytes()
    kept = issued.secret.keyed_digest(pepper)[:16]
    assert kept not in repr((site.vault.rotation(rotation), site.vault.detail(site.key.id)))


def test_it_is_delivered_and_held_as_any_other(site: Site) -> None:
    env, ci = Place("env", reversible=True), Place("ci", readable=False, reversible=True)
    rotation, issued = site.rotate(env, ci)
    opened = site.vault.rotation(rotation).rotation

    handed_over = site.delivering(env, ci).hand_over(opened, issued.version, issued.secret)

    assert handed_over.state is RotationState.OVERLAPPING
    assert env.holds == ci.holds == issued.secret
    with pytest.raises(Refused, match="env, ci may hold v2"):
        site.vault.rollback(rotation, "")
    told: list[Told] = []
    assert site.delivering(env, ci, told=told).put_back(handed_over) == ()
    assert "put back to what it held before v2, and nothing tells that from v2" in [one.said for one in told]
    assert env.holds == ci.holds == site.first
    assert site.vault.rollback(rotation, "").state is RotationState.ROLLED_BACK


def test_a_lost_one_is_revoked_nowhere_where_it_may_stand(site: Site) -> None:
    env, ci = Place("env"), Place("ci", fault="refuses")
    rotation, issued = site.rotate(env, ci)
    opened = site.vault.rotation(rotation).rotation
    with pytest.raises(Undelivered):
        site.delivering(env, ci).hand_over(opened, issued.version, issued.secret)

    with pytest.raises(NotBack, match="v2 is lost, and env may hold it"):
        site.delivering(env, ci).resume(opened)

    assert site.platform.accepts(issued.secret.reveal())
    env.reversible, ci.fault = True, ""
    assert site.delivering(env, ci).resume(opened).state is RotationState.OVERLAPPING
    assert env.holds == ci.holds
    assert env.holds is not None
    assert site.platform.accepts(env.holds.reveal())
    assert not site.platform.accepts(issued.secret.reveal())


def test_one_that_arrives_late_is_not_taken_for_the_next(site: Site) -> None:
    rotation, issued = site.rotate()
    site.vault.reissue(rotation)
    with pytest.raises(Refused, match=r"env holds v2, not the new version \(v3\)"):
        site.vault.handed_over(rotation, Delivery("env", "sent", NOON, issued.version.known_as))
