"""The Vault protocol: what every face asks. Every mutation is one transaction and one audit entry.

All calls are plain functions that may block; a face calls them off its loop. They raise the errors of
`keytui.domain.errors`, never a library's. Times are UTC. KEY arguments are ids: `find` turns what an operator
typed into one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from keytui.domain.secrets import Secret
from keytui.vault.protocol.alerting import Alerting
from keytui.vault.protocol.auditing import Auditing
from keytui.vault.protocol.automating import Automating
from keytui.vault.protocol.governing import Governing
from keytui.vault.protocol.keeping import Keeping
from keytui.vault.protocol.reading import Reading
from keytui.vault.protocol.responding import Responding
from keytui.vault.protocol.reviewing import Reviewing
from keytui.vault.protocol.rotating import Rotating
from keytui.vault.protocol.sealing import Sealing
from keytui.vault.protocol.syncing import Syncing
from keytui.vault.protocol.witnessing import Witnessing

__all__ = [
    "Alerting",
    "Auditing",
    "Automating",
    "Governing",
    "Keeping",
    "Reading",
    "Responding",
    "Reviewing",
    "Rotating",
    "Sealing",
    "Syncing",
    "Vault",
    "Witnessing",
]


class Vault(
    Reading,
    Keeping,
    Rotating,
    Automating,
    Sealing,
    Syncing,
    Witnessing,
    Alerting,
    Responding,
    Auditing,
    Reviewing,
    Governing,
    Protocol,
):
    """Where keytui keeps what it knows."""

    def arm(self, typed_profile: str) -> datetime:
        """Make a read-only profile writable until the returned time; Refused unless its name was typed.

        Unreconciled where the vault takes no change: it is writable then for whoever decides about it, and no other.
        """
        ...

    def present(self, token: Secret) -> None:
        """Go on as the holder of another token, in this process only. Unauthenticated, and nothing has changed, when it
        opens nothing; Refused by a vault that asks for none.
        """
        ...

    def close(self) -> None:
        """Let go of everything, with a clean end."""
        ...
