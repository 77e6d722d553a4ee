"""What can go wrong, as an operator reads it: what was wrong, and the way out.

No error carries a secret. A face turns these into its own form (an exit code, a problem document, a panel).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keytui.domain.verdict import Assessment


class KeytuiError(Exception):
    """`message` names what was wrong; `hint` is the way out, as a sentence or a command."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Invalid(KeytuiError):
    """The input cannot be what the operator meant."""


class NotFound(KeytuiError):
    """Nothing answers to that reference."""


class Ambiguous(KeytuiError):
    """Several keys answer to that reference; `candidates` are their names and ids."""

    def __init__(self, message: str, candidates: tuple[str, ...]) -> None:
        super().__init__(message, "use an id, or more of the name: " + ", ".join(candidates))
        self.candidates = candidates


class Refused(KeytuiError):
    """The state of the key or rotation does not allow it."""


class RotationOpen(Refused):
    """The key already has an open rotation, which is named and not hidden behind a second one."""

    def __init__(self, message: str, hint: str, rotation_id: int) -> None:
        super().__init__(message, hint)
        self.rotation_id = rotation_id


class Unsafe(Refused):
    """The verdict is not SAFE and nobody overrode it. `assessment` is the verdict with its reasons."""

    def __init__(self, message: str, hint: str, assessment: Assessment) -> None:
        super().__init__(message, hint)
        self.assessment = assessment


class AlreadyDone(Refused):
    """This request id was carried out before; its secret is not told twice. `reference` names the result."""

    def __init__(self, message: str, hint: str, reference: str) -> None:
        super().__init__(message, hint)
        self.reference = reference


class ApprovalNeeded(Refused):
    """A second operator must approve first; `approval_id` is the request that waits, also for whoever asks again."""

    def __init__(self, message: str, hint: str, approval_id: int) -> None:
        super().__init__(message, hint)
        self.approval_id = approval_id


class Locked(KeytuiError):
    """The sealed values need the passphrase first."""


class Unreachable(KeytuiError):
    """The vault cannot be read or written right now."""


class IssuerAway(Unreachable):
    """The issuer of a key cannot be asked right now. Nothing was changed, here or there."""


class OutcomeUnknown(Unreachable):
    """The line went down under a change, and nobody could be asked what became of it. Look before doing it again."""


class Unauthenticated(KeytuiError):
    """The server does not know who is asking: no token, or one that is wrong, expired or revoked."""


class Forbidden(KeytuiError):
    """The actor may not do this."""


class ReadOnly(Forbidden):
    """The profile is read-only until it is armed."""


class Unreconciled(Forbidden):
    """The vault came from a backup, and nobody has looked yet at what lives again in it."""
