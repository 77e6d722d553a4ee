"""What systems said of a rotation's versions when probes asked them, from the log, for operators and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keytui.cli.times import iso, minute
from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Forbidden
from keytui.vault.probed import PROBED, LastWord, last_words

if TYPE_CHECKING:
    from keytui.vault.protocol import Vault

_MOST_ANSWERS: Final = 200


def words_of(vault: Vault, key_id: str, rotation_id: int) -> tuple[LastWord, ...] | None:
    """What was said last of the rotation's versions, newest first; None for whoever may not read the log."""
    try:
        entries = vault.audit(AuditFilter(type=PROBED, key_id=key_id), 0, _MOST_ANSWERS).entries
    except Forbidden:
        return None
    return last_words(entries, rotation_id)


def word_line(word: LastWord) -> str:
    """For an operator."""
    told = word.outcome if word.holds else f"{word.outcome} and not {word.expected}"
    if word.still_accepted:
        told = "STILL ACCEPTED, although it was over"
    return f"  v{word.version} at {word.probe}: {told} ({word.said}), {minute(word.at)}"


def word_shape(word: LastWord) -> dict[str, object]:
    """For programs."""
    return {
        "probe": word.probe,
        "version": word.version,
        "expected": word.expected,
        "outcome": word.outcome,
        "said": word.said,
        "at": iso(word.at),
        "holds": word.holds,
    }
