"""What the state of the keys forbids: the reason that an action on them is shown disabled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from keytui.domain.keys import Key, KeyState, Kind
from keytui.tui.permissions import WhyNot

_ON_CHOSEN: Final = frozenset({"rotate", "edit", "disable", "revoke"})
_SWITCHABLE: Final = frozenset({KeyState.ACTIVE, KeyState.DISABLED})


def why_not_now(action: str, chosen: Sequence[Key], pointed: Key | None, now: datetime) -> WhyNot | None:
    """Why an action on the `chosen` keys, or on the one `pointed` at, cannot be done; None when it can."""
    if action in _ON_CHOSEN:
        return _on_chosen(action, chosen, now)
    if action == "reveal" and (pointed is None or pointed.kind is Kind.API_KEY):
        return WhyNot(
            "only sealed values come back, tokens and connection strings",
            "an API key is a digest, so rotate it for a new secret",
        )
    if action == "incident" and (pointed is None or pointed.kind is not Kind.API_KEY or pointed.revoked_at is not None):
        return WhyNot("only a living API key is replaced here", "X revokes, D disables")
    return None


def _on_chosen(action: str, keys: Sequence[Key], now: datetime) -> WhyNot | None:
    if not keys:
        return WhyNot(f"there is no key to {action} here", "move the cursor to one, or N creates one")
    if action == "edit" and len(keys) > 1:
        return WhyNot("one key is edited at a time", "space takes marks away, esc all of them")
    if action == "disable" and not any(key.state(now) in _SWITCHABLE for key in keys):
        return WhyNot("nothing here is active or disabled", "a revoked or expired key stays so")
    if action in {"revoke", "rotate"} and all(key.revoked_at is not None for key in keys):
        return WhyNot("this is revoked already", "nothing brings it back; N creates a key")
    return None
