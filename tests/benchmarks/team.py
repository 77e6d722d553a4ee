"""A team under load: servers with workers on one PostgreSQL, rotations over the API and verifications at once.

    python -m tests.benchmarks.team --rotations 10000 --verifications 1000000 --servers 2 --workers 4

Afterwards everything is counted. It ends with 1, and says why, unless each rotation was completed exactly once, each
secret is accepted or refused as it should be, all use was recorded once, and the audit log is whole.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.access import Role
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.keys import KeyDraft, VersionState
from keytui.domain.operators import OperatorDraft
from keytui.domain.rotation import RotationState
from keytui.domain.verification import Outcome
from keytui.vault.local.database.opening import migrate
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.team_clients import Asker, Rotator, Work
from tests.benchmarks.team_ledger import Ledger
from tests.end_to_end.home import KEYTUI
from tests.end_to_end.team_server import TeamServer, beside, service_token, team_server, token
from tests.postgresql import reference, started_server

KEYS: Final = 40
ROTATORS: Final = 4
ASKERS: Final = 8
PROMISED: Final = 1.0
"""Seconds until every worker of every server has heard of a change."""
UNLIMITED: Final = ("requests_per_address = 1000000", "requests_per_token = 1000000")
_EVENTS: Final = ("rotation.planned", "rotation.issued", "rotation.delivered", "rotation.retired", "rotation.completed")


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it. The workers are spread over the servers."""

    rotations: int
    verifications: int
    servers: int
    workers: int


def run(size: Size, home: Path) -> Iterator[str]:
    """Lines of what was measured; then lines that begin with `WRONG`, if anything was."""
    ledger = Ledger()
    with _database(home):
        operator, service = token(home, OperatorDraft("ada", Role.SUPER_ADMIN)), service_token(home)
        keys = _made(home, ledger)
        with _servers(home, size) as servers:
            urls = [server.url for server in servers]
            rotating = Work(
                size.rotations, lambda number: Rotator(urls, operator, keys, ledger, number).rotate, ROTATORS
            )
            asking = Work(size.verifications, lambda number: Asker(urls, service, ledger, number).ask, ASKERS)
            for work in (rotating, asking):
                work.start()
            for work in (rotating, asking):
                work.join()
            yield f"{size.rotations:,} rotations in {rotating.seconds:.0f} s: {size.rotations / rotating.seconds:.1f}/s"
            rate = size.verifications / asking.seconds
            yield f"{size.verifications:,} verifications in {asking.seconds:.0f} s: {rate:,.0f}/s"
            yield f"the most outdated answer was {ledger.latest:.2f} s behind"
            for what, times in sorted(ledger.met.items()):
                yield f"{what}: {times:,}"
            yield from _not_as_it_should_be(ledger, urls, service)
            yield from (f"WRONG server ended with {code}" for server in servers if (code := server.stop()))
        yield from _wrong(home, size, ledger)


@contextmanager
def _database(home: Path) -> Iterator[None]:
    """The home's default vault on a PostgreSQL that keeps its promises: a commit is on the disk."""
    server = started_server()
    try:
        url = f"postgresql://postgres@/postgres?host={server.pgdata}"
        database = reference(home / "default", url)
        migrate(Profile("default", home / "default", Actor("benchmark"), database=database))
        yield
    finally:
        server.cleanup()


def _made(home: Path, ledger: Ledger) -> list[str]:
    with beside(home) as vault:
        made = [vault.create(KeyDraft(f"key-{number}", "production"), f"key {number}") for number in range(KEYS)]
    for issued in made:
        ledger.issued(issued.key.id, 1, issued.secret.reveal())
    return [issued.key.id for issued in made]


