"""References to values that a vault keeps sealed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from keytui.domain.errors import Locked
from keytui.domain.references import Place, Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.vault.protocol import Vault
from keytui.vault.references import resolve

PASSPHRASE_FILE: Final = "KEYTUI_PASSPHRASE_FILE"  # noqa: S105  # the name of a variable
"""The variable that names a file with the passphrase, where nobody is there to type it."""


def with_sealed(vault: Vault, environment: Mapping[str, str] = os.environ) -> Resolve:
    """What references stand for, `sealed:KEY` among them: revealed by the vault at each use, which its log keeps.

    A locked vault is unlocked with what the passphrase file holds; Locked where none is named.
    """

    def given(reference: Reference) -> Secret:
        if reference.place is not Place.SEALED:
            return resolve(reference, environment)
        key = vault.find(reference.name)
        try:
            return vault.reveal(key.id)
        except Locked:
            vault.unlock(_passphrase(reference, environment))
            return vault.reveal(key.id)

    return given


def _passphrase(reference: Reference, environment: Mapping[str, str]) -> Secret:
    path = environment.get(PASSPHRASE_FILE)
    if not path:
        raise Locked(
            f"{reference} is sealed, and the vault is locked",
            f"unlock it in the console, or name a file that holds the passphrase in {PASSPHRASE_FILE}",
        )
    return resolve(Reference(Place.FILE, path), environment)
