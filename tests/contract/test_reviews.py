"""Access reviews: what each key shows of its callers and of whoever saw its secret, and that a sign-off stays."""

from __future__ import annotations

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import NotFound, ReadOnly, Refused
from keytui.domain.keys import Flag
from keytui.domain.query import parse
from keytui.domain.reviews import Decision
from keytui.domain.rotation import Reason
from tests.contract.acts import HOUR, Reporter, created, handed_over, use
from tests.contract.conftest import House


def test_a_review_shows_who_uses_a_key_who_saw_it_and_who_looked_last(house: House) -> None:
    vault, clock = house.vault, house.clock
    me = str(vault.principal().actor)
    key = created(vault, owner="payments", scopes=("*",)).key
    other = created(vault, name="billing", environment="staging").key
    clock.advance(HOUR)
    handed_over(house.as_("bob"), key.id)
    Reporter(house.sink).flush(clock(), use(key.id, 1, clock(), "web-1"))

    page = vault.reviews(parse(""), 0, 10)

    assert (page.offset, page.total) == (0, 2)
    second, first = page.rows
    assert (first.summary.key, second.summary.key.id) == (vault.detail(key.id).summary.key, other.id)
    assert [use_.caller.name for use_ in first.callers] == ["web-1"]
    (latest, maker) = first.viewers
    assert (latest.who.partition("@")[0], latest.how, latest.version) == ("bob", "received it from a rotation", 2)
    assert (maker.who, maker.how, maker.version, maker.at) == (me, "received it as it was made", 1, key.created_at)
    assert first.last is None
    assert first.grave == (Flag.BROAD,)
    assert second.grave == (Flag.UNOWNED,)
    assert vault.reviews(parse("env:staging"), 0, 10).rows == (second,)
    assert vault.reviews(parse(""), 1, 1).rows == (first,)

    earlier = vault.sign_off(key.id, Decision.ROTATE_LATER, "after the freeze")
    clock.advance(HOUR)
    signed = house.as_("bob").sign_off(key.id, Decision.KEPT, "")
    assert (earlier.decision, earlier.note, earlier.owner) == (Decision.ROTATE_LATER, "after the freeze", "payments")
    assert signed.at == clock()
    assert signed.by.startswith("bob")
    assert Flag.BROAD in signed.flags
    assert [one.last for one in vault.reviews(parse(""), 0, 10).rows] == [None, signed]
    assert vault.audit(AuditFilter("key.reviewed", key.id), 0, 9).total == 2


def test_what_cannot_be_signed_off_is_refused_and_leaves_nothing(house: House) -> None:
    vault = house.vault
    key = created(vault).key
    with pytest.raises(NotFound):
        vault.sign_off("zzzzzzzzzzzzzzzz", Decision.KEPT, "")
    with pytest.raises(ReadOnly):
        house.as_("eve", read_only=True).sign_off(key.id, Decision.KEPT, "")
    vault.revoke(key.id, None, Reason.LEAVER, "")
    with pytest.raises(Refused, match="is revoked"):
        vault.sign_off(key.id, Decision.KEPT, "")
    assert vault.audit(AuditFilter("key.reviewed"), 0, 9).total == 0
    assert vault.reviews(parse(""), 0, 9).rows == ()
