"""The demo's vault on its stage: a past, live traffic, and clients that learn of the secrets an operator hands over."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from keytui.clock import Clock, utc_now
from keytui.demo.fleet import Member, fleet
from keytui.demo.past import LONGEST_SPAN, REMEMBERED, GoOn, Lived, TravelClock, live_through, remember_requests
from keytui.demo.traffic import Client, Traffic
from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.retention import Retention
from keytui.domain.rotation import Rotation
from keytui.domain.secrets import Randomness, Secret
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Issued
from keytui.vault.profile import Profile
from keytui.verify.source import CredentialSet
from keytui.verify.verifier import Verifier

_NOT_SILENT: Final = LONGEST_SPAN * 2
"""The past is told in long spans, and its recorder was not silent between two of them."""
_WHILE_TOLD: Final = Retention(minutes=REMEMBERED * 2)
"""What is told in one go ages afterwards, while the console runs."""


class DemoFeed(LocalFeed):
    """A feed that begins with the keys that have clients, and tells of every key that changes: a crowd takes memory."""

    key_ids: Sequence[str] = ()

    def credentials(self) -> CredentialSet:
        return self.credentials_of(self.key_ids)


class DemoVault(LocalVault):
    """A local vault whose operator's hand-overs reach the demo's clients. `close` stops their traffic first."""

    traffic: Traffic
    feed: LocalFeed

    def issue(self, rotation_id: int) -> Issued:
        return self._held(super().issue(rotation_id))

    def reissue(self, rotation_id: int) -> Issued:
        return self._held(super().reissue(rotation_id))

    def prove(self, rotation_id: int, pasted: Secret) -> Rotation:
        return self._deployed(super().prove(rotation_id, pasted))

    def handed_over(self, rotation_id: int, delivery: Delivery) -> Rotation:
        return self._deployed(super().handed_over(rotation_id, delivery))

    def note_crowd(self, keys: int) -> None:
        """Say in the log that so many keys were put in at once."""
        with self._writing(Operation.IMPORT) as write:
            write.record(Event("vault.imported", details={"added": str(keys), "present": "0"}))

    def close(self) -> None:
        self.traffic.close()
        self.feed.close()
        super().close()

    def _held(self, issued: Issued) -> Issued:
        self.traffic.hold(issued.key.id, issued.secret)
        return issued

    def _deployed(self, rotation: Rotation) -> Rotation:
        self.traffic.deploy(rotation.key_id)
        return rotation


def raise_curtain(profile: Profile, keys: int, seed: int, crowd: int = 0, go_on: GoOn = lambda: None) -> DemoVault:
    """A vault in the profile's directory, with the fleet's past written and its traffic flowing.

    The directory is empty, or has a `crowd` of keys that nobody sends requests with. It ends early
    where `go_on` raises.
    """
    lived = write_past(profile, fleet(keys, seed), go_on=go_on)
    feed = DemoFeed.open(profile)
    feed.key_ids = [one.key_id for one in lived]
    vault = DemoVault.open(profile)
    if crowd:
        vault.note_crowd(crowd)
    vault.feed = feed
    vault.traffic = Traffic(Verifier(feed, feed, name="api-1"), _clients(lived), utc_now, seed)
    vault.traffic.start()
    return vault


def write_past(
    profile: Profile,
    members: Sequence[Member],
    present: Clock = utc_now,
    randomness: Randomness = secrets.token_bytes,
    *,
    ends: bool = True,
    go_on: GoOn = lambda: None,
) -> tuple[Lived, ...]:
    """Write the members' past into the profile's empty directory. Its recorder `ends` cleanly, or stays as of now."""
    clock = TravelClock(present)
    vault = LocalVault.open(profile, clock, randomness)
    feed = LocalFeed.open(profile, clock, silent_for=_NOT_SILENT, retention=_WHILE_TOLD)
    try:
        lived = live_through(vault, clock, members, go_on)
        remember_requests(feed, clock, lived, ends, go_on)
    finally:
        feed.close()
        vault.close()
    return lived


def _clients(lived: Sequence[Lived]) -> tuple[Client, ...]:
    return tuple(
        Client(one.key_id, pace, one.secrets[one.version_at(pace, timedelta())])
        for one in lived
        for pace in one.member.callers
        if not pace.until_ago
    )
