"""One target, asked once: what became of that. The vault is told of it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from keytui.domain.errors import KeytuiError, OutcomeUnknown
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.configured import NotFollowed
from keytui.targets.target import Target
from keytui.vault.deliveries import ARRIVED


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a delivery ended. `state` is that of `Delivery`: `begun` where nobody knows. `said` is what the target said,
    `message` the same as a sentence of its own; both "" where all is well.
    """

    state: str
    said: str = ""
    message: str = ""
    hint: str = ""

    @property
    def arrived(self) -> bool:
        """Whether it took the secret."""
        return self.state in ARRIVED


def deliver_once(target: Target, key: Key, version: int, secret: Secret) -> Attempt:
    """Deliver, and read back where that can be. Raises nothing of the target's."""
    name = target.name
    try:
        target.deliver(key, version, secret)
    except NotFollowed as error:
        return Attempt("begun", error.message, error.message, error.hint)
    except OutcomeUnknown as error:
        told = f"{name} may have taken the secret or not: {error.message}"
        return Attempt("begun", error.message, told, error.hint)
    except KeytuiError as error:
        return Attempt("failed", error.message, f"{name} did not take the secret: {error.message}", error.hint)
    return _read_back(target, key, secret) if target.abilities.reads_back else Attempt("sent")


def _read_back(target: Target, key: Key, secret: Secret) -> Attempt:
    """A target that took it and cannot be read just now has been sent it.

    Of one that shows another value nobody knows: a store may answer with what stood there a moment ago.
    """
    try:
        stands = target.read_back(key)
    except KeytuiError as error:
        return Attempt("sent", error.message)
    if stands == secret:
        return Attempt("proven")
    detail = "it took the secret, and something else was read there right after"
    return Attempt("begun", detail, f"{target.name}: {detail}", "look again; if it stays so, see who else writes there")
