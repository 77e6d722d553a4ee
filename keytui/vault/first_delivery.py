"""The first secret of a key goes to its targets. There is no rotation yet, and so nothing that could be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from keytui.clock import Clock
from keytui.domain.errors import KeytuiError, Unreachable
from keytui.domain.keys import Key, Version
from keytui.domain.secrets import Secret
from keytui.targets.target import Target
from keytui.vault.attempts import Attempt, deliver_once
from keytui.vault.occupants import occupied, rehearse_target
from keytui.vault.progress import Holds, Stands, Tell, Told, Undelivered, What
from keytui.vault.protocol import Vault


def rehearse_first(vault: Vault, targets: Sequence[Target], key: Key) -> None:
    """Raise what delivering would meet, for a key that has no id yet.

    A place that its id is a part of cannot be looked at before there is one, and is left out.
    """
    for target in targets:
        if not _needs_id(target, key):
            rehearse_target(vault, target, key)


def deliver_first(
    vault: Vault,
    key: Key,
    targets: Sequence[Target],
    version: Version,
    secret: Secret,
    *,
    clock: Clock,
    tell: Tell,
) -> None:
    """Deliver in order. Undelivered at the first failure; those after it were not asked."""
    stands: list[Stands] = []
    for number, target in enumerate(targets):
        tell(Told(target.name, What.BEGINS, version.number, clock()))
        try:
            attempt = occupied(vault, target, key) or deliver_once(target, key, version.number, secret)
        except Unreachable as error:  # its secret is in our hands alone: whoever asked hears where it is not
            away = f"the vault is away, so {target.name} was not written: {error.message}"
            attempt = Attempt("failed", f"not written, the vault is away: {error.message}", away, error.hint)
        stands.append(Stands(target.name, _holds(attempt), said=attempt.said))
        tell(Told(target.name, _what(attempt), version.number, clock(), attempt.said, attempt.hint))
        if not attempt.arrived:
            stands += [Stands(later.name, Holds.NO) for later in targets[number + 1 :]]
            raise Undelivered(attempt.message, attempt.hint, target.name, tuple(stands))


def _needs_id(target: Target, key: Key) -> bool:
    try:
        return target.place(replace(key, id="key-a")) != target.place(replace(key, id="key-b"))
    except KeytuiError:
        return False


def _holds(attempt: Attempt) -> Holds:
    if attempt.arrived:
        return Holds.YES
    return Holds.MAYBE if attempt.state == "begun" else Holds.NO


def _what(attempt: Attempt) -> What:
    if attempt.arrived:
        return What(attempt.state)
    return What.UNKNOWN if attempt.state == "begun" else What.FAILED
