"""Values that come back. The passphrase goes along with every seal and reveal; the server keeps nothing open for us."""

from __future__ import annotations

from contextlib import suppress

from keytui.domain.errors import Locked, Unreachable
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.secrets import Secret
from keytui.vault.remote.section import Section, key_path
from keytui.vault.standing import Standing


class Sealing(Section):
    """The passphrase is in memory only while the seal is open here."""

    def seal(self, draft: KeyDraft, value: Secret) -> Key:
        self._ground.guard.require()
        body = {"draft": draft, "value": value, "passphrase": self._passphrase()}
        return self._change(Key, "/admin/seal", body, look="keytui list")

    def reveal(self, key_id: str) -> Secret:
        self._ground.guard.require()
        return self._change(Secret, key_path(key_id, "/reveal"), {"passphrase": self._passphrase()})

    def set_passphrase(self, new: Secret) -> None:
        self._change(type(None), "/admin/passphrase", {"new": new})
        self._hold_if_heard(new)

    def change_passphrase(self, old: Secret, new: Secret) -> None:
        self._change(type(None), "/admin/passphrase/change", {"old": old, "new": new})
        self._hold_if_heard(new)

    def unlock(self, passphrase: Secret) -> None:
        self._change(type(None), "/admin/passphrase/unlock", {"passphrase": passphrase})
        self._hold(passphrase)

    def lock(self) -> None:
        self._ground.passphrase.drop()
        self._change(type(None), "/admin/passphrase/lock")

    def _hold_if_heard(self, new: Secret) -> None:
        """It is the passphrase by now. Where the server is away just then, it is asked for when it is needed."""
        with suppress(Unreachable):
            self._hold(new)

    def _hold(self, passphrase: Secret) -> None:
        self._ground.passphrase.hold(passphrase, self._epoch())

    def _passphrase(self) -> Secret:
        held = self._ground.passphrase.take(self._epoch())
        if held is None:
            raise Locked("the vault is locked", "unlock it with the passphrase")
        return held

    def _epoch(self) -> int:
        return self._line.get(Standing, "/admin/standing").seal_epoch
