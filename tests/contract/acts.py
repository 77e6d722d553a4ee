"""What operators and callers do in these tests, in few words."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.usage import Caller, Flush, Use
from keytui.vault.model import Issued
from keytui.vault.protocol import Vault
from keytui.verify.source import Sink

_numbers = count(1)


def request() -> str:
    """A request id that no other test uses."""
    return f"request-{next(_numbers)}"


def created(vault: Vault, name: str = "checkout-api", environment: str = "production", **rest: object) -> Issued:
    """A new key."""
    draft = KeyDraft(name, environment, **rest)  # type: ignore[arg-type]  # tests name the fields they mean
    return vault.create(draft, request())


def handed_over(vault: Vault, key_id: str, plan: Plan | None = None) -> tuple[Rotation, Issued]:
    """A rotation whose new secret was proven."""
    rotation = vault.plan(key_id, plan or Plan(), request())
    issued = vault.issue(rotation.id)
    return vault.prove(rotation.id, issued.secret), issued


def use(key_id: str, version: int, at: datetime, caller: str = "web-1", *, accepted: int = 1, refused: int = 0) -> Use:
    """Requests in one minute."""
    minute = at.replace(second=0, microsecond=0)
    return Use(key_id, version, Caller.called(caller), minute, at, at, accepted, refused)


class Reporter:
    """A verifier's recorder: it flushes what it is given, in order."""

    def __init__(self, sink: Sink, name: str = "api-1") -> None:
        self.id = f"recorder-{next(_numbers)}"
        self._sink = sink
        self._sequence = 0
        sink.register(self.id, name, "api-host", 4711)

    def flush(self, at: datetime, *uses: Use, acknowledged: int = 0, closing: bool = False) -> None:
        self._sequence += 1
        self._sink.record(Flush(self.id, self._sequence, at, uses, acknowledged=acknowledged, closing=closing))


HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEFT = 74
"""Hours after which callers of less than a week have left the old version: three silent days, and a little."""
