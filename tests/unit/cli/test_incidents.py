"""Emergencies by commands: one keystroke to the end of the old secret, and what is told, closed and found later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from tests.doubles.dropping import Dropping
from tests.doubles.reserve import Reserve
from tests.doubles.served import Stage
from tests.serving import Serving
from tests.unit.cli.conftest import Commands

SECRET = re.compile(r"tk_[a-z0-9]{32}")
CLOSED = ("--cause", "a .env file", "--remediation", "rotated", "--lessons", "scan before a push")


@pytest.fixture
def places(keytui: Commands) -> tuple[Path, ...]:
    """Three files that a key's secret goes to."""
    paths = tuple(keytui.home / f"{name}.env" for name in ("web", "jobs", "ci"))
    tables = (f'[targets.{path.stem}]\nkind = "dotenv"\nfiles = ["{path}"]\nvariable = "API_KEY"\n' for path in paths)
    keytui.home.mkdir(mode=0o700, exist_ok=True)
    config = keytui.home / "config.toml"
    config.write_text("\n".join(tables))
    config.chmod(0o600)
    for path in paths:
        path.write_text("# the shop\nAPI_KEY=before\n")
        path.chmod(0o600)
    return paths


def targeted(keytui: Commands) -> str:
    """The secret of a key that has all three as its targets; none of them has it yet."""
    with keytui.vault() as vault:
        draft = KeyDraft("checkout", "production", targets=("web", "jobs", "ci"))
        return vault.create(draft, "created").secret.reveal()


def secrets_at(places: tuple[Path, ...]) -> set[str]:
    return {path.read_text().partition("API_KEY=")[2].strip().strip("'\"") for path in places}


@pytest.mark.parametrize("first", ["revoke", "replace"])
def test_an_emergency_ends_the_old_secret_and_puts_the_new_one_everywhere(
    keytui: Commands, places: tuple[Path, ...], first: str
) -> None:
    old = targeted(keytui)

    done = keytui("incident", "checkout", "--first", first, "--title", "in a public repository")

    (new,) = secrets_at(places)
    assert SECRET.fullmatch(new)
    assert new not in done.out + done.err
    keytui("verify", stdin=new)
    keytui("verify", stdin=old, code=1)
    lines = [line.partition(" s  ")[2] for line in done.out.splitlines()]
    order = [lines.index("v1 is revoked here"), lines.index("web holds v2"), lines.index("ci holds v2")]
    assert order == sorted(order) if first == "revoke" else order[0] == max(order)
    (incident,) = keytui("incident", "list", "--json").items
    assert (incident["title"], incident["open"]) == ("in a public repository", True)
    (rotation,) = keytui("rotations", "--all", "--json").items
    assert (rotation["state"], rotation["reason"]) == ("completed", "compromise")


def test_without_a_target_the_secret_is_all_that_a_pipe_gets(keytui: Commands) -> None:
    old = keytui.created()
    done = keytui("incident", "checkout", "--first", "revoke")
    assert SECRET.fullmatch(done.out)
    keytui("verify", stdin=done.out)
    keytui("verify", stdin=old, code=1)
    again = keytui("incident", "--first", "replace", "--json", "checkout").answer  # options may stand first
    assert SECRET.fullmatch(str(again["secret"]))
    assert isinstance(again["incident"], dict)
    assert again["incident"]["id"] == 1  # the key's open incident goes on


def test_nothing_is_done_until_somebody_has_chosen_and_the_costs_are_told(keytui: Commands) -> None:
    old = keytui.created()
    refused = keytui("incident", "checkout", code=2)
    assert "v1 is refused at once" in refused.err
    assert "v1 works on, for whoever stole it too" in refused.err
    keytui("verify", stdin=old)
    assert keytui("incident").out == ""


def test_a_target_that_fails_stops_it_and_the_same_again_goes_on(keytui: Commands, places: tuple[Path, ...]) -> None:
    old = targeted(keytui)
    places[1].unlink()
    places[1].mkdir()

    failed = keytui("incident", "checkout", "--first", "revoke", "--json", code=1)
    keytui("verify", stdin=old, code=1)
    assert failed.answer["failure"] is not None
    assert failed.answer["old_revoked_after_seconds"] is not None

    to_go_on = keytui("incident", "checkout", code=2).err
    assert "--first revoke: v1 is revoked already. Go on: deliver v2 to jobs, ci." in " ".join(to_go_on.split())
    assert "at once" not in to_go_on

    places[1].rmdir()
    places[1].write_text("API_KEY=before\n")
    places[1].chmod(0o600)
    keytui("incident", "checkout", "--first", "revoke")
    (new,) = secrets_at(places)
    keytui("verify", stdin=new)
    assert len(keytui("incident", "list", "--json").items) == 1


