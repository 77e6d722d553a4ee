"""What a vault asks of another issuer, each as a change that takes several transactions and calls between them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from dotenv import dotenv_values

from keytui.domain.audit import Actor
from keytui.domain.errors import AlreadyDone, Refused
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan, Reason, Strategy
from keytui.domain.secrets import parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.vault.test_issuer_faults import ANYWAY, Faulty
from tests.world import StoppedClock, repeatable_randomness

Done = TypeVar("Done")


@dataclass
class Watched(Faulty):
    """An issuer that is asked for nothing that the vault has not written down before."""

    vault: Path = field(default_factory=Path)
    asked: Callable[[], None] = field(default=lambda: None)
    """Told of each call, before it is made."""

    def _tried(self, act: Callable[[], Done]) -> Done:
        self.asked()
        assert rows_of(self.vault, "SELECT 1 FROM calls"), "it is asked for what nobody has written down"
        return super()._tried(act)


def rows_of(vault: Path, statement: str) -> list[tuple[object, ...]]:
    """As another program reads them: no fault of ours is its own."""
    with closing(sqlite3.connect(f"file:{vault}?mode=ro", uri=True, factory=sqlite3.Connection)) as database:
        return database.execute(statement).fetchall()


@dataclass
class Service:
    """A service that reads its keys from a list, and the vault that changes it."""

    vault: LocalVault
    issuer: Watched
    file: Path

    @classmethod
    def open(cls, here: Path) -> Service:
        file = here / ".env"
        if not file.exists():
            file.touch(0o600)
            file.write_text("API_KEYS=\n")
        inner = EnvListIssuer("reserve", file, "API_KEYS", parse_format("base64"))
        issuer = Watched(inner, vault=here / "vault" / "vault.db")
        vault = LocalVault.open(
            Profile("prod", here / "vault", Actor("ada", "bastion-2")),
            StoppedClock(),
            repeatable_randomness(),
            issuers=lambda: {"reserve": issuer},
        )
        return cls(vault, issuer, file)

    @property
    def accepted(self) -> set[str]:
        """The beginnings of what the service accepts."""
        return {value[:12] for value in (dotenv_values(self.file)["API_KEYS"] or "").split(",") if value}

    @property
    def known(self) -> set[str]:
        """The beginnings of all values that the vault knows of."""
        return {str(prefix) for (prefix,) in rows_of(self.issuer.vault, "SELECT prefix FROM versions")}

    def standing(self) -> object:
        """What each side says of how many versions, and that no call is open."""
        states = rows_of(self.issuer.vault, "SELECT state, count(*) FROM versions WHERE state <> 'revoked' GROUP BY 1")
        calls = rows_of(self.issuer.vault, "SELECT 1 FROM calls")
        return len(self.accepted), sorted(states), calls

    def open_rotations(self) -> list[str]:
        return [str(one.state) for one in self.vault.rotations(True, 0, 9)]

    @property
    def key_id(self) -> str:
        return self.vault.find("orders").id

    @property
    def rotation_id(self) -> int:
        return self.vault.rotations(False, 0, 1)[0].id


Act = Callable[[Service], object]


def nothing(_service: Service) -> None:
    """There is no key yet."""


def created(service: Service) -> None:
    _create(service)


def disabled(service: Service) -> None:
    created(service)
    _disable(service)


def planned(service: Service) -> None:
    created(service)
    service.vault.plan(service.key_id, Plan(), "two")


def issued(service: Service) -> None:
    planned(service)
    service.vault.issue(service.rotation_id)


def handed_over(service: Service) -> None:
    planned(service)
    service.vault.prove(service.rotation_id, service.vault.issue(service.rotation_id).secret)


def retired(service: Service) -> None:
    handed_over(service)
    service.vault.retire(service.rotation_id, ANYWAY)


def _create(service: Service) -> object:
    """Where the answer was lost, the key is there and says how another secret is had: an immediate rotation."""
    try:
        return service.vault.create(KeyDraft("orders", "production", issuer="reserve"), "one")
    except AlreadyDone:
        plan = Plan(Strategy.IMMEDIATE)
        rotation = service.vault.open_rotation(service.key_id) or service.vault.plan(service.key_id, plan, "two")
        return service.vault.prove(rotation.id, service.vault.issue(rotation.id).secret)


def _disable(service: Service) -> object:
    return service.vault.disable(service.key_id, "")


def _issue(service: Service) -> object:
    """A secret that was lost with the answer is issued anew: that is what resuming does."""
    try:
        return service.vault.issue(service.rotation_id)
    except Refused:
        return service.vault.reissue(service.rotation_id)


CHANGES: Final[dict[str, tuple[Callable[[Service], None], Act]]] = {
    "create": (nothing, _create),
    "issue": (planned, _issue),
    "reissue": (issued, lambda service: service.vault.reissue(service.rotation_id)),
    "retire": (handed_over, lambda service: service.vault.retire(service.rotation_id, ANYWAY)),
    "restore": (retired, lambda service: service.vault.restore(service.rotation_id)),
    "complete": (retired, lambda service: service.vault.complete(service.rotation_id, ANYWAY)),
    "rollback": (handed_over, lambda service: service.vault.rollback(service.rotation_id, "")),
    "abandon": (issued, lambda service: service.vault.abandon(service.rotation_id, "")),
    "disable": (created, _disable),
    "enable": (disabled, lambda service: service.vault.enable(service.key_id, "")),
    "revoke": (created, lambda service: service.vault.revoke(service.key_id, None, Reason.SCHEDULED, "")),
    "sync": (created, lambda service: service.vault.sync("reserve")),
}