@contextmanager
def _servers(home: Path, size: Size) -> Iterator[list[TeamServer]]:
    """Each has files of its own, as on machines of their own; the database is all that they share."""
    with ExitStack() as stack:
        servers = []
        for number in range(size.servers):
            there = home / f"server-{number}"
            shutil.copytree(home / "default", there / "default")
            shutil.copy(home / "default.url", there / "default.url")
            workers = str(max(size.workers // size.servers, 1))
            servers.append(stack.enter_context(team_server(there, "--workers", workers, settings=UNLIMITED)))
        yield servers


def _not_as_it_should_be(ledger: Ledger, urls: Sequence[str], service: str) -> Iterator[str]:
    """Ask once more with every secret, now that nothing moves; connections enough to come to every worker."""
    time.sleep(PROMISED)
    askers = [Asker(urls, service, ledger, number) for number in range(ASKERS)]
    for number, known in enumerate(list(ledger.versions)):
        wanted = Outcome.ACCEPTED if known.ended is None else Outcome.REVOKED
        told = askers[number % ASKERS].ask_with(known)
        if told != wanted:
            yield f"WRONG {known.key_id} v{known.number} is {told}, and should be {wanted}"


def _wrong(home: Path, size: Size, ledger: Ledger) -> Iterator[str]:
    with beside(home) as vault:
        yield from _wrong_rotations(vault, size)
        yield from _wrong_versions(vault, size, ledger)
        yield from _wrong_usage(vault, ledger)
    verified = subprocess.run(
        [KEYTUI, "audit", "verify"], env=_environment(home), capture_output=True, text=True, check=False
    )
    yield f"`keytui audit verify`: {verified.stdout.strip()}"
    if verified.returncode:
        yield f"WRONG {verified.stderr}"


def _wrong_rotations(vault: LocalVault, size: Size) -> Iterator[str]:
    found = vault.rotations(open_only=False, offset=0, limit=size.rotations + 1)
    states = Counter(rotation.state for rotation in found)
    if states != {RotationState.COMPLETED: size.rotations}:
        yield f"WRONG rotations: {dict(states)}, and not {size.rotations} completed"
    for event in _EVENTS:
        entries = vault.audit(AuditFilter(type=event), 0, 1).total
        if entries != size.rotations:
            yield f"WRONG {event}: {entries} entries in the log"


def _wrong_versions(vault: LocalVault, size: Size, ledger: Ledger) -> Iterator[str]:
    """Each rotation made one version, told to one client, and left the one before it revoked."""
    told = Counter(known.key_id for known in ledger.versions)
    if told.total() != KEYS + size.rotations:
        yield f"WRONG {told.total()} secrets were told, and not {KEYS + size.rotations}"
    for key_id, count in told.items():
        states = [version.state for version in vault.detail(key_id).versions]
        if states != [VersionState.ACTIVE] + [VersionState.REVOKED] * (count - 1):
            yield f"WRONG {key_id} was told {count} secrets and has {Counter(states)}"


def _wrong_usage(vault: LocalVault, ledger: Ledger) -> Iterator[str]:
    recorded: Counter[tuple[str, int, bool]] = Counter()
    for key_id in {known.key_id for known in ledger.versions}:
        for use in vault.callers(key_id):
            recorded[key_id, use.version, True] += use.accepted
            recorded[key_id, use.version, False] += use.refused
    yield f"use recorded: {recorded.total():,} of {ledger.counted.total():,} answers that named a key"
    if recorded != ledger.counted:
        missing, double = ledger.counted - recorded, recorded - ledger.counted
        yield f"WRONG use: {missing.total()} missing, {double.total()} too many, as in {[*missing, *double][:3]}"
    gaps = [gap for source in vault.sources() for gap in source.gaps]
    yield from (f"WRONG gap in the evidence: {gap}" for gap in gaps)


def _environment(home: Path) -> dict[str, str]:
    configuration = home / "config.toml"
    configuration.touch(0o600)
    configuration.write_text(
        f'[profiles.default]\ndirectory = "{home}/default"\ndatabase = "file:{home}/default.url"\n'
    )
    return {"KEYTUI_HOME": str(home), "HOME": str(home)}


def main() -> int:
    """Run it at the size that the command line asks for."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.team", description="A team's servers under load.")
    parser.add_argument("--rotations", type=int, default=40)
    parser.add_argument("--verifications", type=int, default=4_000)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--workers", type=int, default=4, help="of all servers together")
    asked = parser.parse_args()
    wrong = False
    with TemporaryDirectory() as home:
        for line in run(Size(asked.rotations, asked.verifications, asked.servers, asked.workers), Path(home)):
            print(line, flush=True)  # noqa: T201  # the benchmark's output
            wrong = wrong or line.startswith("WRONG")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
