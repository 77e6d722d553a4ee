"""A vault compared with an issuer that has many keys, while another process wants to write into the same vault.

`python -m tests.benchmarks.syncing [KEYS]` prints a line for each comparison: the first, which brings every key in; one
where all stands as before; one of an issuer that has lost every key; and one where they are back. Beside each how long
another process had to wait for the vault, which it wants fifty times a second.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import Key, KeyDraft, KeyEdit, VersionState
from keytui.domain.secrets import Randomness, Secret
from keytui.issuers.issuer import Abilities, Listed, Mark, NewVersion
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

KEYS: Final = 10_000
_PAUSE: Final = 0.02
_USED: Final = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Platform:
    """An issuer that tells of each key a name, how it begins and when it was used, as the presets' platforms do."""

    keys: int
    name: str = "platform"

    @property
    def abilities(self) -> Abilities:
        return Abilities(
            lists=True,
            issues=False,
            takes_our_value=False,
            overlaps=True,
            suspends=False,
            tells_last_use=True,
            holds_metadata=True,
            keeps_plaintext=False,
        )

    def versions(self) -> Iterator[Listed]:
        for number in range(self.keys):
            mark = Mark("", f"tk_{number:09}", f"id-{number}")
            yield Listed(mark, f"consumer {number}", VersionState.ACTIVE, last_used_at=_USED)

    def rehearse(self) -> tuple[str, ...]:
        raise NotImplementedError  # a sync asks for the list alone

    def look_up(self, mark: Mark) -> Listed | None:
        raise NotImplementedError  # a sync asks for the list alone

    def fallbacks(self, mark: Mark) -> tuple[str, ...]:
        raise NotImplementedError  # a sync asks for the list alone

    def new_value(self, randomness: Randomness) -> Secret:
        raise NotImplementedError  # a sync asks for the list alone

    def issue(self, key: Key, value: Secret | None, like: Mark | None) -> NewVersion:
        raise NotImplementedError  # a sync asks for the list alone

    def suspend(self, mark: Mark) -> None:
        raise NotImplementedError  # a sync asks for the list alone

    def restore(self, mark: Mark) -> None:
        raise NotImplementedError  # a sync asks for the list alone

    def revoke(self, mark: Mark) -> None:
        raise NotImplementedError  # a sync asks for the list alone


def main(keys: int) -> None:
    """Print the comparisons as rows of docs/performance.md's table."""
    with TemporaryDirectory() as home:
        profile = Profile("default", Path(home) / "default", Actor("benchmark"))
        platform = Platform(keys)
        vault = LocalVault.open(profile, issuers=lambda: {platform.name: platform})
        other = vault.create(KeyDraft("other", "production"), "other").key.id
        for what, has in (
            ("the first, every key comes in", keys),
            ("all stands as before", keys),
            ("the issuer has none of them", 0),
            ("they are back", keys),
        ):
            platform.keys = has
            seconds, waits = _compared(vault, profile, other)
            average = sum(waits) / len(waits)
            print(f"| {keys:,} keys: {what} | {seconds:.1f} s | {average:.2f} s | {max(waits):.2f} s |", flush=True)  # noqa: T201  # the benchmark's output
        vault.close()


def _compared(vault: LocalVault, profile: Profile, other: str) -> tuple[float, list[float]]:
    """Seconds that it took, and that each write of another process took meanwhile."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    over = spawning.Event()
    writer = spawning.Process(target=_write, args=(profile, other, theirs, over))
    writer.start()
    ours.recv()
    began = time.perf_counter()
    vault.sync("platform")
    took = time.perf_counter() - began
    over.set()
    waits: list[float] = ours.recv()
    writer.join()
    return took, waits


def _write(profile: Profile, key_id: str, answer: Connection, over: Event) -> None:
    vault = LocalVault.open(profile)
    waits = list[float]()
    answer.send(())
    while not waits or not over.is_set():
        began = time.perf_counter()
        vault.edit(key_id, KeyEdit(description=f"edit {len(waits)}"))
        waits.append(time.perf_counter() - began)
        time.sleep(_PAUSE)
    answer.send(waits)
    vault.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KEYS)
