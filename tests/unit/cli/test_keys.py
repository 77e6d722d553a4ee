"""Keys by commands: made, listed, looked at, changed, ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.cli.conftest import Commands

KEY_FIELDS = {
    "id", "name", "kind", "owner", "environment", "tenant", "scopes", "issuer", "prefix", "version", "state", "flags",
    "targets", "created_at", "rotated_at", "last_used_at", "expires_at",
}  # fmt: skip
NEW = ("--env", "production", "--owner", "payments", "--scope", "bookings:read")


def test_create_in_a_pipe_prints_the_secret_and_nothing_else(keytui: Commands) -> None:
    created = keytui("create", "checkout", *NEW)
    assert re.fullmatch(r"tk_[a-z0-9]{32}", created.out)
    assert created.out not in created.err
    assert "checkout" in created.err


def test_create_in_json_gives_key_version_and_secret(keytui: Commands) -> None:
    answer = keytui(
        "create", "checkout", *NEW, "--scope", "bookings:write", "--tenant", "acme", "--expires", "90d",
        "--format", "hk", "--sensitive", "--app", "web", "--description", "for [bold]the[/] shop", "--json",
    ).answer  # fmt: skip
    assert answer.keys() == {"key", "version", "secret"}
    assert answer["version"] == 1
    assert str(answer["secret"]).startswith("hk_")
    key = answer["key"]
    assert isinstance(key, dict)
    assert key.keys() == KEY_FIELDS
    assert key["scopes"] == ["bookings:read", "bookings:write"]
    assert key["tenant"] == "acme"
    expires = datetime.fromisoformat(key["expires_at"])
    assert key["expires_at"].endswith("Z")
    assert timedelta(days=89) < expires - datetime.now(UTC) < timedelta(days=91)
    shown = keytui("show", "checkout", "--json").answer
    assert shown["apps"] == ["web"]
    assert shown["sensitive"] is True
    assert shown["description"] == "for [bold]the[/] shop"


@pytest.mark.parametrize(
    "words",
    [
        ("create", "checkout"),
        ("create", "checkout", *NEW, "--expires", "soon"),
        ("create", "checkout", *NEW, "--expires", "2020-01-01"),
        ("create", "checkout", *NEW, "--format", "short_:hex:4"),
        ("create", "check\x1b[31mout", *NEW),
        ("list", "--sort", "colour"),
        ("list", "flag:purple"),
        ("list", "--jsno"),
        ("disable",),
        ("disable", "checkout", "--owner", "payments"),
        ("edit", "checkout"),
        ("frobnicate",),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error_in_words(keytui: Commands, words: tuple[str, ...]) -> None:
    keytui.created()
    refused = keytui(*words, code=2)
    assert refused.out == ""
    assert "Traceback" not in refused.err
    assert "\x1b" not in refused.err
    assert len(keytui("list", "--json").items) == 1


def test_a_name_that_is_taken_is_refused(keytui: Commands) -> None:
    keytui.created()
    assert "checkout" in keytui("create", "checkout", *NEW, code=1).err


def test_list_filters_sorts_and_limits(keytui: Commands) -> None:
    for name in ("beta", "alpha", "gamma"):
        keytui.created(name)
    keytui("create", "delta", "--env", "development", "--owner", "data", "--scope", "x")
    assert [key["name"] for key in keytui("list", "--json").items] == ["alpha", "beta", "delta", "gamma"]
    assert [key["name"] for key in keytui("list", "--sort", "-name", "--limit", "2", "--json").items] == [
        "gamma",
        "delta",
    ]
    assert [key["name"] for key in keytui("list", "-env:production", "--json").items] == ["delta"]
    assert [key["name"] for key in keytui("list", "owner:payments", "bet", "--json").items] == ["beta"]
    assert keytui("list", "nothing-like-it", "--json").json == []
    assert keytui("list", "--json").items[0].keys() == KEY_FIELDS


def test_list_in_plain_text_is_a_table_of_whole_words(keytui: Commands) -> None:
    keytui.created("a-name-that-is-much-longer-than-any-column-of-a-terminal-would-be-at-eighty-characters")
    listed = keytui("list")
    heading, row = listed.out.splitlines()
    assert heading.split()[:3] == ["NAME", "ENV", "OWNER"]
    assert row.split()[:3] == [
        "a-name-that-is-much-longer-than-any-column-of-a-terminal-would-be-at-eighty-characters",
        "production",
        "payments",
    ]
    assert "never-used" in row
    assert listed.err == "1 of 1\n"


def test_names_of_callers_cannot_move_the_cursor(keytui: Commands) -> None:
    secret = keytui.created()
    keytui("verify", "--caller", "evil\x1b]52;c;\x07[red]\u202e", stdin=secret)
    log = keytui("audit")
    callers = keytui("callers", "checkout")
    assert "\x1b" not in log.out + callers.out
    assert "\u202e" not in log.out + callers.out


def test_show_by_id_name_and_prefix_names_versions(keytui: Commands) -> None:
    secret = keytui.created()
    key = keytui("show", "checkout", "--json").answer
    assert key.keys() > KEY_FIELDS
    versions = key["versions"]
    assert isinstance(versions, list)
    assert [(version["number"], version["state"], version["prefix"]) for version in versions] == [
        (1, "active", secret[:12])
    ]
    assert keytui("show", str(key["id"]), "--json").answer["name"] == "checkout"
    assert keytui("show", secret[:12], "--json").answer["name"] == "checkout"
    plain = keytui("show", "checkout").out
    assert "payments" in plain
    assert secret not in plain


def test_a_key_that_is_not_there_and_one_that_is_ambiguous(keytui: Commands) -> None:
    assert "keytui list" in keytui("show", "nobody", code=1).err
    keytui.created()
    keytui("create", "checkout", "--env", "staging", "--owner", "payments", "--scope", "x")
    ambiguous = keytui("show", "checkout", code=1)
    assert "staging" in ambiguous.err
    assert "production" in ambiguous.err


def test_a_secret_in_place_of_a_key_is_refused_and_not_repeated(keytui: Commands) -> None:
    secret = keytui.created()
    refused = keytui("show", secret, code=1)
    assert secret not in refused.err + refused.out
    for command in ("verify", "diagnose"):
        refused = keytui(command, secret, code=2)
        assert secret not in refused.err + refused.out


def test_edit_changes_what_may_change(keytui: Commands) -> None:
    keytui.created()
    edited = keytui(
        "edit", "checkout", "--name", "shop", "--owner", "web", "--scope", "a", "--scope", "b", "--app", "ios",
        "--description", "new", "--expires", "30d", "--sensitive", "--json",
    ).answer  # fmt: skip
    assert (edited["name"], edited["owner"], edited["scopes"], edited["apps"]) == ("shop", "web", ["a", "b"], ["ios"])
    assert edited["sensitive"] is True
    assert edited["expires_at"] is not None
    edited = keytui("edit", "shop", "--expires", "never", "--no-sensitive", "--json").answer
    assert edited["expires_at"] is None
    assert edited["sensitive"] is False
    assert edited["owner"] == "web"


def test_disable_and_enable_take_each_other_back(keytui: Commands) -> None:
    secret = keytui.created()
    keytui("disable", "checkout", "--note", "a check")
    assert keytui("verify", "--json", stdin=secret, code=1).answer["reason"] == "disabled"
    assert "disabled" in keytui("disable", "checkout", code=1).err
    assert keytui("enable", "checkout", "--json").answer["state"] == "active"
    keytui("verify", stdin=secret)


def test_disable_all_keys_of_an_owner_names_them(keytui: Commands) -> None:
    for name in ("one", "two"):
        keytui.created(name)
    keytui("create", "other", "--env", "production", "--owner", "payments-eu", "--scope", "x")
    assert "say --yes" in keytui("disable", "--owner", "payments", code=2).err
    disabled = keytui("disable", "--owner", "Payments", "--yes")
    assert "one (production), two (production)" in disabled.err
    states = {key["name"]: key["state"] for key in keytui("list", "--json").items}
    assert states == {"one": "disabled", "two": "disabled", "other": "active"}
    assert "payments" in keytui("disable", "--owner", "payments", "--yes", code=1).err, "nothing is left to disable"
    assert [key["state"] for key in keytui("disable", "--owner", "payments-eu", "--yes", "--json").items] == [
        "disabled"
    ]


def test_revoke_needs_a_yes_in_a_script(keytui: Commands) -> None:
    secret = keytui.created()
    assert "--yes" in keytui("revoke", "checkout", "--reason", "leaver", code=2).err
    keytui("verify", stdin=secret)
    assert keytui("revoke", "checkout", "--reason", "leaver", "--yes", "--json").answer["state"] == "revoked"
    assert keytui("verify", "--json", stdin=secret, code=1).answer["reason"] == "revoked"
    assert "every key is revoked: `keytui list state:revoked`" in keytui("list").err
    keytui("revoke", "checkout", "--reason", "leaver", "--yes", code=1)
    assert keytui("list", "--json").json == []
    assert [key["name"] for key in keytui("list", "state:revoked", "--json").items] == ["checkout"]


def test_revoke_of_one_version_leaves_the_key(keytui: Commands) -> None:
    keytui.created()
    keytui("rotate", "checkout")
    keytui("retire", "checkout", "--force", "--note", "a test")
    refused = keytui("revoke", "checkout", "--version", "1", "--reason", "compromise", "--yes", code=1)
    assert "rotation #1" in refused.err


def test_schedule_lists_what_falls_due(keytui: Commands) -> None:
    keytui.created("soon", "--expires", "10d")
    assert keytui("schedule", "--next", "5d", "--json").json == []
    (due,) = keytui("schedule", "--next", "30d", "--json").items
    assert (due["what"], due["key"], due["overdue"]) == ("expiry", "soon", False)
    assert "soon" in keytui("schedule").out


def test_more_keys_than_a_page_are_all_listed(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.cli.looking.PAGE", 2)
    for name in "abcde":
        keytui.created(name)
    assert [key["name"] for key in keytui("list", "--json").items] == list("abcde")
