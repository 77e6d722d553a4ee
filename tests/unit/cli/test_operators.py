"""Operators, approvals and a person who leaves, by commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keytui.domain.secrets import OPERATOR_TOKEN, Secret
from keytui.vault.local.vault import LocalVault
from tests.unit.cli.conftest import Commands

Become = Callable[[str], None]


@pytest.fixture
def become(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> Become:
    """From now on the commands are somebody's whom the server knows by a token."""

    def as_holder_of(token: str) -> None:
        owner = LocalVault.open(keytui.profile)
        principal = owner.authenticate(Secret(token), "10.0.0.7")
        owner.close()
        assert principal is not None
        monkeypatch.setattr(
            "keytui.cli.session.open_vault", lambda profile: LocalVault.open(profile).acting_as(principal)
        )

    return as_holder_of


def test_a_token_is_told_once_and_alone(keytui: Commands) -> None:
    made = keytui("operators", "add", "ada", "--role", "tenant_admin", "--tenant", "acme", "--expires", "90d")

    assert OPERATOR_TOKEN.fits(Secret(made.out))
    assert made.err == f"made ada, tenant_admin of tenant acme ({made.out[:12]}…)\n"
    (listed,) = keytui("operators", "list", "--json").items
    assert (listed["name"], listed["role"], listed["tenant"]) == ("ada", "tenant_admin", "acme")
    assert listed["prefix"] == made.out[:12]
    assert listed["valid"] is True
    for told in (keytui("operators").out, keytui("operators", "--json").out, keytui("audit", "--json").out):
        assert made.out not in told


def test_as_json_the_token_comes_with_its_operator(keytui: Commands) -> None:
    made = keytui("operators", "add", "gateway", "--role", "service", "--scope", "verify", "--json").answer

    assert isinstance(made["operator"], dict)
    assert made["operator"]["scopes"] == ["verify"]
    assert OPERATOR_TOKEN.fits(Secret(str(made["token"])))


def test_a_revoked_token_comes_last_and_its_name_is_free(keytui: Commands) -> None:
    for name in ("ada", "bob"):
        keytui("operators", "add", name, "--role", "staff")
    taken = keytui("operators", "add", "ada", "--role", "staff", code=1)
    assert "there is an operator called ada already" in taken.err

    assert keytui("operators", "revoke", "ada", "--note", "left").out.startswith("revoked the token of ada")

    assert [one["name"] for one in keytui("operators", "--json").items] == ["bob", "ada"]
    keytui("operators", "revoke", "ada", code=1)
    keytui("operators", "add", "ada", "--role", "staff")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ada", "--role", "boss"), "super_admin, tenant_admin, staff, service"),
        (("ada", "--role", "local"), "nobody is given the role"),
        (("ada", "--role", "tenant_admin"), "belongs to a tenant"),
        (("ada", "--role", "super_admin", "--tenant", "acme"), "belongs to no tenant"),
        (("ada", "--role", "service"), "a service has scopes"),
        (("ada", "--role", "staff", "--scope", "verify"), "an operator has none"),
        (("ada", "--role", "service", "--scope", "reveal"), "no scope of a service"),
        (("key:1", "--role", "staff"), "cannot be an operator's name"),
        (("ada", "--role", "staff", "--expires", "2020-01-01"), "is past"),
    ],
)
def test_what_cannot_be_is_not_made(keytui: Commands, words: tuple[str, ...], told: str) -> None:
    refused = keytui("operators", "add", *words, code=2)

    assert told in refused.err
    assert refused.out == ""
    assert keytui("operators", "--json").items == []


def test_a_sensitive_key_waits_for_a_second_operator(keytui: Commands, become: Become) -> None:
    keytui.created("vip", "--sensitive")
    ada = keytui("operators", "add", "ada", "--role", "super_admin").out
    bob = keytui("operators", "add", "bob", "--role", "super_admin").out

    become(ada)
    waiting = keytui("revoke", "vip", "--reason", "leaver", "--yes", code=6)
    assert "keytui approvals approve 1" in waiting.err
    assert "is your own" in keytui("approvals", "approve", "1", code=6).err

    become(bob)
    (request,) = keytui("approvals", "--json").items
    assert (request["key"], request["operation"], request["what"]) == ("vip", "revoke", "the whole key, leaver")
    assert "vip" in keytui("approvals").out
    assert keytui("approvals", "approve", "1", "--note", "she left").out == "approved #1: revoke vip (production)\n"
    assert keytui("approvals", "--json").items == []

    become(ada)
    assert keytui("revoke", "vip", "--reason", "leaver", "--yes").out == "revoked vip\n"
    (used,) = keytui("approvals", "list", "--all", "--json").items
    assert (used["state"], used["decided_by"], used["note"]) == ("used", "bob@10.0.0.7", "she left")


def test_a_request_can_be_denied(keytui: Commands, become: Become) -> None:
    keytui.created("vip", "--sensitive")
    become(keytui("operators", "add", "ada", "--role", "super_admin").out)
    keytui("rotate", "vip", code=6)

    assert keytui("approvals", "deny", "1", "--json").answer["state"] == "denied"
    assert keytui("approvals").err == "nothing waits for an answer\n"


def test_a_role_says_what_it_takes(keytui: Commands, become: Become) -> None:
    keytui.created("checkout")
    become(keytui("operators", "add", "eve", "--role", "staff").out)

    assert len(keytui("list", "--json").items) == 1
    refused = keytui("disable", "checkout", code=6)
    assert "the role staff may not disable: it takes super_admin or tenant_admin" in refused.err


def test_who_leaves_is_shut_out_at_once(keytui: Commands) -> None:
    for name in ("one", "two"):
        keytui("create", name, "--env", "production", "--owner", "ada", "--scope", "read")
    keytui.created("theirs")
    for name in ("ada", "ada@laptop", "adam"):
        keytui("operators", "add", name, "--role", "staff")

    assert "say --yes in a script" in keytui("disable-user", "ada", code=2).err
    done = keytui("disable-user", "ada", "--note", "left", "--yes", "--json").answer

    assert isinstance(done["keys"], list)
    assert isinstance(done["operators"], list)
    assert [key["name"] for key in done["keys"]] == ["one", "two"]
    assert [operator["name"] for operator in done["operators"]] == ["ada", "ada@laptop"]
    assert {one["name"] for one in keytui("operators", "--json").items if one["valid"]} == {"adam"}
    assert "owns no key that is enabled" in keytui("disable-user", "ada", "--yes", code=1).err
