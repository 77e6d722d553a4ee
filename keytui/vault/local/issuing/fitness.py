"""What an issuer cannot do for a plan, and what an operator should know of it beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from keytui.domain.errors import Refused
from keytui.domain.rotation import First, Plan, Strategy
from keytui.issuers.issuer import Abilities, Issuer
from keytui.vault.local.issuing.pending import never_let_in
from keytui.vault.local.tables import KeyRow, VersionRow


def unfit(issuer: str, can: Abilities, plan: Plan) -> Iterator[str]:
    """What refuses the plan, in words with the way out."""
    if not can.issues:
        yield f"{issuer} issues no keys by its interface: make the new one there by hand, then `keytui sync {issuer}`"
    elif not can.overlaps and plan.strategy is Strategy.EMERGENCY:
        yield (
            f"{issuer} accepts one version at a time, so the new one ends the old one, neither first:"
            " `keytui rotate KEY --strategy immediate --reason compromise`"
        )
    elif not can.overlaps and plan.strategy is not Strategy.IMMEDIATE:
        yield f"{issuer} accepts one version at a time: choose the strategy immediate"


def unfit_as_it_stands(key: KeyRow, current: VersionRow, plan: Plan, can: Abilities) -> Iterator[str]:
    """What refuses the plan for how the key and its current version stand, in words with the way out. Issuing asks
    again: it may have changed since the plan.
    """
    if never_let_in(current) and plan.strategy is not Strategy.IMMEDIATE and plan.first is not First.REVOKE:
        instead = "choose the strategy immediate" if plan.first is None else "revoke first"
        yield (
            f"nobody knows whether v{current.number} was ever made at {key.issuer}, and nobody has it, so there is"
            f" nothing to let in beside the next: {instead}"
        )
    if key.disabled_at is not None and not can.suspends:
        yield (
            f"the key is disabled, and {key.issuer} would let its new version in, which it cannot suspend:"
            " make another key, and revoke this one"
        )


def refuse_first(issuer: Issuer) -> None:
    """Refused where an issuer cannot make a key that was not there before."""
    if not (issuer.abilities.issues and issuer.abilities.overlaps):
        raise Refused(
            f"{issuer.name} makes no new keys by its interface",
            f"make it there by hand, then bring it in: `keytui sync {issuer.name}`",
        )


def worth_knowing(issuer: str, can: Abilities, plan: Plan) -> Iterator[str]:
    """What refuses nothing."""
    if can.keeps_plaintext:
        yield f"{issuer} keeps every secret in plain text"
    if plan.strategy is Strategy.ROLLING and not can.suspends:
        yield f"{issuer} cannot suspend a version and accept it again: the old one is revoked at once, and for good"
