"""What goes over the line comes back the same, says what was wrong with it, and gives nothing away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain.errors import Invalid
from keytui.domain.keys import KeyDraft
from keytui.domain.reports import Report
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.vault.model import Issued
from keytui.vault.wire import decode, encode
from tests.unit.vault.travelling import answers

ASKED = [KeyDraft, Plan, Report, Secret]


@pytest.mark.parametrize("kind", [*answers(), *ASKED], ids=str)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_vault_says_or_is_told_comes_back_the_same(kind: type[object], data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    assert decode(kind, encode(value)) == value


def test_what_a_newer_server_says_beside_is_passed_over() -> None:
    assert decode(Plan, b'{"overlap":"P1DT1S","of_tomorrow":[{"a":1}]}') == Plan(overlap=timedelta(days=1, seconds=1))


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        (b"", "EOF"),
        (b"<html>502 Bad Gateway</html>", "JSON"),
        (b'{"name":"a"}', "environment"),
        (b'{"name":"a","environment":5}', "environment"),
        (b'{"name":"a","environment":"e","expires_at":"2026-11-20T12:00:00"}', "expires_at"),
        (b'{"name":"a","environment":"e","kind":"hat"}', "kind"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_what_cannot_be_read_is_named(sent: bytes, names: str) -> None:
    with pytest.raises(Invalid, match=names):
        decode(KeyDraft, sent)


def test_a_fault_repeats_nothing_of_what_was_sent() -> None:
    with pytest.raises(Invalid) as told:
        decode(Issued, b'{"secret":["tk_very_secret"],"key":"tk_very_secret"}')
    assert "very_secret" not in repr(told.value) + told.value.hint


def test_what_is_no_text_is_refused_and_not_repeated() -> None:
    with pytest.raises(Invalid) as told:
        encode({"secret": Secret("tk_very_secret\udc80")})
    assert "very_secret" not in told.value.message
