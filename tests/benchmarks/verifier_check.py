"""`Verifier.check`, warm and recording, beside the least that any check must do: a SHA-256 and a dict lookup."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.usage import Caller
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.verify.verifier import Verifier
from tests.benchmarks.ratio import Ratio, medians

ROUNDS: Final = 9
CALLS: Final = 20_000


def ratios() -> Iterator[Ratio]:
    """One check of a known key by a declared caller."""
    with TemporaryDirectory() as home:
        profile = Profile("default", Path(home) / "default", Actor("benchmark"))
        vault = LocalVault.open(profile)
        value = vault.create(KeyDraft("benchmark", "production"), "benchmark").secret.reveal()
        feed, caller = LocalFeed.open(profile), Caller.called("benchmark")
        known = {hashlib.sha256(value.encode()).hexdigest(): True}
        with Verifier(feed, feed, name="benchmark") as verifier:
            pairs = [
                (
                    _seconds(lambda: verifier.check(value, caller=caller)),
                    _seconds(lambda: known.get(hashlib.sha256(value.encode()).hexdigest())),
                )
                for _ in range(ROUNDS)
            ]
        feed.close()
        vault.close()
    ours, theirs = medians(pairs)
    yield Ratio("Verifier.check, recording", ours, "SHA-256 and a dict lookup", theirs)


def _seconds(call: Callable[[], object]) -> float:
    """Processor time of one call."""
    started = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - started) / CALLS
