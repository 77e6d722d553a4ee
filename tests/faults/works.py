"""What keytui does with files, each as one piece of work that may fail at any of its changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyrage

from keytui.cli.key_course import Arriving
from keytui.cli.secrets_file import SecretsFile
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.secrets import Secret, parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.issuers.values import mark_of
from keytui.private_file import replace_privately, write_new_file
from keytui.targets.dotenv import DotenvTarget
from keytui.targets.file import FileTarget
from keytui.targets.sealed_file import SealedFileTarget
from keytui.targets.target import Target
from keytui.text_file import TextFile, alone_in
from keytui.vault.audit_export import export_to
from keytui.vault.local.backup.loading import load_backup
from keytui.vault.local.backup.rebuilding import rebuild
from keytui.vault.local.files import kept_key, replace
from keytui.vault.local.vault import LocalVault
from keytui.vault.many_keys import NewKey
from keytui.vault.profile import Profile
from keytui.vault.profile_entries import add_entry, remove_entry
from keytui.vault.saved_filters import save_filter
from tests.unit.vault.backup.conftest import silent
from tests.world import NOON, StoppedClock, repeatable_randomness

OLD: Final = Secret("tk_old0" + "0" * 28)
NEW: Final = Secret("tk_new1" + "1" * 28)
KEY: Final = Key("k1", "checkout", "production", NOON)
IDENTITY: Final = pyrage.x25519.Identity.generate()

Act = Callable[[], object]


@dataclass(frozen=True)
class Work:
    """`prepare` makes a world in an empty directory, and gives back what is then done there."""

    name: str
    prepare: Callable[[Path], Act]

    def __str__(self) -> str:
        return self.name


def _new_file(here: Path) -> Act:
    return lambda: write_new_file(here / "new", NEW)


def _private_file(here: Path) -> Act:
    replace_privately(here / "held", OLD)
    return lambda: replace_privately(here / "held", NEW)


def _text_file(here: Path) -> Act:
    file = _env(here / ".env")
    return lambda: TextFile.read(file).replace(f"API_KEY={NEW.reveal()}\n")


def _env(path: Path, text: str = f"# ours\nAPI_KEY={OLD.reveal()}\nOTHER=1\n") -> Path:
    path.touch(0o640)
    path.write_text(text)
    return path


def _delivers(make: Callable[[Path], Target]) -> Callable[[Path], Act]:
    def prepare(here: Path) -> Act:
        target = make(here)
        target.deliver(KEY, 1, OLD)
        return lambda: target.deliver(KEY, 2, NEW)

    return prepare


def _goes_back(make: Callable[[Path], Target]) -> Callable[[Path], Act]:
    def prepare(here: Path) -> Act:
        target = make(here)
        target.deliver(KEY, 1, OLD)
        target.deliver(KEY, 2, NEW)
        return lambda: target.roll_back(KEY, 2)

    return prepare


def _file_target(here: Path) -> Target:
    return FileTarget("web", str(here / "key"))


def _sealed_target(here: Path) -> Target:
    return SealedFileTarget("web", str(here / "key.age"), (str(IDENTITY.to_public()),))


def _dotenv_target(here: Path) -> DotenvTarget:
    path = _env(here / ".env", "# ours\nAPI_KEY=\nOTHER=1\n")
    return DotenvTarget("web", (str(path),), "API_KEY", "API_KEY_PREVIOUS")


def _settles(here: Path) -> Act:
    target = _dotenv_target(here)
    target.deliver(KEY, 1, OLD)
    target.deliver(KEY, 2, NEW)
    return lambda: target.settle(KEY, 2)


def _env_list(here: Path) -> EnvListIssuer:
    issuer = EnvListIssuer("reserve", _env(here / ".env", "API_KEYS=\n"), "API_KEYS", parse_format("base64"))
    issuer.issue(KEY, OLD, None)
    return issuer


def _issues(here: Path) -> Act:
    issuer = _env_list(here)
    return lambda: issuer.issue(KEY, NEW, None)


def _suspends(here: Path) -> Act:
    issuer = _env_list(here)
    return lambda: issuer.suspend(mark_of(OLD))


def _restores(here: Path) -> Act:
    issuer = _env_list(here)
    issuer.suspend(mark_of(OLD))
    return lambda: issuer.restore(mark_of(OLD))


def _revokes(here: Path) -> Act:
    issuer = _env_list(here)
    return lambda: issuer.revoke(mark_of(OLD))


def _key_file(here: Path) -> Act:
    return lambda: kept_key(here / "pepper", repeatable_randomness())


def _head_file(here: Path) -> Act:
    replace(here / "head", b"old")
    return lambda: replace(here / "head", b"new")


def a_profile(here: Path) -> Profile:
    """Of a vault in that directory."""
    return Profile("test", here / "vault", Actor("ada", "bastion-2"))


def opened(here: Path) -> LocalVault:
    """It; the same in every run."""
    return LocalVault.open(a_profile(here), StoppedClock(), repeatable_randomness())


def _opens(here: Path) -> Act:
    return lambda: opened(here).close()


def _opens_again(here: Path) -> Act:
    opened(here).close()
    (here / "vault" / "pepper").chmod(0o644)  # is closed again
    return lambda: opened(here).close()


def _exports(layout: str) -> Callable[[Path], Act]:
    def prepare(here: Path) -> Act:
        def work() -> None:
            vault = opened(here)
            try:
                export_to(here / f"log.{layout}", vault, AuditFilter())
            finally:
                vault.close()

        opened(here).close()
        return work

    return prepare


def _backs_up(replaces: bool) -> Callable[[Path], Act]:
    def prepare(here: Path) -> Act:
        def work() -> None:
            vault = opened(here)
            try:
                vault.back_up(here / "backup", silent, replace=replaces)
            finally:
                vault.close()

        opened(here).close()
        if replaces:
            work()
        return work

    return prepare


def _loads(here: Path) -> Act:
    vault = opened(here)
    vault.create(KeyDraft("checkout", "production"), "one")
    vault.back_up(here / "backup", silent)
    vault.close()
    for path in (here / "vault").glob("vault.db*"):
        path.unlink()
    return lambda: load_backup(a_profile(here), here / "backup", (), silent, StoppedClock())


def _rebuilds(here: Path) -> Act:
    opened(here).close()
    return lambda: rebuild(a_profile(here), StoppedClock())


_WRITTEN: Final = "# ours\n[profiles.bench]\ndirectory = '/srv/bench'\n"


def _adds_profile(here: Path) -> Act:
    (here / "config.toml").write_text(_WRITTEN)
    (here / "config.toml").chmod(0o600)
    return lambda: add_entry(here / "config.toml", "team", {"url": "https://keys.example.org"})


def _first_profile(here: Path) -> Act:
    return lambda: add_entry(here / "home" / "config.toml", "team", {"url": "https://keys.example.org"})


def _removes_profile(here: Path) -> Act:
    (here / "config.toml").write_text(_WRITTEN)
    (here / "config.toml").chmod(0o600)
    return lambda: remove_entry(here / "config.toml", "bench")


def _secrets_of_many(here: Path) -> Act:
    def arriving(line: int) -> Arriving:
        return Arriving(line, NewKey(f"key-{line}", KeyDraft("", "production")), NEW if line else OLD)

    def write(*lines: int) -> None:
        file = SecretsFile(here / "secrets")
        try:
            file.write([arriving(line) for line in lines])
        finally:
            file.close()

    write(0)
    return lambda: write(1, 2)


def _saves_filter(here: Path) -> Act:
    profile = a_profile(here)
    save_filter(profile, "mine", "owner:ada")
    return lambda: save_filter(profile, "stale", "flag:stale")


def _alone(here: Path) -> Act:
    def work() -> None:
        with alone_in([here]):
            replace_privately(here / "one", OLD)
            replace_privately(here / "one", None)

    return work


WORKS: Final = (
    Work("a new file", _new_file),
    Work("a private file", _private_file),
    Work("a file that comes and goes", _alone),
    Work("a text file", _text_file),
    Work("delivered to a file", _delivers(_file_target)),
    Work("delivered to .env", _delivers(_dotenv_target)),
    Work("sealed to a person", _delivers(_sealed_target)),
    Work("a file goes back", _goes_back(_file_target)),
    Work(".env goes back", _goes_back(_dotenv_target)),
    Work("a sealed file goes back", _goes_back(_sealed_target)),
    Work(".env settles", _settles),
    Work("issued into a list", _issues),
    Work("suspended in a list", _suspends),
    Work("restored in a list", _restores),
    Work("revoked in a list", _revokes),
    Work("a key file", _key_file),
    Work("the head of the log", _head_file),
    Work("a new vault", _opens),
    Work("a vault is opened", _opens_again),
    Work("the log as CSV", _exports("csv")),
    Work("the log as JSON lines", _exports("jsonl")),
    Work("a backup", _backs_up(False)),
    Work("a backup over another", _backs_up(True)),
    Work("a backup is loaded", _loads),
    Work("a vault is rebuilt", _rebuilds),
    Work("secrets of many new keys", _secrets_of_many),
    Work("a filter by a name", _saves_filter),
    Work("the first profile", _first_profile),
    Work("another profile", _adds_profile),
    Work("a profile less", _removes_profile),
)
