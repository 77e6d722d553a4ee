"""What a tenant's admin makes, changes and ends stays within the tenant."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from keytui.domain.access import Operation, Role
from keytui.domain.automation import Selection
from keytui.domain.errors import Forbidden, Invalid, NotFound, Refused
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.operators import OperatorDraft
from keytui.domain.query import Sort, parse
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.vault.model import Found
from tests.unit.vault.access.two_tenants import TeamVault

WHO: Final = Caller.called("web-1", "10.1.1.1")


def test_keys_are_made_in_the_own_tenant_only(together: TeamVault) -> None:
    vault = together.as_(together.tenants["acme"].admin)
    found = [Found("LEGACY", "LEGACY", Secret("sk_live_0123456789abcdefghijABCDEFGHIJ"))]
    token = Secret("a token of somebody else's, 0123456789")

    assert vault.create(KeyDraft("new", "production"), together.request()).key.tenant == "acme"
    assert vault.adopt(found, KeyDraft("", "production")).added[0].key.tenant == "acme"
    assert vault.seal(KeyDraft("sealed", "production", Kind.TOKEN), token).tenant == "acme"
    for make in (
        lambda draft: vault.create(draft, together.request()),
        lambda draft: vault.adopt(found, draft),
    ):
        with pytest.raises(Forbidden, match="own tenant"):
            make(KeyDraft("new", "production", tenant="globex"))
    with pytest.raises(Forbidden, match="own tenant"):
        vault.seal(KeyDraft("sealed", "production", Kind.TOKEN, tenant="globex"), token)


def test_a_value_that_opens_anothers_key_is_not_imported_and_not_explained(together: TeamVault) -> None:
    vault, other = together.as_(together.tenants["acme"].admin), together.tenants["globex"]

    assert vault.check(other.secret, [], WHO).key_id is None
    with pytest.raises(Refused) as refused:
        vault.adopt([Found("FOUND", "FOUND", other.secret)], KeyDraft("", "production"))

    assert "checkout" not in refused.value.message
    assert not vault.page(parse("FOUND"), Sort(), 0, 9).rows


def test_what_is_near_to_something_of_anothers_is_not_told(together: TeamVault) -> None:
    draft = KeyDraft("parcels-eu", "sandbox", tenant="globex", owner="shipping", issuer="builtin", apps=("labels",))
    together.owner.create(draft, together.request())
    vault = together.as_(together.tenants["acme"].admin)

    with pytest.raises(NotFound) as missed:
        vault.find("parcels-eux")
    assert missed.value.hint == "list them: keytui list"
    told = vault.no_such_values(parse("env:sandbo owner:shippin app:label tenant:globe"))
    assert len(told) == 4
    assert not {"sandbox", "shipping", "labels", "globex"} & {word for one in told for word in (*one.near, *one.known)}


def test_operators_of_another_tenant_are_out_of_reach(together: TeamVault) -> None:
    vault = together.as_(together.tenants["acme"].admin)
    together.principal("zoe", Role.STAFF, "globex")

    for unknown in ("zoe", "nobody"):
        with pytest.raises(NotFound, match="no operator is called"):
            vault.revoke_operator(unknown, "")
        with pytest.raises(NotFound, match="owns no key"):
            vault.disable_user(unknown, "")
    assert vault.add_operator(OperatorDraft("zoe", Role.STAFF)).operator.tenant == "acme"  # the name is free here
    with pytest.raises(Forbidden, match="own tenant"):
        vault.add_operator(OperatorDraft("mallory", Role.TENANT_ADMIN, "globex"))
    with pytest.raises(Forbidden, match="own tenant"):
        vault.add_operator(OperatorDraft("mallory", Role.SUPER_ADMIN))


@pytest.mark.parametrize("name", ["keytui-server", "auto-rotation@host"])
def test_nobody_is_called_as_keytui_itself(together: TeamVault, name: str) -> None:
    """A service of that name would answer for the recorders of the servers."""
    vault = together.as_(together.tenants["acme"].admin)

    with pytest.raises(Invalid, match=f"^{name.partition('@')[0]} is "):
        vault.add_operator(OperatorDraft(name, Role.SERVICE, scopes=frozenset({Operation.REPORT_USAGE})))


def test_disabling_a_user_ends_at_the_tenant(together: TeamVault) -> None:
    vault, other = together.as_(together.tenants["acme"].admin), together.tenants["globex"]

    done = vault.disable_user("payments", "left")

    assert {key.tenant for key in done.keys} == {"acme"}
    assert together.owner.detail(other.key_id).summary.key.disabled_at is None
    for key in done.keys:
        vault.enable(key.id, "")


def test_auto_rotation_is_switched_off_in_the_own_tenant_only(together: TeamVault) -> None:
    vault, own = together.as_(together.tenants["acme"].admin), together.tenants["acme"]

    assert [one.key.tenant for one in vault.disable_auto_rotation(Selection()).keys] == ["acme"]
    assert [one.key.tenant for one in together.owner.auto_rotations()] == ["globex"]
    vault.enable_auto_rotation(Selection(own.key_id), timedelta(days=90))
