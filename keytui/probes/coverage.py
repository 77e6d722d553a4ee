"""What the vault knows of the keys that a probe speaks of; whoever asks the probe finds it out first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _none_has(_key_id: str, _version: int) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Coverage:
    """`ids` are those of the keys that a probe's settings name, by what they call them.

    `versions` are the versions of covered keys that should be seen, by the key's id: those that have not ended.
    `ended` tells of any version whether it has: then nobody wonders that its series is gone.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ended: Callable[[str, int], bool] = _none_has
