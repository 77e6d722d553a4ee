"""The first rotation of a key that `sync` brought in: nobody here had its old value; its systems are asked with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.doubles.http import Double, Heard, Said
from tests.doubles.payload import Payload
from tests.doubles.reserve import ADMIN_KEY, Reserve
from tests.serving import Serving
from tests.unit.cli.conftest import Commands

NAME = "Production API Key"
PAYLOAD = "tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4"
RESERVE = "rk_KJmUpiqUw-fUVawgvo-0jK4D8p_9trDs"


class Edge(Double):
    """A cache before the system, which has heard of no end of a key."""

    def answer(self, heard: Heard) -> Said:
        return Said(200 if heard.headers.get("x-api-key") in (PAYLOAD, RESERVE) else 403, {})


@dataclass
class Site:
    """A platform that has a key, and the one consumer of it, whose file has no second variable."""

    keytui: Commands
    old: str
    accepts: Callable[[str], bool]
    told: int
    """How many of the value's first characters the platform tells."""
    refuses: int
    said: list[str] = field(default_factory=list)

    @property
    def env(self) -> Path:
        return self.keytui.home / "web.env"

    @property
    def standing(self) -> str:
        return dotenv_values(self.env)["API_KEY"] or ""

    def __call__(self, *words: str, code: int = 0) -> str:
        done = self.keytui(*words, code=code)
        self.said.append(done.out + done.err)
        return done.out + done.err

    def rotated(self) -> None:
        self("sync", "platform")
        self("edit", NAME, "--target", "web")
        assert "✓ v2 of Production API Key is accepted" in self("rotate", NAME)
        assert self.standing != self.old
        assert self.accepts(self.standing)

    def edge(self, url: str) -> None:
        """One more system to ask."""
        with (self.keytui.home / "config.toml").open("a") as config:
            config.write(f'[probes.edge]\nkind = "http"\nurl = "{url}/"\nheader = "x-api-key"\nkeys = ["{NAME}"]\n')


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def site(
    keytui: Commands, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Site]:
    """At Payload, unless said."""
    preset = getattr(request, "param", "payload")
    monkeypatch.setattr("keytui.vault.proving.PAUSE", 0.01)
    monkeypatch.setattr("keytui.vault.proving.WITHIN", timedelta(seconds=0.1))
    payload, reserve = Payload(), Reserve()
    payload.add(NAME, PAYLOAD, scopeType="read_only")
    reserve.add(NAME, RESERVE, ["default"])
    if preset == "payload":
        url = stack.enter_context(Serving(payload)).url
        login, asks = 'user = "env:PLATFORM_USER"\npassword = "env:PLATFORM_KEY"', "api/bookings"
        monkeypatch.setenv("PLATFORM_USER", "ta-alpha@example.test")
        monkeypatch.setenv("PLATFORM_KEY", "right horse battery")
        site = Site(keytui, PAYLOAD, payload.accepts, told=12, refuses=403)
    else:
        url = stack.enter_context(Serving(reserve)).url
        login, asks = 'credential = "env:PLATFORM_KEY"', "ready"
        monkeypatch.setenv("PLATFORM_KEY", ADMIN_KEY)
        site = Site(keytui, RESERVE, reserve.accepts, told=6, refuses=401)
    keytui.home.mkdir(mode=0o700)
    for name, text in (
        ("web.env", f"API_KEY={site.old}\n"),
        (
            "config.toml",
            f'[issuers.platform]\nkind = "rest"\npreset = "{preset}"\nurl = "{url}"\n{login}\n'
            f'[targets.web]\nkind = "dotenv"\nfiles = ["{keytui.home}/web.env"]\nvariable = "API_KEY"\n'
            f'[probes.platform]\nkind = "http"\nurl = "{url}/{asks}"\nheader = "x-api-key"\nkeys = ["{NAME}"]\n',
        ),
    ):
        (keytui.home / name).touch(0o600)
        (keytui.home / name).write_text(text)
    yield site
    assert not [secret for secret in (PAYLOAD, RESERVE, site.standing) if secret in "".join(site.said)]


@pytest.mark.parametrize("site", ["payload", "reserve-admin"], indirect=True)
def test_the_old_value_is_asked_with_although_nobody_here_ever_had_it(site: Site) -> None:
    site.rotated()
    refused = f"v1 of {NAME} is refused, as it should be, at platform: {site.refuses}"
    known = f"known by its first {site.told} characters alone"
    told = site("retire", NAME, "--force", "--note", "a test")
    assert refused in told
    assert known in told
    assert refused in site("complete", NAME, "--force", "--note", "a test")
    assert not site.accepts(site.old)
    assert refused in site("prove", NAME)


def test_where_a_system_lets_it_in_the_rotation_is_not_completed(site: Site, stack: ExitStack) -> None:
    site.edge(stack.enter_context(Serving(Edge())).url)
    site("sync", "platform")
    site("edit", NAME, "--target", "web")
    site("rotate", NAME, code=1)  # nor does the cache know the new one
    told = site("retire", NAME, "--force", "--note", "a test", code=1)
    assert f"v1 of {NAME} is STILL ACCEPTED at edge" in told
    assert "rotation.completed" not in site("audit", "--key", NAME)
    assert "v1 at edge: STILL ACCEPTED, although it was over (200" in site("proof", NAME, code=1)


def test_rolling_back_gives_the_consumer_the_old_value_again(site: Site) -> None:
    site.rotated()
    site("rollback", NAME, "--yes", "--note", "a test")
    assert site.standing == site.old
    assert site.accepts(site.old)


def test_the_proof_of_such_a_key_is_what_its_systems_said(site: Site) -> None:
    site.rotated()
    before = site("proof", NAME)
    assert "platform accepts or refuses this key, so its systems are asked, by probes" in before
    assert "v2 at platform: accepted (200)" in before
    assert "old version v1, which is outgoing, was not asked there; `keytui prove 'Production API Key'` asks" in before
    assert "not yet" not in before

    assert "v1" not in site("prove", NAME), "it is in use, and our request would be one use more"
    site("retire", NAME, "--force", "--note", "a test")
    words = site.keytui("proof", NAME, "--json").answer
    probed = words["probed"]
    assert isinstance(probed, list)
    assert {(one["version"], one["outcome"], one["holds"]) for one in probed} == {
        (2, "accepted", True),
        (1, "refused", True),
    }
    assert words["issuer"] == "platform"
