"""`keytui rotate --query`: a canary, then waves; it stops where too many fail, and the same again goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from keytui.domain.audit import Actor
from keytui.domain.errors import Invalid
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.open import open_vault
from keytui.vault.fleet import wave_size
from tests.serving import Serving
from tests.unit.cli.conftest import Commands

TABLES = """
[targets.env]
kind = "file"
path = "{home}/{{name}}"

[targets.ci]
kind = "command"
command = ["{home}/take", "{{name}}"]

[probes.edge]
kind = "http"
url = "{url}/ready"
header = "x-api-key"
keys = ["a"]
"""
TAKE = f"""#!{sys.executable} -IS
import pathlib, sys
sys.exit((pathlib.Path(__file__).parent / ("down-" + sys.argv[1])).exists())
"""
NAMES = ("a", "b", "c", "d")
LEFT_OUT: dict[object, tuple[object, object]] = {"e": (None, "left out")}


@dataclass(slots=True)
class Edge:
    """Lets in what looks like a key of ours, while it is up."""

    up: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Request(scope).headers.get("x-api-key", "")
        known = key.startswith("tk_") and self.up
        await Response(status_code=200 if known else 403)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Site:
    keytui: Commands
    edge: Edge

    @property
    def home(self) -> Path:
        return self.keytui.home

    def rotate(self, *more: str, code: int = 7) -> dict[object, tuple[object, object]]:
        """By key, its wave and its outcome, as a program reads them line by line."""
        run = self.keytui("rotate", "--query", "env:production", "--wave", "2", "--yes", "--json", *more, code=code)
        lines = [json.loads(line) for line in run.out.splitlines()]
        return {line["key"]: (line["wave"], line["outcome"]) for line in lines}

    def versions(self) -> list[object]:
        """The number of each key's newest version."""
        return [len(listed(self.keytui("show", name, "--json").answer["versions"])) for name in NAMES]


def listed(found: object) -> list[object]:
    assert isinstance(found, list)
    return found


@pytest.fixture
def site(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Four keys in two places each, and one more that nobody would receive."""
    monkeypatch.setattr("keytui.vault.proving.WITHIN", timedelta(0))
    edge = Edge()
    with Serving(edge) as serving:
        keytui.home.mkdir(mode=0o700)
        for name, text in (("config.toml", TABLES.format(home=keytui.home, url=serving.url)), ("take", TAKE)):
            path = keytui.home / name
            path.touch(0o600)
            path.write_text(text)
        (keytui.home / "take").chmod(0o700)
        for name in NAMES:
            keytui.created(name, "--target", "env", "--target", "ci")
        keytui.created("e")
        yield Site(keytui, edge)


def test_the_canary_goes_first_and_every_key_is_named_before_anything_is_done(site: Site) -> None:
    asked = site.keytui("rotate", "--query", "env:production", "--wave", "2", code=2)
    assert "canary: a (production)\nwave 1: b (production), c (production)\nwave 2: d (production)" in asked.err
    assert "left out: e (production): it has no target, so nobody would receive the new secret" in asked.err
    assert "4 keys would be rotated, and nobody is here to confirm it" in asked.err
    assert site.versions() == [1, 1, 1, 1]

    done = site.keytui("rotate", "--marked", "b", "--marked", "a", "--yes")

    assert done.out.splitlines()[0].startswith("canary: b (production) rotated, rotation #1 is overlapping")
    assert "✓ v2 of a is accepted, as it should be, at edge" in done.err
    assert site.versions() == [2, 2, 1, 1]
    site.keytui("verify", stdin=(site.home / "a").read_text())
    site.keytui("rotate", "--marked", "e", "--yes", code=1)


def test_what_is_left_out_is_a_line_for_programs_and_no_good_end(site: Site) -> None:
    run = site.keytui("rotate", "--marked", "a", "--marked", "e", "--yes", "--json", code=7)

    first, second = map(json.loads, run.out.splitlines())
    assert (first["key"], first["outcome"], first["wave"]) == ("e", "left out", None)
    assert first["error"]["message"] == "it has no target, so nobody would receive the new secret"
    assert (second["key"], second["outcome"]) == ("a", "rotated")
    assert first.keys() == second.keys()
    assert "1 left out" in run.err
    assert site.versions() == [2, 1, 1, 1]


def test_more_failures_than_the_budget_stop_it_and_the_same_again_goes_on(site: Site) -> None:
    (site.home / "down-c").touch()
    assert site.rotate() == {
        **LEFT_OUT,
        "a": (0, "rotated"),
        "b": (1, "rotated"),
        "c": (1, "failed"),
        "d": (2, "not tried"),
    }
    assert site.versions() == [2, 2, 2, 1]

    again = {**LEFT_OUT, "a": (0, "handed over before"), "b": (1, "handed over before")}
    assert site.rotate("--failure-budget", "1") == {**again, "c": (1, "failed"), "d": (2, "rotated")}

    (site.home / "down-c").unlink()
    assert site.rotate() == {**again, "c": (1, "resumed"), "d": (2, "handed over before")}
    assert site.versions() == [2, 2, 2, 2], "nothing is rotated twice"


def test_a_rotation_of_another_kind_or_of_somebody_else_is_left_to_whoever_began_it(site: Site) -> None:
    urgent = Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE)
    for name, plan, actor in (("b", urgent, "ada"), ("c", Plan(), "bob")):
        vault = open_vault(replace(site.keytui.profile, actor=Actor(actor, "bastion-2")))
        vault.plan(vault.find(name).id, plan, f"request-{name}")
        vault.close()

    done = site.keytui("rotate", "--query", "env:production", "--wave", "2", "--yes", code=7)

    assert "left out: b (production): its rotation #1 is planned and no rolling one: emergency" in done.err
    assert "left out: c (production): bob@bastion-2 holds its rotation #2, which is planned" in done.err
    assert site.versions() == [2, 1, 1, 2]
    assert site.keytui("show", "b", "--json").answer["state"] == "active"


def test_a_canary_that_is_not_let_in_stops_it_whatever_the_budget(site: Site) -> None:
    site.edge.up = False
    stopped = site.rotate("--failure-budget", "9", code=1)
    assert stopped == LEFT_OUT | {
        "a": (0, "unproven"),
        "b": (1, "not tried"),
        "c": (1, "not tried"),
        "d": (2, "not tried"),
    }
    assert site.rotate(code=1)["a"] == (0, "unproven"), "what is not let in still stops it"

    site.edge.up = True
    assert site.rotate()["a"] == (0, "handed over before")


def test_a_wave_is_a_number_or_a_share_and_nothing_else_goes_with_a_fleet(site: Site) -> None:
    assert [wave_size("5", 100), wave_size("10%", 101), wave_size("1%", 3)] == [5, 11, 1]
    for wrong in ("0", "0%", "101%", "a", "5%%", "-1"):
        with pytest.raises(Invalid):
            wave_size(wrong, 10)
    for more in (("a",), ("--due",), ("--show",), ("--marked", "a"), ("--wave", "none")):
        site.keytui("rotate", "--query", "env:production", "--yes", *more, code=2)
    assert "rolling" in site.keytui("rotate", "--marked", "a", "--strategy", "immediate", "--yes", code=1).err
    assert site.versions() == [1, 1, 1, 1]
