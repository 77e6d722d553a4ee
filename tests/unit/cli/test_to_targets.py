"""Commands on a key with targets: the secret goes there, and the systems themselves are asked who is let in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from dotenv import dotenv_values
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.serving import Serving
from tests.unit.cli.conftest import Commands

TABLES = """
[targets.web]
kind = "dotenv"
files = ["{home}/web.env"]
variable = "API_KEY"
previous = "API_KEY_PREVIOUS"

[targets.ci]
kind = "command"
command = ["{home}/take"]

[targets.worker]
kind = "file"
path = "{home}/worker-{{name}}"

[probes.edge]
kind = "http"
url = "{url}/ready"
header = "x-api-key"
keys = ["checkout"]
"""
TAKE = f"""#!{sys.executable} -IS
import pathlib, sys
home = pathlib.Path(__file__).parent
sys.exit(1) if (home / "down").exists() else (home / "taken").write_text(sys.stdin.read())
"""


@dataclass(slots=True)
class Edge:
    """A system that lets in what looks like a key of ours, but for those that it was told of."""

    refused: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Request(scope).headers.get("x-api-key", "")
        self.asked.add(key)
        known = key.startswith("tk_") and key not in self.refused
        await Response(status_code=200 if known else 403)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Site:
    """A home with three targets and a probe."""

    keytui: Commands
    edge: Edge

    @property
    def home(self) -> Path:
        return self.keytui.home

    def web(self, variable: str = "API_KEY") -> str:
        """What the consumer of the .env file has."""
        return dotenv_values(self.home / "web.env").get(variable) or ""

    def text(self, name: str) -> str:
        return (self.home / name).read_text()

    def state(self) -> object:
        return self.keytui("rotations", "--all", "--json").items[0]["state"]


@pytest.fixture
def site(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr("keytui.vault.proving.PAUSE", 0.01)
    monkeypatch.setattr("keytui.vault.proving.WITHIN", timedelta(seconds=0.1))
    edge = Edge()
    with Serving(edge) as serving:
        keytui.home.mkdir(mode=0o700)
        for name, text in (
            ("config.toml", TABLES.format(home=keytui.home, url=serving.url)),
            ("web.env", "DEBUG=1\nAPI_KEY=by-hand\n"),
            ("take", TAKE),
        ):
            path = keytui.home / name
            path.touch(0o600)
            path.write_text(text)
        (keytui.home / "take").chmod(0o700)
        yield Site(keytui, edge)


def test_a_new_key_goes_to_its_targets_and_is_printed_nowhere(site: Site) -> None:
    run = site.keytui(
        *("create", "checkout", "--env", "production", "--owner", "o", "--scope", "s"),
        *("--target", "web", "--target", "worker"),
    )

    assert run.out == ""
    assert "✓ web: holds v1, as read back" in run.err
    site.keytui("verify", stdin=site.web())
    assert site.web() == site.text("worker-checkout")
    assert site.web() not in run.err


def test_a_new_key_that_not_every_target_took_says_which_and_the_way_on(site: Site) -> None:
    (site.home / "down").touch()

    new = ("create", "checkout", "--env", "production", "--owner", "o", "--scope", "s")
    told = site.keytui(*new, "--target", "web", "--target", "ci", "--target", "worker", code=1)

    assert "web has v1" in told.err
    assert "ci may have v1" in told.err
    assert "worker has not got it, and was not asked" in told.err
    assert "`keytui rotate checkout` makes another secret" in told.err
    assert told.out == ""


def test_by_hand_and_without_a_target_here_the_secret_is_printed_as_ever(site: Site) -> None:
    by_hand = site.keytui.created("checkout", "--target", "web", "--no-deliver")
    assert by_hand.startswith("tk_")
    assert site.web() == "by-hand"
    printed = site.keytui("rotate", "checkout", "--no-deliver")
    assert printed.out.startswith("tk_")
    assert "not delivered to web: as you said" in printed.err

    site.keytui.created("elsewhere")
    with site.keytui.vault() as vault:
        assert vault.find("elsewhere").targets == ()
    config = site.home / "config.toml"
    config.write_text("")
    site.keytui("complete", "checkout", "--force", "--note", "a test", code=1)
    site.keytui("rollback", "checkout", "--yes")
    assert site.keytui("rotate", "checkout").out.startswith("tk_"), "no target of it is known here"


def test_a_place_that_holds_another_keys_secret_is_refused_and_left_as_it_is(site: Site) -> None:
    others = site.keytui.created("checkout").strip()
    (site.home / "web.env").write_text(f"API_KEY={others}\n")
    site.keytui.created("search", "--target", "web", "--no-deliver")

    rehearsed = site.keytui("rotate", "search", "--dry-run", code=1)
    assert "target web holds v1 of checkout (production, " in rehearsed.out
    refused = site.keytui("rotate", "search", code=1).err
    assert "whose consumers would lose it" in refused
    assert "give search another target" in refused
    site.keytui("systems", "check", code=7)
    create = site.keytui(*_create("third"), "--target", "web", code=1)
    assert "target web holds v1 of checkout" in create.err
    assert site.keytui("list", "third", "--json").items == []
    assert site.web() == others
    assert "≠ web holds v1 of checkout, another key" in site.keytui("drift", "search", code=1).out
    assert '"other_key": "checkout"' in site.keytui("drift", "search", "--json", code=1).out

    site.keytui("revoke", "checkout", "--reason", "leaver", "--yes")
    site.keytui("rotate", "search")
    assert site.web() != others


def _create(name: str) -> tuple[str, ...]:
    return ("create", name, "--env", "production", "--owner", "o", "--scope", "s")


def test_a_rotation_is_delivered_and_proven_and_shown_where_that_is_asked_for(site: Site) -> None:
    site.keytui.created("checkout", "--target", "web", "--target", "ci")
    old = site.web()

    run = site.keytui("rotate", "checkout", "--show")

    assert run.out == site.web() != old
    assert site.web("API_KEY_PREVIOUS") == old
    assert site.text("taken") == site.web()
    assert "✓ ci: took v2; what it holds nobody can read back" in run.err
    assert "✓ v2 of checkout is accepted, as it should be, at edge" in run.err
    assert site.state() == "overlapping"
    answer = site.keytui("rollback", "checkout", "--yes", "--json").answer
    assert answer["state"] == "rolled_back"
    assert (site.web(), site.web("API_KEY_PREVIOUS")) == (old, "by-hand")


def test_a_target_that_would_fail_is_found_out_before_anything_is_written(site: Site) -> None:
    site.keytui.created("checkout", "--target", "worker", "--target", "web")
    (site.home / "web.env").unlink()

    assert "web" in site.keytui("rotate", "checkout", code=1).err

    assert site.keytui("rotations", "--all", "--json").items == []
    rehearsed = site.keytui("rotate", "checkout", "--dry-run", code=1).out
    assert "✗ target web (dotenv)" in rehearsed
    assert "✓ target worker (file): ready" in rehearsed
    assert "✓ probe edge (http): ready" in rehearsed


def test_no_way_on_rests_on_a_version_that_its_issuer_does_not_know(site: Site) -> None:
    allowlist = site.home / "allowlist.env"
    allowlist.touch(0o600)
    allowlist.write_text("API_KEYS=\n")
    config = site.home / "config.toml"
    reserve = f'[issuers.reserve]\nkind = "envlist"\nfile = "{allowlist}"\nvariable = "API_KEYS"\nformat = "tk"\n'
    config.write_text(config.read_text() + reserve)
    new = ("create", "checkout", "--issuer", "reserve", "--env", "production", "--owner", "o", "--scope", "s")
    site.keytui(*new, "--target", "ci", "--target", "worker")
    allowlist.write_text("API_KEYS=\n")
    site.keytui("sync", "reserve", code=1)
    unknown = "v1 is unknown there, although it is accepted here"

    rehearsed = site.keytui("rotate", "checkout", "--dry-run").out
    assert f"beware: {unknown}, by the last sync of reserve: only the new version would be accepted" in rehearsed
    assert "would be replaced by version 2, which alone would be accepted" in rehearsed
    assert "both accepted" not in rehearsed

    (site.home / "down").touch()
    skipped = site.keytui("rotate", "checkout", "--skip", "ci", code=1).err
    assert f"ci cannot be skipped: {unknown}" in skipped

    told = site.keytui("rotate", "checkout", code=1).err
    assert f"{unknown}; rotation #1 stays open" in told
    assert "retry: `keytui rotate checkout --resume`" in told
    assert f"no skip: {unknown}" in told
    assert f"no roll back: {unknown}" in told


def test_a_target_that_fails_stops_it_there_and_every_way_on_is_told(site: Site) -> None:
    site.keytui.created("checkout", "--target", "web", "--target", "ci", "--target", "worker")
    old = site.text("worker-checkout")
    (site.home / "down").touch()

    told = site.keytui("rotate", "checkout", code=1)

    assert told.out == ""
    for line in (
        "web has v2",
        "ci may have v2",
        "worker has not got it, and was not asked",
        "v1 is still accepted; rotation #1 stays open",
        "retry: `keytui rotate checkout --resume` tries ci again",
        "skip: `keytui rotate checkout --resume --skip ci`",
        "roll back: `keytui abandon checkout`",
    ):
        assert line in told.err
    assert (site.state(), site.text("worker-checkout")) == ("issued", old)
    assert "no target of that name" in site.keytui("rotate", "checkout", "--resume", "--skip", "cii", code=1).err

    done = site.keytui("rotate", "checkout", "--resume", "--skip", "ci", "--json")

    assert done.answer["state"] == "overlapping"
    assert "version 2 is delivered to web, worker" in done.err
    deliveries = done.answer["deliveries"]
    assert isinstance(deliveries, list)
    assert {one["target"]: one["state"] for one in deliveries} == {"web": "has it", "ci": "skipped", "worker": "proven"}
    assert site.text("worker-checkout") == site.web() != old


def test_what_nobody_else_would_receive_is_not_skipped(site: Site) -> None:
    site.keytui.created("checkout", "--target", "ci")
    (site.home / "down").touch()
    told = site.keytui("rotate", "checkout", code=1).err
    assert "no skip: it is the last way by which anybody would receive the secret" in told
    assert "the last way" in site.keytui("rotate", "checkout", "--resume", "--skip", "ci", code=1).err


@pytest.mark.parametrize(
    ("targets", "words", "why"),
    [
        (("web", "ci"), ("--strategy", "immediate", "--skip", "ci"), "is revoked before the new one is delivered"),
        (("web", "ci"), ("--strategy", "emergency", "--first", "revoke", "--skip", "ci"), "is revoked before"),
        (("web", "ci"), ("--skip", "worker"), "no target of that name"),
        (("web", "ci"), ("--skip", "ci", "--skip", "web"), "the last way"),
        (("web",), ("--no-deliver", "--skip", "web"), "no target has it from here"),
    ],
)
def test_what_cannot_be_skipped_is_found_out_before_anything_is_issued(
    site: Site, targets: tuple[str, ...], words: tuple[str, ...], why: str
) -> None:
    site.keytui.created("checkout", *(word for name in targets for word in ("--target", name)))
    old = site.web()

    assert why in site.keytui("rotate", "checkout", *words, code=None).err

    assert site.keytui("rotations", "--all", "--json").items == []
    site.keytui("verify", stdin=old)


def test_an_old_version_that_a_system_lets_in_is_not_completed(site: Site) -> None:
    site.keytui.created("checkout", "--target", "web")
    old = site.web()
    site.keytui("rotate", "checkout")
    assert "STILL ACCEPTED at edge" in site.keytui("retire", "checkout", "--force", "--note", "a test", code=1).err

    told = site.keytui("complete", "checkout", code=1)

    assert "v1 of checkout is STILL ACCEPTED at edge, although it is over: the rotation is not completed" in told.err
    assert site.state() == "suspended"

    assert "STILL ACCEPTED" in site.keytui("complete", "checkout", "--force", "--note", "a test", code=1).err
    assert site.state() == "suspended"

    site.edge.refused.add(old)
    done = site.keytui("complete", "checkout", "--force", "--note", "a test", "--json").answer
    assert (done["state"], site.web("API_KEY_PREVIOUS")) == ("completed", "")
    log = site.keytui("audit").out
    assert "carries the former secret no longer" in log
    assert "proof.probed" in log
    assert done["settled"] == [{"target": "web", "state": "settled", "said": ""}]
    proofs = done["proofs"]
    assert isinstance(proofs, list)
    assert [(one["version"], one["outcome"]) for one in proofs] == [(2, "accepted"), (1, "refused")]


def test_an_old_version_that_nothing_suspends_is_revoked_and_the_rotation_open_until_it_is_refused(site: Site) -> None:
    site.keytui.created("checkout", "--target", "web")
    old = site.web()
    site.keytui("rotate", "checkout", "--strategy", "emergency", "--first", "replace", "--reason", "compromise")

    told = site.keytui("complete", "checkout", "--force", "--note", "stolen", code=1)

    assert "v1 of checkout is STILL ACCEPTED at edge, although it is over: the rotation is not completed" in told.err
    assert site.state() == "proving"
    site.keytui("verify", stdin=old, code=1)
    assert "revoked v1 already" in site.keytui("verdict", "checkout", code=1).err
    assert "already revoked" in site.keytui("rollback", "checkout", "--yes", code=1).err
    site.keytui("complete", "checkout", code=1)

    site.edge.refused.add(old)
    assert "is completed" in site.keytui("complete", "checkout").out
    assert site.state() == "completed"


def test_an_old_version_stays_where_the_new_one_is_shut_out(site: Site) -> None:
    site.keytui.created("checkout", "--target", "web")
    site.keytui("rotate", "checkout")
    site.edge.refused.add(site.web())
    assert "v2 of checkout is refused at edge" in site.keytui("retire", "checkout", code=1).err
    assert site.state() == "overlapping"


def test_an_old_secret_that_nobody_has_is_not_asked_with_and_never_called_refused(site: Site) -> None:
    old = site.keytui.created("checkout", "--target", "worker", "--no-deliver")
    site.keytui("rotate", "checkout")
    told = site.keytui("retire", "checkout", "--force", "--note", "a test").err
    assert "v1 of checkout at edge: not asked" in told
    assert "refused" not in told
    told = site.keytui("complete", "checkout", "--old", "-", stdin=old, code=1).err
    assert "STILL ACCEPTED" in told
    assert old not in told


def test_an_immediate_rotation_is_not_over_while_the_old_version_is_let_in(site: Site) -> None:
    site.keytui.created("checkout", "--target", "web")
    old = site.web()
    told = site.keytui("rotate", "checkout", "--strategy", "immediate", code=1).err
    assert "v1 of checkout is STILL ACCEPTED at edge, although it is over: the rotation is not completed" in told
    assert "rotation #1 is proving; next: `keytui complete checkout` asks the systems again" in told
    assert site.state() == "proving"
    assert "STILL ACCEPTED" in site.keytui("complete", "checkout", "--old", "-", stdin=old, code=1).err
    site.edge.refused.add(old)
    site.keytui("complete", "checkout", "--old", "-", stdin=old)
    assert site.state() == "completed"
    site.keytui("verify", stdin=site.web())


def test_a_secret_is_sent_to_no_probe_that_does_not_name_its_key(site: Site) -> None:
    site.keytui.created("other", "--target", "worker")
    site.keytui("rotate", "other")
    assert site.edge.asked == set()
    assert "no probe names other" in site.keytui("prove", "other", code=1).err
