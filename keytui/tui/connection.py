"""What the console knows of its vault: whether it is open, whether it answers, how it stood last, and as of when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event, Lock
from typing import TYPE_CHECKING

from keytui.clock import Clock
from keytui.domain.access import Role
from keytui.domain.errors import KeytuiError, Unauthenticated, Unreachable
from keytui.tui.permissions import WhyNot, why_forbidden, why_read_only, why_waiting
from keytui.tui.widgets.status_line import Link, Status
from keytui.vault.profile import Profile

if TYPE_CHECKING:
    from keytui.vault.protocol import Vault
    from keytui.vault.standing import Standing


class Connection:
    """One vault, from before it is open until it is closed. It belongs to the console's loop, `flight` apart."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self.profile = profile
        self.flight = Lock()
        """Held while a change is on its way: there is never a second one."""
        self.stopped = Event()
        self._keeping = Lock()
        self._clock = clock
        self._vault: Vault | None = None
        self._opening = False
        self._link = Link.OPENING
        self._standing: Standing | None = None
        self._as_of: datetime | None = None
        self._held: list[Callable[[], object]] | None = None
        """What is asked while keys are shown and the vault is not open yet."""

    @property
    def vault(self) -> Vault:
        """The vault; Unreachable before there is one."""
        if self._vault is None:
            raise Unreachable("the vault is not open yet", "wait for it, or press r")
        return self._vault

    @property
    def is_open(self) -> bool:
        """Whether there is a vault to ask, whether it answers or not."""
        return self._standing is not None

    @property
    def status(self) -> Status:
        """What the status line says now."""
        profile = self.profile
        return Status(profile.name, profile.read_only, self._link, self._standing, self._clock(), self._as_of)

    @property
    def role(self) -> Role | None:
        """What the operator is to the vault; None until it has answered once."""
        return self._standing.role if self._standing is not None else None

    def why_forbidden(self, action: str) -> WhyNot | None:
        """Why the role, a vault that waits, or a profile that is read-only keeps from an action; None for nothing."""
        if forbidden := why_forbidden(action, self.role):
            return WhyNot(forbidden, "ask somebody whose role allows it")
        if self._standing is not None and self._standing.unreconciled:
            return why_waiting(action)
        return None if self.status.writable else why_read_only(action, self.profile.name)

    def glimpsed(self) -> None:
        """Keys are shown before the vault is open: from now on questions wait for it."""
        self._held = []

    def once_open(self, ask: Callable[[], object]) -> None:
        """Ask now, or as soon as the vault is open."""
        if self._held is None:
            ask()
        else:
            self._held.append(ask)

    def begin_opening(self) -> bool:
        """Whether to open the vault now: not while somebody does."""
        if self._opening:
            return False
        self._opening, self._link = True, Link.OPENING
        return True

    def not_opened(self) -> None:
        """It could not be opened."""
        self._opening, self._link = False, Link.UNREACHABLE

    def met(self, open_vault: Callable[[Profile], Vault]) -> Vault:
        """The vault, which is made once, whether it lets us in or not. For the one thread that opens it.

        Unreachable when the console was left meanwhile: nobody else would let go of it.
        """
        if self._vault is None:
            vault = open_vault(self.profile)
            with self._keeping:
                left = self.stopped.is_set()
                self._vault = None if left else vault
            if left:
                vault.close()
                raise Unreachable("the console was left while its vault was opened", "start it again")
            return vault
        return self._vault

    def opened(self, standing: Standing) -> None:
        """It is open, and is asked what waited for it."""
        self._standing, self._link = standing, Link.CONNECTED
        held, self._held = self._held or (), None
        for ask in held:
            ask()

    def answered(self, standing: Standing) -> None:
        """It told how it stands."""
        self._standing = standing
        self._link, self._as_of = Link.CONNECTED, None

    def lost(self, error: KeytuiError) -> bool:
        """It does not answer, or lets nobody in. True the first time: what is on the screen is as old as this."""
        first = self._link is Link.CONNECTED
        if first:
            self._as_of = self._clock()
        self._link = Link.SHUT_OUT if isinstance(error, Unauthenticated) else Link.UNREACHABLE
        return first

    def close(self) -> None:
        """Stop following, then let go of the vault; one that is open only now is let go of at once. It may block."""
        with self._keeping:
            self.stopped.set()
        if self._vault is not None:
            self._vault.close()
