"""The whole life of a key at an issuer, by commands on a team's server, among systems that repeat what they are told.

The canary must not sing: not in what commands and the server say, not in a file, not in what a child is started with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from dotenv import dotenv_values

from keytui.domain.access import Role
from keytui.domain.operators import OperatorDraft
from tests.end_to_end.canary import leaks_in
from tests.end_to_end.home import Home
from tests.end_to_end.talkative import HAND_MADE, PASSWORD, Talkative, taking_program
from tests.end_to_end.team_server import TeamServer, team_server, token
from tests.serving import Serving
from tests.unit.cli.conftest import Commands
from tests.webhook_receiver import SECRET as SIGNING

ISSUER = """
[issuers.booking]
kind = "rest"
preset = "payload"
url = "{url}"
user = "file:{world}/user"
password = "file:{world}/password"
"""
SYSTEMS = """
[targets.web]
kind = "dotenv"
files = ["{world}/web.env"]
variable = "API_KEY"

[targets.ci]
kind = "command"
command = ["{world}/take", "{{version}}"]

[targets.store]
kind = "webhook"
url = "{url}/hook"
secret = "file:{world}/signing"
allow_private = true

[probes.edge]
kind = "http"
url = "{url}/api/bookings"
header = "x-api-key"
keys = ["checkout"]
timeout = "1s"
"""
ISSUES, REVOKES, ASKED, HOOK = (
    ("POST", "/api/api-keys"),
    ("DELETE", "/api"),
    ("GET", "/api/bookings"),
    ("POST", "/hook"),
)
CLOSED = ("--cause", "a push", "--remediation", "rotated", "--lessons", "scan first", "--override", "nobody calls here")


@dataclass
class Life:
    """An operator's commands on the server, all that they said, and the world around."""

    commands: Commands
    world: Path
    around: Talkative
    said: list[str] = field(default_factory=list)

    def __call__(self, *words: str, code: int = 0) -> str:
        """A command, and how it ends."""
        run = self.commands("--profile", "team", *words, code=code)
        self.said += [run.out, run.err]
        return run.out + run.err

    def fails(self, *words: str, says: str = "") -> None:
        """A command that comes to no good end, after somebody repeated what they were told."""
        run = self.commands("--profile", "team", *words, code=None)
        self.said += [run.out, run.err]
        assert run.code != 0, run
        assert "Usage:" not in run.err
        assert says in run.out + run.err

    @property
    def held(self) -> str:
        """What stands in the consumer's .env file."""
        return dotenv_values(self.world / "web.env").get("API_KEY") or ""

    def down(self, *, is_down: bool = True) -> None:
        (self.world / "down").touch() if is_down else (self.world / "down").unlink()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """What is not keytui's: files that hold secrets because that is what they are for."""
    world = tmp_path / "world"
    world.mkdir(mode=0o700)
    for name, text in (
        *(("user", "ta-alpha@example.test"), ("password", PASSWORD), ("signing", SIGNING)),
        *(("web.env", "PORT=1\n"), ("down", ""), ("leaked.txt", f"key: {HAND_MADE}\n")),
    ):
        (world / name).touch(0o600)
        (world / name).write_text(text)
    (world / "down").unlink()
    return world


def begin(commands: Commands, server: TeamServer, url: str, world: Path, around: Talkative) -> Life:
    """An operator's machine, with the systems that it delivers to and asks."""
    config = commands.home / "config.toml"
    config.touch(0o600)
    config.write_text(SYSTEMS.format(world=world, url=url))
    taking_program(world / "take", commands.home, world)
    commands("profiles", "add", "team", server.url, "--token-file", str(world / "ada.token"))
    return Life(commands, world, around)


def created(life: Life) -> None:
    """At an issuer that refuses at first, and for targets of which one fails."""
    new = ("create", "checkout", "--env", "production", "--owner", "o", "--scope", "s", "--issuer", "booking")
    targets = ("--target", "web", "--target", "ci", "--target", "store")
    life.around.strike(ISSUES, status=400)
    life.fails(*new, *targets)
    life.around.strike()
    life.down()
    life.fails(*new, *targets, says="ci may have v1")
    life.down(is_down=False)


def rotated(life: Life) -> None:
    """Nobody hears of what was issued, and a target fails after others took it; then the probe, then the issuer."""
    life.around.strike(ISSUES, HOOK, late=True)
    life.fails("rotate", "checkout", says="store may have")
    life.around.strike(ASKED)
    life("rotate", "checkout", "--resume")
    life("retire", "checkout", "--force", "--note", "a test")
    life.around.strike(REVOKES)
    life.fails("complete", "checkout", "--force", "--note", "a test")
    life.around.strike()
    life("complete", "checkout", "--force", "--note", "a test")


def ended_in_an_incident(life: Life) -> None:
    """The secret leaks; what is done about it fails at first, at the issuer and then at a target."""
    with (life.world / "leaked.txt").open("a") as leaked:
        leaked.write(f"key: {life.held}\n")
    life("scan", str(life.world / "leaked.txt"), "--report", code=3)
    life.around.strike(REVOKES)
    life.fails("incident", "checkout", "--first", "revoke")
    life.around.strike(HOOK, ASKED)
    life.fails("incident", "checkout", "--first", "revoke")
    life.around.strike()
    life("incident", "checkout", "--first", "revoke")
    life("incident", "export", "1")
    life("incident", "close", "1", *CLOSED)


def looked_at(life: Life) -> None:
    """Everything that tells of the key, with a store that holds what is over."""
    old = (life.world / "leaked.txt").read_text().split()[-1]
    (life.world / "web.env").write_text(f"API_KEY={old}\n")
    assert "which is revoked" in life("drift", "checkout", code=1)
    life.around.strike(("GET", "/api/api-keys"))
    life.fails("sync")
    life.around.strike()
    assert "✓ booking" in life("sync")
    for words in (("show", "checkout"), ("audit",), ("rotations", "--all"), ("incident", "list", "--all")):
        life(*words, "--json")


def test_a_whole_life_at_an_issuer_leaves_no_secret_anywhere(
    home: Home, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.vault.proving.PAUSE", 0.01)
    monkeypatch.setattr("keytui.vault.proving.WITHIN", timedelta(seconds=0.1))
    home.vault_home.mkdir(mode=0o700)
    ada = home.know(token(home.vault_home, OperatorDraft("ada", Role.SUPER_ADMIN)))
    (world / "ada.token").touch(0o600)
    (world / "ada.token").write_text(ada)
    around = Talkative()
    with Serving(around) as serving:
        issuer = ISSUER.format(url=serving.url, world=world).splitlines()
        with team_server(home.vault_home, settings=issuer) as server:
            life = begin(Commands(home.vault_home, monkeypatch), server, serving.url, world, around)
            assert "1 brought in" in life("sync")
            created(life)
            rotated(life)
            ended_in_an_incident(life)
            looked_at(life)
    home.secrets += [*around.secrets, SIGNING]

    assert around.told > 6, "what was to be repeated was repeated"
    assert len(around.secrets) > 5
    assert not list(leaks_in("\n".join(life.said).encode(), home.secrets, "what commands say"))
    assert "payload-token=s" not in "".join(life.said), "a session lets in like its password"
    spied = (home.vault_home / "spied").read_bytes()
    assert b"take" in spied
