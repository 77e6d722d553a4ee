"""Why a pasted secret fails: each way to get it wrong is named, with the way out, and nothing of it is repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.diagnosis import cleaned, diagnose
from keytui.domain.secrets import FORMATS, Secret, parse_format
from keytui.domain.verification import Check, Outcome
from tests.world import repeatable_randomness

WHOLE = FORMATS["tk"].mint(repeatable_randomness()).reveal()
HK = FORMATS["hk"].mint(repeatable_randomness()).reveal()
KNOWN = frozenset({WHOLE[:12]})
UNKNOWN = Check(valid=False, reason=Outcome.UNKNOWN)
ACCEPTED = Check(True, Outcome.ACCEPTED, "key-1", "checkout", 4)
MISTYPED = WHOLE[:-1] + ("a" if WHOLE[-1] != "a" else "b")


def findings(pasted: str, check: Check = UNKNOWN, prefixes: frozenset[str] = KNOWN) -> list[str]:
    advice = diagnose(Secret(pasted), check, prefixes)
    assert all(remedy for _, remedy in advice)
    return [finding for finding, _ in advice]


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        (f" {WHOLE}", "white space"),
        (f"{WHOLE}\r\n", "white space"),
        (f"\ufeff{WHOLE}\u200b", "white space"),
        (f'"{WHOLE}"', "quotes"),
        (f"‘{WHOLE}’", "quotes"),
        (f"{WHOLE}'", "quotes"),
        (f"Bearer {WHOLE}", "Bearer"),
        (f"X-API-Key: {WHOLE}", "HTTP header"),
        (f"API_KEY={WHOLE}", "variable's name"),
        (f"export API_KEY = {WHOLE}", "variable's name"),
    ],
)
def test_what_was_pasted_along_is_named_and_taken_off(pasted: str, says: str) -> None:
    assert cleaned(Secret(pasted)).reveal() == WHOLE
    found = findings(pasted, ACCEPTED)
    assert says in found[0]
    assert found[1:] == ["without that, the vault accepts it"]


def test_several_things_pasted_along_are_all_named() -> None:
    pasted = f"export API_KEY=\"Authorization: Bearer '{WHOLE}'\"\n"
    assert cleaned(Secret(pasted)).reveal() == WHOLE
    assert len(findings(pasted, ACCEPTED)) == 6


@pytest.mark.parametrize("value", [WHOLE, HK, "AbC+/" * 8 + "abc=", "postgres://app:pw@db/app", "Server=db;Password=x"])
def test_a_clean_value_is_left_alone(value: str) -> None:
    assert cleaned(Secret(value)).reveal() == value


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("", "nothing was pasted"),
        (" \n", "nothing was pasted"),
        ("tk_x3k9••••••••", "masked copy"),
        ("tk_x3k9****", "masked copy"),
        ("tk_x3k9…", "masked copy"),
        ("sha256:0123456789abcdef", "fingerprint"),
        (WHOLE[:12], "only the prefix"),
        (WHOLE * 2, "pasted twice"),
        (f"{WHOLE}\n{WHOLE}", "pasted twice"),
        (f"{WHOLE[:20]}\n{WHOLE[20:]}", "stands inside"),
        (WHOLE[:-1], "cut off: 34 of 35"),
        (HK[:-5], "cut off: 41 of 46 characters of a hk key"),
        (WHOLE + "x", "too long: 36 characters"),
        (WHOLE[:-1] + "!", "no tk key has"),
        (WHOLE.replace("tk_", "TK_"), "none of the known prefixes (tk_, hk_)"),
        (MISTYPED, "check character disagrees"),
        ("sk_live_abcdef", "none of the known prefixes (tk_, hk_)"),
    ],
)
def test_the_shape_of_an_unknown_value_tells_what_happened(pasted: str, says: str) -> None:
    assert any(says in finding for finding in findings(pasted)), findings(pasted)


def test_a_known_beginning_with_another_end_is_told_from_a_stranger() -> None:
    assert any("begins like a key of this vault" in finding for finding in findings(WHOLE))
    assert findings(WHOLE, prefixes=frozenset()) == ["it is a whole tk key, and not one of this vault"]
    assert not any("whole" in finding for finding in findings(MISTYPED, prefixes=frozenset()))


def test_a_vaults_own_formats_are_recognised() -> None:
    own = parse_format("acme_:base62:40")
    value = own.mint(repeatable_randomness()).reveal()
    assert "cut off: 40 of 45" in diagnose(Secret(value[:-5]), UNKNOWN, (), (own,))[0][0]
    assert "(acme_)" in diagnose(Secret("other"), UNKNOWN, (), (own,))[0][0]


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Outcome.REVOKED, "revoked"),
        (Outcome.SUSPENDED, "suspended"),
        (Outcome.EXPIRED, "expired"),
        (Outcome.DISABLED, "disabled"),
        (Outcome.SCOPE, "scope"),
        (Outcome.STALE, "lost its vault"),
        (Outcome.ACCEPTED, "accepts it"),
    ],
)
def test_what_the_vault_knows_of_it_is_said_with_key_and_version(outcome: Outcome, says: str) -> None:
    check = Check(outcome is Outcome.ACCEPTED, outcome, "key-1", "checkout", 4)
    (found,) = findings(WHOLE, check)
    assert says in found
    assert "version 4 of checkout" in found


@given(st.text(min_size=6) | st.builds(lambda cut, tail: WHOLE[:cut] + tail, st.integers(6, 35), st.text()))
def test_no_part_of_any_value_is_repeated(value: str) -> None:
    advice = diagnose(Secret(value), UNKNOWN, KNOWN)
    assert advice
    text = cleaned(Secret(value)).reveal()
    said = str([advice, diagnose(Secret("sk_"), UNKNOWN, ())])
    baseline = str(diagnose(Secret("zzzzzzzzz"), UNKNOWN, ()))
    pieces = {text[at : at + 6] for at in range(len(text) - 5)}
    assert not [piece for piece in pieces if piece in said and piece not in baseline and not piece.isspace()]
