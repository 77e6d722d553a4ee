"""What keytui asks of SQLite beside a vault's methods: each as one piece of work, in however many transactions."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from keytui.domain.errors import Refused
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.domain.usage import Flush
from keytui.vault.local.backup.loading import load_backup
from keytui.vault.local.backup.rebuilding import rebuild
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.files import DATABASE
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.local.tables import RecorderRow
from keytui.vault.local.vault import LocalVault
from keytui.vault.reconciling import Decision
from tests.contract.acts import created, use
from tests.faults.works import Act, Work, a_profile, opened
from tests.unit.vault.backup.conftest import silent
from tests.world import NOON, StoppedClock

EARLIER: Final = sorted(
    path.name[:4] for path in (SCHEMA.scripts / "versions").glob("0*.py") if path.name[:4] < SCHEMA.head
)
FILES: Final = ("pepper", "signing.key", "audit.head")


def _lived(here: Path) -> None:
    vault = opened(here)
    for name in ("checkout", "search"):
        vault.create(KeyDraft(name, "production"), name)
    vault.close()


def _new(here: Path) -> Act:
    return lambda: opened(here).close()


def _opened(here: Path) -> Act:
    _lived(here)
    return lambda: opened(here).close()


def _raised(revision: str) -> Callable[[Path], Act]:
    """A vault of an older schema: the tables that it made, and what they held."""

    def prepare(here: Path) -> Act:
        SqliteDatabase.open(here / "vault", Schema(revision, SCHEMA.scripts)).close()
        return lambda: opened(here).close()

    return prepare


def _with(act: Callable[[LocalVault], object]) -> Callable[[Path], Act]:
    """An act of the owner's, on a vault that is opened for it."""

    def prepare(here: Path) -> Act:
        _lived(here)
        return _on(here, act)

    return prepare


def _on(here: Path, act: Callable[[LocalVault], object]) -> Act:
    def work() -> None:
        vault = opened(here)
        try:
            act(vault)
        finally:
            vault.close()

    return work


def _backed_up(here: Path) -> Act:
    _lived(here)
    return _on(here, lambda vault: vault.back_up(here / "backup", silent, replace=True))


def _backup_of(here: Path) -> None:
    _backed_up(here)()
    for path in (here / "vault").glob(f"{DATABASE}*"):
        path.unlink()


def _loaded(here: Path) -> Act:
    _backup_of(here)
    return lambda: load_backup(a_profile(here), here / "backup", (), silent, StoppedClock())


def _loaded_over_an_empty_one(here: Path) -> Act:
    """Whoever made a vault there first brings the key files of the lost one."""
    _backup_of(here)
    files = {name: (here / "vault" / name).read_bytes() for name in FILES}
    shutil.rmtree(here / "vault")
    opened(here).close()
    for name, content in files.items():
        (here / "vault" / name).write_bytes(content)
    return lambda: load_backup(a_profile(here), here / "backup", (), silent, StoppedClock())


def _reconciled(rest: Decision) -> Callable[[Path], Act]:
    def prepare(here: Path) -> Act:
        _loaded(here)()

        def act(vault: LocalVault) -> None:
            with suppress(Refused):  # it was done, and what came after it failed
                vault.undecided()
                vault.reconcile(rest, "looked at all")

        return _on(here, act)

    return prepare


def _decided(here: Path) -> Act:
    _loaded(here)()

    def act(vault: LocalVault) -> None:
        left = {one.key.name for one in vault.undecided().keys}  # each decision is a transaction
        for decision, name in ((Decision.KEEP, "checkout"), (Decision.REVOKE, "search")):
            if name in left:
                vault.decide(decision, [name], "looked at it")

    return _on(here, act)


def _asked_with_the_old_secret(here: Path) -> Act:
    """What the vault answers is in the log before the proof is read."""
    vault = opened(here)
    issued = vault.create(KeyDraft("checkout", "production"), "checkout")
    rotation = vault.plan(issued.key.id, Plan(), "plan")
    vault.prove(rotation.id, vault.issue(rotation.id).secret)
    vault.retire(rotation.id, "a test goes past the verdict")
    vault.close()
    return _on(here, lambda vault: vault.proof(rotation.id, issued.secret))


def _rebuilt(here: Path) -> Act:
    _lived(here)
    return lambda: rebuild(a_profile(here), StoppedClock())


def _fed(act: Callable[[LocalFeed, str], object], later: timedelta = timedelta()) -> Callable[[Path], Act]:
    """An act of a verifier's, whose recorder has told of something before."""

    def prepare(here: Path) -> Act:
        vault = opened(here)
        key_id = created(vault, "checkout").key.id
        vault.close()
        first = LocalFeed.open(a_profile(here), StoppedClock())
        first.register("r1", "api-1", "host", 1)
        first.record(Flush("r1", 1, NOON, (use(key_id, 1, NOON, accepted=5),)))
        first.close()

        def work() -> None:
            clock = StoppedClock()
            clock.advance(later)
            feed = LocalFeed.open(a_profile(here), clock)
            try:
                act(feed, key_id)
            finally:
                feed.close()

        return work

    return prepare


def _flushed(feed: LocalFeed, key_id: str) -> None:
    feed.record(Flush("r1", 2, NOON, (use(key_id, 1, NOON, accepted=7, refused=2),)))


def _aged(feed: LocalFeed, key_id: str) -> None:
    """The recorder's next flush, when minutes are hours and hours are days."""
    with feed._database.reading() as session:
        told = session.get_one(RecorderRow, "r1").sequence
    feed.record(Flush("r1", told + 1, NOON + AGES, (use(key_id, 1, NOON + AGES, accepted=7, refused=2),)))


AGES: Final = timedelta(days=50)
AGEING: Final = "usage ages beside what a recorder tells"
LATER: Final = {AGEING}
"""What may end well, and leave something for the next time."""
WORKS: Final = (
    Work("a new vault", _new),
    Work("a vault is opened", _opened),
    *(Work(f"a vault is raised from {revision}", _raised(revision)) for revision in EARLIER),
    Work("a backup", _backed_up),
    Work("a backup is loaded", _loaded),
    Work("a backup takes the place of an empty vault", _loaded_over_an_empty_one),
    Work("all that a backup brought back is kept", _reconciled(Decision.KEEP)),
    Work("all that a backup brought back is revoked", _reconciled(Decision.REVOKE)),
    Work("one is kept and one revoked", _decided),
    Work("a vault is rebuilt", _rebuilt),
    Work("a look for alerts", _with(lambda vault: vault.tend())),
    Work("a proof with the old secret", _asked_with_the_old_secret),
    Work("credentials", _fed(lambda feed, _: feed.credentials())),
    Work("credentials of some", _fed(lambda feed, key_id: feed.credentials_of([key_id]))),
    Work("credentials in parts", _fed(lambda feed, _: list(feed.credentials_in_parts("")))),
    Work("credentials that changed", _fed(lambda feed, _: feed.credential_changes(1, 0))),
    Work("a recorder registers", _fed(lambda feed, _: feed.register("r2", "api-2", "host", 2))),
    Work("a recorder tells", _fed(_flushed)),
    Work(AGEING, _fed(_aged, AGES)),
)
