"""`keytui prove`: the system itself says who is let in, however late it hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.vault.local.vault import LocalVault
from tests.serving import Serving
from tests.unit.cli.conftest import Commands


@dataclass(slots=True)
class System:
    """Lets keys in, and hears of a revocation after so many questions."""

    accepted: set[str] = field(default_factory=set)
    late: int = 0
    open: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Request(scope).headers.get("x-api-key", "")
        known = key in self.accepted or self.open
        if known and self.late:
            self.late -= 1
            if not self.late:
                self.accepted.discard(key)
        await Response(status_code=200 if known else 403)(scope, receive, send)


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
def site(keytui: Commands, system: System) -> Iterator[Commands]:
    """A key that was rotated, whose old version is revoked; its secrets stand in files."""
    with Serving(system) as serving:
        keytui.home.mkdir(mode=0o700)
        config = keytui.home / "config.toml"
        config.touch(0o600)
        config.write_text(f'[probes.edge]\nkind = "http"\nurl = "{serving.url}/ready"\nheader = "x-api-key"\n')
        old = keytui.created("checkout")
        new = keytui("rotate", "checkout", "--strategy", "immediate").out
        for name, secret in (("old", old), ("new", new)):
            (keytui.home / name).touch(0o600)
            (keytui.home / name).write_text(secret)
        yield keytui


def prove(site: Commands, *names: str, code: int = 0, within: str = "5s") -> str:
    secrets = [word for name in names for word in ("--secret", f"file:{site.home / name}")]
    return site("prove", "checkout", "--probe", "edge", *secrets, "--within", within, code=code).out


def secret(site: Commands, name: str) -> str:
    return (site.home / name).read_text().strip()


def test_the_new_one_is_let_in_and_the_old_one_refused(site: Commands, system: System) -> None:
    system.accepted.add(secret(site, "new"))
    said = prove(site, "old", "new")
    assert "✓ v2 of checkout is accepted, as it should be, at edge: 200" in said
    assert "✓ v1 of checkout is refused, as it should be, at edge: 403" in said
    assert not any(secret(site, name) in said for name in ("old", "new"))


def test_it_is_asked_again_until_the_system_has_heard(site: Commands, system: System) -> None:
    system.accepted.add(secret(site, "old"))
    system.late = 2
    assert "✓ v1 of checkout is refused" in prove(site, "old")
    assert system.late == 0


def test_one_that_is_over_and_still_let_in_is_said_in_these_words(site: Commands, system: System) -> None:
    system.accepted |= {secret(site, "old"), secret(site, "new")}
    said = prove(site, "old", "new", code=1, within="1s")
    assert "✗ v1 of checkout is STILL ACCEPTED at edge, although it is over" in said
    answer = site(
        "prove",
        "checkout",
        "--probe",
        "edge",
        "--secret",
        f"file:{site.home / 'old'}",
        "--json",
        "--within",
        "1s",
        code=1,
    ).items
    assert [(one["version"], one["outcome"], one["holds"]) for one in answer] == [(1, "accepted", False)]


def test_a_system_that_lets_everybody_in_proves_nothing(site: Commands, system: System) -> None:
    system.open = True
    assert (
        "is not refused"
        in site("prove", "checkout", "--probe", "edge", "--secret", f"file:{site.home / 'new'}", code=1).err
    )


def test_a_stranger_is_sent_nowhere(site: Commands, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    stranger.touch(0o600)
    stranger.write_text("somebody-elses-secret")
    told = site("prove", "checkout", "--probe", "edge", "--secret", f"file:{stranger}", code=1).err
    assert "no version of checkout" in told
    assert "somebody-elses" not in told
    assert "there is no secret to ask with" in site("prove", "checkout", "--probe", "edge", code=1).err
    assert "edge" in site("prove", "checkout", "--probe", "egde", code=1).err


def test_who_may_not_rotate_may_ask_and_the_log_has_it_of_those_who_may(
    site: Commands, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.accepted.add(secret(site, "new"))
    with monkeypatch.context() as staff:
        eve = Principal(Actor("eve", "10.0.0.9"), Role.STAFF)
        staff.setattr("keytui.cli.session.open_vault", lambda profile: LocalVault.open(profile).acting_as(eve))
        prove(site, "new")
    logged = site("audit").out
    assert not [type_ for type_ in ("proof.probed", "access.refused") if type_ in logged]
    prove(site, "new")
    assert "proof.probed" in site("audit").out