def test_a_second_leak_is_refused_while_the_one_that_is_open_would_go_on_with_what_leaked(
    keytui: Commands, places: tuple[Path, ...]
) -> None:
    targeted(keytui)
    places[1].unlink()
    places[1].mkdir()
    keytui("incident", "checkout", "--first", "revoke", code=1)
    leaked = places[0].read_text().partition("API_KEY=")[2].strip()

    for chosen in ((), ("--first", "revoke")):
        refused = keytui("incident", "checkout", "--again", *chosen, code=1)
        assert "rotation #1 is issued: --again ends one that is proving" in refused.err
        assert "incident #1" not in refused.out

    done = keytui(*_commands_in(refused.err))
    keytui("verify", stdin=leaked, code=1)
    keytui("verify", stdin=done.out)


def test_a_second_leak_is_refused_before_the_old_version_is_over(keytui: Commands) -> None:
    old = keytui.created()
    leaked = keytui("incident", "checkout", "--first", "replace").out

    refused = keytui("incident", "checkout", "--again", "--first", "revoke", code=1)
    assert "rotation #1 is delivered: --again ends one that is proving" in refused.err
    keytui("verify", stdin=old)

    keytui(*_commands_in(refused.err))
    done = keytui("incident", "checkout", "--again", "--first", "revoke")
    for dead in (old, leaked):
        keytui("verify", stdin=dead, code=1)
    keytui("verify", stdin=done.out)


def _commands_in(hint: str) -> list[str]:
    """The words of the command that it names."""
    return " ".join(hint.split()).partition("`keytui ")[2].partition("`")[0].split()


@pytest.mark.parametrize("end", [(), ("retire", "checkout", "--force", "--note", "x")])
def test_what_was_open_is_ended_first_so_that_no_older_secret_is_left(keytui: Commands, end: tuple[str, ...]) -> None:
    first = keytui.created()
    second = keytui("rotate", "checkout").out
    if end:
        keytui(*end)
    third = keytui("incident", "checkout", "--first", "revoke").out
    for dead in (first, second):
        keytui("verify", stdin=dead, code=1)
    keytui("verify", stdin=third)


def test_an_incident_is_noted_shown_exported_closed_and_found(keytui: Commands) -> None:
    keytui.created()
    keytui("incident", "checkout", "--first", "revoke", "--title", "<img src=x> [here](http://evil)")
    keytui("incident", "note", "1", "the host is *off*\nthe network")
    shown = keytui("incident", "show", "1").out
    assert "the host is *off*" in shown
    assert "rotation.old-revoked: checkout v1" in shown

    report = keytui("incident", "export", "1").out
    assert r"# Incident 1: \<img src=x\> \[here\](http\://evil)" in report
    assert r"the host is \*off\* / the network" in report
    assert "## Lessons learned\n\nnot written yet" in report

    assert "lessons" in keytui("incident", "close", "1", "--cause", "x", "--remediation", "y", code=2).err
    assert keytui("incident", "close", "1", *CLOSED, "--json").answer["open"] is False
    assert keytui("incident", "list").out == ""
    assert "#1" in keytui("incident", "list", "scan before").out
    assert keytui("incident", "--json").items == []
    for words in (("--all", "--json"), ("--limit", "5", "--all", "--json")):
        assert len(keytui("incident", *words).items) == 1
    assert "scan before a push" in keytui("incident", "export", "1").out


def test_no_fault_of_the_configuration_keeps_anybody_from_ending_a_secret(
    keytui: Commands, places: tuple[Path, ...]
) -> None:
    old = targeted(keytui)
    config = keytui.home / "config.toml"
    config.write_text(config.read_text().replace("variable =", "varible ="))

    stopped = keytui("incident", "checkout", "--first", "revoke", code=2)
    assert "no field 'varible'" in stopped.err
    assert "--no-deliver" in stopped.err
    keytui("verify", stdin=old)

    done = keytui("incident", "checkout", "--first", "revoke", "--no-deliver")
    keytui("verify", stdin=old, code=1)
    keytui("verify", stdin=done.out)
    assert SECRET.fullmatch(keytui("rotate", "checkout", "--no-deliver").out)
    assert SECRET.fullmatch(keytui.created("other", "--target", "web", "--no-deliver"))


def test_a_key_called_like_a_verb_is_reached_too(keytui: Commands) -> None:
    old = keytui.created("list")
    keytui("incident", "begin", "list", "--first", "revoke")
    keytui("verify", stdin=old, code=1)


@pytest.mark.parametrize("first", ["replace", "revoke"])
def test_a_system_that_does_otherwise_is_said_so_and_nothing_counts_as_done(
    keytui: Commands, places: tuple[Path, ...], first: str
) -> None:
    """The system lets in the old secret and no other, whatever the vault says."""
    old = targeted(keytui)
    for path in places:
        path.write_text(f"API_KEY={old}\n")
    reserve = Reserve()
    reserve.add("checkout", old, ["default"])
    with Stage() as stage:
        asked_with(keytui, f"{stage.serve(reserve)}/whoami")
        ended = keytui("incident", "checkout", "--first", first, "--within", "1s", code=1)

    (rotation,) = keytui("rotations", "--all", "--json").items
    if first == "replace":
        assert "v2 is refused at ready, so v1 was not refused" in ended.err
        assert rotation["state"] == "delivered"
        keytui("verify", stdin=old)
    else:
        assert "v1 of checkout is STILL ACCEPTED at ready" in ended.err
        assert "✗" in ended.out
        assert rotation["state"] == "proving"
        again = keytui("incident", "checkout", "--first", "revoke", "--no-deliver", "--within", "1s", code=1)
        assert "rotation #1 goes on: it is proving" in again.err
        assert "v1 of checkout was STILL ACCEPTED at ready" in again.err
        assert "if that leaked too: `keytui incident" in again.err
        asked = keytui("incident", "checkout", "--again", "--no-deliver", code=2).err
        assert "v2 is refused at once" in asked
        another = keytui("incident", "checkout", "--again", "--first", "revoke", "--no-deliver")
        assert "rotation #1, which was open, is completed" in another.err
        keytui("verify", stdin=places[0].read_text().removeprefix("API_KEY=").strip(), code=1)
        keytui("verify", stdin=another.out)


