"""What a rotation would meet: found without writing, and asked again when it is planned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session

from keytui.domain.drift import IN_WORDS, LETS_NOBODY_IN, Drift
from keytui.domain.durations import long
from keytui.domain.keys import Key, KeyState, Kind
from keytui.domain.policy import Policies, Policy
from keytui.domain.rotation import First, Plan
from keytui.domain.usage import CallerUse
from keytui.issuers.issuer import Abilities
from keytui.vault.local.issuing.fitness import unfit, unfit_as_it_stands, worth_knowing
from keytui.vault.local.keys.minting import next_number
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.rows import version_row
from keytui.vault.local.tables import KeyRow, VersionRow
from keytui.vault.model import Rehearsal


def rehearsed(
    session: Session,
    row: KeyRow,
    plan: Plan,
    callers: tuple[CallerUse, ...],
    *,
    policies: Policies,
    now: datetime,
    can: Abilities | None,
) -> Rehearsal:
    """Problems refuse the rotation, warnings do not. `callers` are those of the key's current version; `can` is what
    its issuer can do, and None of our own, which can do everything.
    """
    key, policy = key_of(row), policies.of(row.environment)
    current = version_row(session, row.id, row.version)
    return Rehearsal(
        key=key,
        old=version_of(current),
        next_number=next_number(session, row.id),
        callers=callers,
        problems=tuple(problems(row, current, plan, now, can=can, policies=policies)),
        warnings=(
            *(worth_knowing(row.issuer, can, plan) if can else ()),
            *_warnings_of_drift(row, current),
            *_warnings(row, plan, callers, policy, now),
        ),
        overlap=overlap_of(key, plan, policy, now),
    )


def problems(
    row: KeyRow, current: VersionRow, plan: Plan, now: datetime, *, can: Abilities | None, policies: Policies
) -> Iterator[str]:
    """What refuses the rotation of the key, in words with the way out."""
    key = key_of(row)
    state = key.state(now)
    if row.rotation_id is not None:
        yield f"rotation #{row.rotation_id} is open already: resume, roll back or abandon it"
    if state is KeyState.REVOKED:
        yield "the key is revoked, which is final: create a new key"
    elif state is KeyState.EXPIRED:
        yield "the key has expired, and a rotation keeps its expiry: give it a later one first"
    if key.kind is not Kind.API_KEY:
        yield f"a {key.kind} is issued by someone else: replace it there, then keep the new value with keytui seal"
    if can is not None:
        yield from unfit(row.issuer, can, plan)
        yield from unfit_as_it_stands(row, current, plan, can)
    disallowed = policies.refused_target(key.environment, key.targets)
    if disallowed and plan.first is not First.REVOKE:  # what has to be refused now does not wait for that
        yield f"{disallowed}: give the key another target, or change [policy.{key.environment}] targets"


def overlap_of(key: Key, plan: Plan, policy: Policy, now: datetime) -> timedelta:
    """How long both versions are to be accepted. A grace never outlives the key's expiry."""
    if plan.at_once:
        return timedelta()
    wanted = plan.overlap or policy.overlap
    return wanted if key.expires_at is None else max(min(wanted, key.expires_at - now), timedelta())


def _warnings_of_drift(row: KeyRow, current: VersionRow) -> Iterator[str]:
    """What the last sync found of the version that is to be replaced: where it lets nobody in, no overlap bridges."""
    drift = Drift(current.drift) if current.drift else None
    if drift is None:
        return
    yield f"v{current.number} {IN_WORDS[drift]}, by the last sync of {row.issuer}" + (
        ": only the new version would be accepted, and there is no way back" if drift in LETS_NOBODY_IN else ""
    )


def _warnings(row: KeyRow, plan: Plan, callers: tuple[CallerUse, ...], policy: Policy, now: datetime) -> Iterator[str]:
    key = key_of(row)
    overlap = overlap_of(key, plan, policy, now)
    recent = [use for use in callers if now - use.last_seen < policy.quiet]
    if overlap == timedelta() and recent:
        names = ", ".join(use.caller.name for use in recent[:5]) + (" and others" if len(recent) > 5 else "")
        who = "1 caller" if len(recent) == 1 else f"{len(recent)} callers"
        yield f"{who} will be refused until they have the new secret: {names}"
    elif overlap < (plan.overlap or policy.overlap) and overlap > timedelta():
        yield f"the key expires in {long(overlap)}, and the overlap ends with it"
    if key.disabled_at is not None:
        yield "the key is disabled and stays so: neither version will be accepted"
    if row.shared:
        yield "the old value was seen under other applications or environments: they need the new one too"
    if not callers:
        yield "nobody was seen using it: either nobody does, or nothing records its use"
