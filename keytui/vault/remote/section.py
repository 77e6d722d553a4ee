"""What every section of a remote vault stands on, and the one way to change anything through it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from keytui.clock import Clock
from keytui.domain.errors import NotFound
from keytui.domain.secrets import Secret
from keytui.vault.guard import WriteGuard
from keytui.vault.held import Held
from keytui.vault.profile import Profile
from keytui.vault.remote.exchange import Request
from keytui.vault.remote.line import NOTHING, Line
from keytui.vault.remote.stream import Stream
from keytui.vault.wire import encode

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that a vault's sections share."""

    profile: Profile
    line: Line
    guard: WriteGuard
    clock: Clock
    passphrase: Held[Secret]
    stream: Stream


class Section:
    """A part of the vault: questions go out by `_line`, changes by `_change` and by nothing else."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._line = ground.line

    def _change(
        self,
        kind: TypeForm[T],
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        method: str = "POST",
        query: Mapping[str, str] = NOTHING,
        look: str = "keytui audit",
        wait: float = 0.0,
    ) -> T:
        """One change that the guard lets pass. `look` is the command that shows whether it was made; the server may
        take `wait` seconds longer for it than for others.
        """
        self._ground.guard.require()
        sent = Request(method, path, tuple(query.items()), None if body is None else encode(body), wait)
        return self._line.change(kind, sent, look)


def key_path(key_id: str, rest: str = "") -> str:
    """Where a key's things are. What no key is called does not become a part of an address."""
    if _ID.fullmatch(key_id) is None:
        raise NotFound("no key has that id", "`keytui show NAME` tells it")
    return f"/admin/keys/{key_id}{rest}"


def rotation_path(rotation_id: int, rest: str = "") -> str:
    """Where a rotation's things are."""
    return f"/admin/rotations/{rotation_id}{rest}"
