"""Flags: what a glance at a key should tell, computed from policy and usage and never stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from keytui.domain.keys import Flag, KeyFacts, KeyState
from keytui.domain.policy import Policy


def flags(facts: KeyFacts, policy: Policy, now: datetime) -> tuple[Flag, ...]:
    """The flags of a key at `now`, most dangerous first. A revoked key has none: nothing is left to do about it.

    Save when it stands otherwise at its issuer: then it may be let in there.
    """
    if facts.key.revoked_at is not None:
        return (Flag.DRIFTED,) if facts.drifted else ()
    found = {*_lifetime(facts, policy, now), *_standing(facts, policy), *_use(facts, policy, now)}
    return tuple(flag for flag in Flag if flag in found)


def _lifetime(facts: KeyFacts, policy: Policy, now: datetime) -> Iterator[Flag]:
    expires_at = facts.key.expires_at
    if facts.key.state(now) is KeyState.EXPIRED:
        yield Flag.EXPIRED
    elif expires_at is not None and expires_at - now < policy.expiring:
        yield Flag.EXPIRING
    if facts.rotating:
        yield Flag.ROTATING
    elif now - facts.version_created_at >= policy.rotation_interval:
        yield Flag.DUE


def _standing(facts: KeyFacts, policy: Policy) -> Iterator[Flag]:
    if facts.key.leaked:
        yield Flag.LEAKED
    if facts.drifted:
        yield Flag.DRIFTED
    if facts.weak:
        yield Flag.WEAK
    if facts.shared:
        yield Flag.SHARED
    if policy.full_access_scopes & set(facts.key.scopes) or facts.unused_scopes:
        yield Flag.BROAD
    if not facts.key.owner:
        yield Flag.UNOWNED


def _use(facts: KeyFacts, policy: Policy, now: datetime) -> Iterator[Flag]:
    if facts.last_used_at is None:
        yield Flag.NEVER_USED
    elif now - facts.last_used_at >= policy.stale:
        yield Flag.STALE
    elif now - facts.last_used_at >= policy.idle:
        yield Flag.IDLE
