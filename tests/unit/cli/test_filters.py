"""Filters by name, by commands: saved, used, listed, forgotten, and never a place for a secret."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from stat import S_IMODE

import pytest

from keytui.domain.audit import Actor
from keytui.domain.errors import Invalid, KeytuiError
from keytui.vault.profile import Profile
from keytui.vault.saved_filters import FILE_NAME, Of, load_filters, save_filter
from tests.unit.cli.conftest import Commands

NEW = ("--scope", "bookings:read", "--owner")


def test_a_filter_by_what_no_key_has_says_what_may_have_been_meant(keytui: Commands) -> None:
    keytui.created()
    near = "no key has env:prod; did you mean env:production?"

    assert near in keytui("list", "env:prod").err
    assert keytui("list", "env:prod", "--json").json == []
    assert near in keytui("list", "env:prod", "--json").err
    assert near in keytui("rotate", "--query", "-env:prod", "--dry-run").err, "it would leave nothing out"
    assert near in keytui("review", "--query", "env:prod", "--json").err
    assert "no key has" not in keytui("list", "env:production", "-owner:payments").err
    assert "did you mean stale?" in keytui("list", "flag:stal", code=2).err


def test_a_filter_is_saved_used_listed_and_forgotten(keytui: Commands) -> None:
    for name, environment in (("a", "production"), ("b", "staging")):
        keytui("create", name, "--env", environment, *NEW, "payments")
    assert "keytui list @mine" in keytui("filters", "save", "mine", "env:production", "owner:payments").err
    keytui("filters", "save", "gone", "-env:production")
    keytui("filters", "save", "--audit", "made", "key.created", "since:24h")
    assert [key["name"] for key in keytui("list", "@mine", "--json").items] == ["a"]
    assert [key["name"] for key in keytui("list", "@gone", "owner:payments", "--json").items] == ["b"]
    assert keytui("filters", "--json").items == [
        {"of": "keys", "name": "gone", "filter": "-env:production"},
        {"of": "keys", "name": "mine", "filter": "env:production owner:payments"},
        {"of": "audit", "name": "made", "filter": "key.created since:24h"},
    ]
    keytui("filters", "remove", "@mine")
    refused = keytui("list", "@mien", code=2)
    assert "no filter is saved as 'mien'" in refused.err
    assert "gone" in refused.err
    assert keytui("filters", "remove", "mine", code=1).out == ""


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a b", "env:x", "cannot name a filter"),
        ("x", "nothing:here", "nothing to filter by"),
        ("x", "  ", "no filter to keep"),
        ("x", "@other", "name of another"),
        ("x", "tk_" + "a" * 32, "looks like a secret"),
        ("x", "name:tk_" + "a" * 32, "looks like a secret"),
        ("x", "-tk_" + "a" * 32, "looks like a secret"),
        ("x", "owner:a,tk_" + "a" * 32, "looks like a secret"),
        ("x", '"hk_' + "a" * 43 + '"', "looks like a secret"),
        ("x", f"(kto_{'a' * 40})", "looks like a secret"),
        ("x", "-ghp_" + "a1B2" * 9, "looks like a secret"),
        ("x", "owner:a,sk-proj-" + "a1B2" * 9, "looks like a secret"),
        ("tk_" + "a" * 32, "env:x", "name looks like a secret"),
        ("x", "a\x1b]52;c;x\a", "no filter to keep"),
    ],
)
def test_what_is_no_filter_is_refused_and_nothing_is_lost(tmp_path: Path, name: str, text: str, told: str) -> None:
    profile = Profile("p", tmp_path / "p", Actor("ada"))
    save_filter(profile, "kept", "flag:stale")
    with pytest.raises(Invalid, match=told):
        save_filter(profile, name, text)
    assert dict(load_filters(profile).keys) == {"kept": "flag:stale"}
    assert S_IMODE((profile.directory / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"keys": 3}', b'{"keys": {"a": 3}}', b"\xff", b"[" * 100_000])
def test_a_file_that_is_broken_is_told_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    profile = Profile("p", tmp_path, Actor("ada"))
    (tmp_path / FILE_NAME).write_bytes(content)
    for act in (lambda: load_filters(profile), lambda: save_filter(profile, "a", "env:x")):
        with pytest.raises(Invalid, match="holds no filters"):
            act()
    assert (tmp_path / FILE_NAME).read_bytes() == content


@pytest.mark.parametrize(
    "text", ["tk_a1b2c3d4e", "ghp_a1B2c3d4", "sk-internationalisation-2024", "desk_0123456789abcdef"]
)
def test_a_prefix_or_a_name_that_begins_like_a_token_is_kept(tmp_path: Path, text: str) -> None:
    profile = Profile("p", tmp_path, Actor("ada"))
    save_filter(profile, "kept", text)
    assert dict(load_filters(profile).keys) == {"kept": text}


def test_a_pipe_in_its_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    heard: list[KeytuiError] = []

    def load() -> None:
        try:
            load_filters(Profile("p", tmp_path, Actor("ada")))
        except KeytuiError as error:
            heard.append(error)

    loading = threading.Thread(target=load, daemon=True)
    loading.start()
    loading.join(10)
    assert "and no file" in heard[0].message


def test_two_who_save_at_once_lose_nothing(tmp_path: Path) -> None:
    profile = Profile("p", tmp_path, Actor("ada"))
    savers = [threading.Thread(target=save_filter, args=(profile, f"f{n}", "env:x", Of.KEYS)) for n in range(12)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    assert len(load_filters(profile).keys) == 12