@pytest.mark.parametrize(("lost", "said"), [("issue", "v1 may be refused already"), ("handed_over", "was written")])
def test_a_line_that_drops_under_an_emergency_is_told_with_what_stands(
    keytui: Commands, monkeypatch: pytest.MonkeyPatch, lost: str, said: str
) -> None:
    keytui.created()
    monkeypatch.setattr("keytui.cli.session.open_vault", lambda profile: Dropping(LocalVault.open(profile), lost))

    ended = keytui("incident", "checkout", "--first", "revoke", code=5)

    assert said in ended.err
    assert "the answer was lost" in ended.err


@pytest.mark.parametrize("answer", [403, 503])
def test_an_emergency_is_not_over_while_a_system_does_not_let_the_new_secret_in(
    keytui: Commands, places: tuple[Path, ...], answer: int
) -> None:
    targeted(keytui)

    with Serving(_answers) as serving:
        asked_with(keytui, f"{serving.url}/{answer}")
        ended = keytui("incident", "checkout", "--first", "revoke", "--within", "1s", code=1)

    said = (
        "v2 of checkout is refused at ready" if answer == 403 else "whether v2 of checkout is accepted at ready is not"
    )
    assert said in ended.err
    assert re.search(r"`keytui prove [a-z0-9]{16}` asks again", ended.err)


@pytest.mark.parametrize("held", [False, True])
def test_the_old_secret_is_called_refused_by_nobody_who_was_not_asked_with_it(
    keytui: Commands, places: tuple[Path, ...], held: bool
) -> None:
    old = targeted(keytui)
    if held:
        places[0].write_text(f"API_KEY={old}\n")
    with Serving(_System({old})) as serving:
        asked_with(keytui, serving.url)
        ended = keytui("incident", "checkout", "--first", "revoke", "--json").answer

    assert (ended["old_refused_after_seconds"] is not None) is held
    assert ended["old_revoked_after_seconds"] is not None
    said = " / ".join(str(step["said"]) for step in steps(ended))
    assert ("v1 at ready: not asked, its secret is not at hand" in said) is not held
    assert ("v1 is refused at ready" in said) is held
    assert "v1 is revoked here" in said


def test_what_goes_on_after_a_stop_asks_with_the_old_secret_too(keytui: Commands, places: tuple[Path, ...]) -> None:
    old = targeted(keytui)
    places[2].write_text(f"API_KEY={old}\n")
    places[1].unlink()
    with Serving(_System({old})) as serving:
        asked_with(keytui, serving.url)
        keytui("incident", "checkout", "--first", "revoke", code=1)
        places[1].write_text("API_KEY=before\n")
        places[1].chmod(0o600)
        ended = keytui("incident", "checkout", "--first", "revoke", "--json").answer
    assert ended["old_refused_after_seconds"] is not None


def test_a_secret_that_is_printed_leaves_no_probe_unmentioned(keytui: Commands) -> None:
    keytui.created()
    with Serving(_System(set())) as serving:
        asked_with(keytui, serving.url)
        told = keytui("incident", "checkout", "--first", "revoke").err
    assert "v1 is revoked here" in told
    assert "v1 at ready: not asked, its secret is not at hand" in told


def steps(answer: dict[str, object]) -> list[dict[str, object]]:
    found = answer["steps"]
    assert isinstance(found, list)
    return found


@dataclass(frozen=True, slots=True)
class _System:
    """Lets in what looks like a key of ours, but for what it knows as over."""

    over: set[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Request(scope).headers.get("x-api-key", "")
        known = key.startswith("tk_") and key not in self.over
        await Response(status_code=200 if known else 403)(scope, receive, send)


async def _answers(scope: Scope, receive: Receive, send: Send) -> None:
    """Nobody is let in; what is no key gets 403, any other the status in the path."""
    request = Request(scope)
    known = request.headers.get("x-api-key", "").startswith("tk_")
    await Response(status_code=int(request.url.path[1:]) if known else 403)(scope, receive, send)


def asked_with(keytui: Commands, url: str) -> None:
    """A probe that asks there with the key."""
    probe = f'[probes.ready]\nkind = "http"\nurl = "{url}"\nheader = "x-api-key"\nkeys = ["checkout"]\n'
    with (keytui.home / "config.toml").open("a") as config:
        config.write(probe)
