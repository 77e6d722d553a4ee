"""Values that come back: third-party tokens and connection strings, sealed under a passphrase."""

from __future__ import annotations

from typing import Protocol

from keytui.domain.keys import Key, KeyDraft
from keytui.domain.secrets import Secret


class Sealing(Protocol):
    """Values that come back: third-party tokens and connection strings, sealed under a passphrase."""

    def seal(self, draft: KeyDraft, value: Secret) -> Key:
        """Keep a value. Locked without the passphrase; an existing key of the name gets a new version."""
        ...

    def reveal(self, key_id: str) -> Secret:
        """The current value, audited. Locked without the passphrase."""
        ...

    def set_passphrase(self, new: Secret) -> None:
        """The first passphrase; afterwards the vault is unlocked. Refused when there is one."""
        ...

    def change_passphrase(self, old: Secret, new: Secret) -> None:
        """Rewrap the data key; nothing that is sealed is touched."""
        ...

    def unlock(self, passphrase: Secret) -> None:
        """Open the seal for this process. Refused when wrong, and slower with every wrong try."""
        ...

    def lock(self) -> None:
        """Close the seal in every process that has this vault open."""
        ...
