"""The key files beside a database: several servers on one database have copies of the same, or must not begin.

With another pepper a server would refuse every weak value that is right, and with another signing key its checkpoints
would look forged.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Final

from sqlmodel import Session

from keytui.domain.errors import Unreachable
from keytui.vault.local.database import Database
from keytui.vault.local.ledger import KEY_FILE, Ledger
from keytui.vault.local.log_head import HEAD_FILE, Head, has_signed, kept_beyond
from keytui.vault.local.tables import KeyFilesRow

PEPPER_FILE: Final = "pepper"


def refuse_lost(database: Database, directory: Path, *files: str) -> None:
    """Unreachable where the vault was made with key files that are gone: new ones would be drawn in their place."""
    with database.reading() as session:
        if _made_with(session) is None:
            return
    lost = [name for name in files if not (directory / name).exists()]
    if lost:
        raise Unreachable(
            f"{directory} has no {' and no '.join(lost)}, with which the vault {database.where} was made",
            f"copy {' and '.join(lost)} from where you keep copies, or from a server that works, at 0600; "
            "where there is none: docs/guide/recovery.md",
        )


def require_key_files(database: Database, pepper: bytes, directory: Path, ledger: Ledger | None = None) -> None:
    """See that the vault was made with these files, and note what it is made with; a verifier has no ledger.

    Unreachable, with what to copy, when it was made with others.
    """
    with database.reading() as session:
        made_with = _made_with(session)
    if made_with is None and ledger is not None:
        with database.writing() as session:
            made_with = _made_with(session)  # another server may have been first
            if made_with is None:
                made_with = KeyFilesRow(pepper=check_of(pepper), signing_key=ledger.public_key.hex())
                session.add(made_with)
    if made_with is None:
        return
    if not hmac.compare_digest(made_with.pepper, check_of(pepper)):
        raise _another(PEPPER_FILE, database, directory)
    if ledger is not None and made_with.signing_key != ledger.public_key.hex():
        raise _another(KEY_FILE, database, directory)


def beyond_here(session: Session, directory: Path) -> Head | None:
    """The head that is kept in the directory, where the log does not hold it, as a verifier finds out: without the
    signing key. Asked before anything else in a session.
    """

    def signed(head: Head, signature: bytes) -> bool:
        made_with = _made_with(session)
        return made_with is not None and has_signed(bytes.fromhex(made_with.signing_key), head, signature)

    return kept_beyond(session, directory / HEAD_FILE, signed)


def _made_with(session: Session) -> KeyFilesRow | None:
    return session.get(KeyFilesRow, 1)


def check_of(pepper: bytes) -> str:
    """Tells one pepper from another, and nothing about it."""
    return hmac.new(pepper, b"keytui: which pepper is this", hashlib.sha256).hexdigest()


def _another(file: str, database: Database, directory: Path) -> Unreachable:
    return Unreachable(
        f"{directory / file} is not the one that the vault {database.where} was made with",
        f"copy {PEPPER_FILE} and {KEY_FILE} from where they are kept, or from a server that works, at 0600",
    )
