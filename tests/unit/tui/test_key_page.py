"""The page of a key that another system accepts: what that does with secrets, and where it disagrees."""

from __future__ import annotations

from dataclasses import replace

from keytui.domain.drift import Drift
from keytui.domain.keys import Flag, Key, KeySummary, Version, VersionState
from keytui.tui.widgets.key_page import key_heading, key_page
from keytui.vault.model import KeyDetail
from tests.world import NOON

KEY = Key("k1", "checkout", "production", NOON, owner="payments", issuer="reserve")
OLD, NEW = (Version(number, VersionState.ACTIVE, NOON) for number in (1, 2))
DETAIL = KeyDetail(KeySummary(KEY, NEW, None, ()), (NEW, OLD), (), (), ())


def page(detail: KeyDetail) -> str:
    return key_page(detail, NOON, 120).plain


def test_an_issuer_that_keeps_plain_text_is_said_to() -> None:
    said = "at its issuer  reserve, which keeps every secret in plain text"
    assert said in page(replace(DETAIL, keeps_plaintext=True))
    assert "at its issuer  reserve, which is not described where the vault is" in page(
        replace(DETAIL, keeps_plaintext=None)
    )
    assert "at its issuer" not in page(DETAIL)


def test_where_it_disagrees_stands_there_in_words() -> None:
    drifted = replace(OLD, drift=Drift.STILL_ACCEPTED)
    detail = replace(DETAIL, versions=(NEW, drifted), summary=replace(DETAIL.summary, flags=(Flag.DRIFTED,)))
    assert "at its issuer  ≠ v1 is still accepted there, although it is refused here" in page(detail)
    assert key_heading(detail, NOON).plain.endswith("≠ drifted")
