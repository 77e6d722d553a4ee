"""What every issuer holds to, whatever system it speaks for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from keytui.domain.errors import KeytuiError, NotFound, OutcomeUnknown, Refused
from keytui.domain.keys import VersionState
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.issuers.issuer import Issuer, Listed, Mark, NewVersion
from tests.contract.issuers.case import KEY, STRANGER, Case, mark_of
from tests.world import repeatable_randomness

GONE = (None, VersionState.REVOKED)
"""What is revoked is known as that, or not at all."""


def issued(case: Case, like: Mark | None = None, seed: int = 1) -> NewVersion:
    """A new version; the value is ours where the issuer takes it. In place of the standing one, where it can be
    nothing else.
    """
    if not case.issuer.abilities.issues:
        pytest.skip("it takes no new version")
    takes = case.issuer.abilities.takes_our_value
    like = like if case.issuer.abilities.overlaps else case.mark
    return case.issuer.issue(KEY, case.issuer.new_value(repeatable_randomness(seed)) if takes else None, like)


def state(case: Case, mark: Mark) -> VersionState | None:
    found = case.issuer.look_up(mark)
    return None if found is None else found.state


def suspending(case: Case) -> None:
    if not case.issuer.abilities.suspends:
        pytest.skip("it cannot refuse a version and accept it again")


def test_rehearsing_writes_nothing(case: Case) -> None:
    before = case.everything()
    said = case.issuer.rehearse()
    assert case.everything() == before
    assert said == tuple(map(harmless, said))


def test_the_version_that_stands_is_found(case: Case) -> None:
    found = case.issuer.look_up(case.mark)
    assert found is not None
    assert found.state is VersionState.ACTIVE
    assert found.value is None or found.value == case.standing
    assert case.accepts(case.standing)


def test_a_stranger_is_not_found(case: Case) -> None:
    assert case.issuer.look_up(mark_of(STRANGER)) is None
    assert not case.accepts(STRANGER)


def test_what_it_lists_it_also_finds(case: Case) -> None:
    if not case.issuer.abilities.lists:
        pytest.skip("it does not list")
    new = issued(case)
    listed = list(case.issuer.versions())
    for version in listed:
        assert case.issuer.look_up(version.mark) == version
    assert len({(one.mark.digest, one.mark.reference) for one in listed}) == len(listed), "each once"
    assert {one.mark for one in listed} >= {new.listed.mark}
    assert (state(case, case.mark) is VersionState.ACTIVE) == case.issuer.abilities.overlaps


def test_an_issuer_that_keeps_plaintext_says_so(case: Case) -> None:
    if not case.issuer.abilities.lists:
        pytest.skip("it does not list")
    if any(version.value is not None for version in case.issuer.versions()):
        assert case.issuer.abilities.keeps_plaintext


def test_a_new_version_is_accepted_beside_the_old_one(case: Case) -> None:
    new = issued(case, like=case.mark)
    assert case.accepts(new.secret)
    assert case.accepts(case.standing) == case.issuer.abilities.overlaps
    assert new.listed.state is VersionState.ACTIVE
    assert state(case, new.listed.mark) is VersionState.ACTIVE


def test_a_keys_first_version_is_accepted(case: Case) -> None:
    if not case.issuer.abilities.overlaps:
        pytest.skip("it makes no second key")
    assert case.accepts(issued(case).secret)


def test_a_value_of_ours_is_issued_once_however_often_it_is_asked(case: Case) -> None:
    if not case.issuer.abilities.takes_our_value:
        pytest.skip("it makes its values itself")
    value = case.issuer.new_value(repeatable_randomness())
    first = case.issuer.issue(KEY, value, case.mark)
    before = case.everything()
    again = case.issuer.issue(KEY, value, case.mark)
    assert first.secret == again.secret == value
    assert first.listed.mark == again.listed.mark
    assert case.everything() == before


def test_a_value_of_ours_is_found_when_the_answer_was_lost(case: Case) -> None:
    """Nothing is known of it then but what it was minted with."""
    if not case.issuer.abilities.takes_our_value:
        pytest.skip("it makes its values itself")
    value = case.issuer.new_value(repeatable_randomness())
    assert case.issuer.look_up(mark_of(value)) is None
    case.issuer.issue(KEY, value, None)
    found = case.issuer.look_up(mark_of(value))
    assert found is not None
    assert found.state is VersionState.ACTIVE


def test_new_values_are_strong_and_differ(case: Case) -> None:
    if not case.issuer.abilities.takes_our_value:
        pytest.skip("it makes its values itself")
    values = [case.issuer.new_value(repeatable_randomness(seed)) for seed in range(3)]
    assert len({value.digest() for value in values}) == 3
    assert min(map(len, values)) >= 27, "160 bits need as much in base 64"


def test_a_suspended_version_is_refused_until_it_is_restored(case: Case) -> None:
    suspending(case)
    for _ in range(2):
        case.issuer.suspend(case.mark)
        assert not case.accepts(case.standing)
        assert state(case, case.mark) is VersionState.SUSPENDED
    for _ in range(2):
        case.issuer.restore(case.mark)
        assert case.accepts(case.standing)
        assert state(case, case.mark) is VersionState.ACTIVE


def test_what_cannot_be_suspended_is_refused_and_stays(case: Case) -> None:
    if case.issuer.abilities.suspends:
        pytest.skip("it suspends")
    before = case.everything()
    with pytest.raises(Refused):
        case.issuer.suspend(case.mark)
    with pytest.raises(Refused):
        case.issuer.restore(case.mark)
    assert case.everything() == before


def test_a_revoked_version_is_refused_for_good(case: Case) -> None:
    new = issued(case, like=case.mark)
    case.issuer.revoke(new.listed.mark)
    assert not case.accepts(new.secret)
    assert state(case, new.listed.mark) in GONE
    if case.issuer.abilities.suspends:
        with pytest.raises((Refused, NotFound)):
            case.issuer.restore(new.listed.mark)
    assert not case.accepts(new.secret)


def test_revoking_one_version_leaves_the_others(case: Case) -> None:
    if not case.issuer.abilities.overlaps:
        pytest.skip("it holds one version at a time")
    new = issued(case, like=case.mark)
    case.issuer.revoke(case.mark)
    assert not case.accepts(case.standing)
    assert case.accepts(new.secret)


def test_revoking_twice_is_revoking_once(case: Case) -> None:
    new = issued(case, like=case.mark)
    case.issuer.revoke(new.listed.mark)
    before = case.everything()
    try:
        case.issuer.revoke(new.listed.mark)
    except NotFound:
        assert case.issuer.look_up(new.listed.mark) is None, "it knows it, and does not say that it is gone"
    assert case.everything() == before


def test_a_suspended_version_is_revoked(case: Case) -> None:
    suspending(case)
    case.issuer.suspend(case.mark)
    case.issuer.revoke(case.mark)
    assert state(case, case.mark) in GONE
    with pytest.raises((Refused, NotFound)):
        case.issuer.restore(case.mark)
    assert not case.accepts(case.standing)


def test_a_revoked_value_is_not_issued_again(case: Case) -> None:
    """A resumed run that knows no better must not bring a dead version back."""
    if not case.issuer.abilities.takes_our_value:
        pytest.skip("it makes its values itself")
    value = case.issuer.new_value(repeatable_randomness())
    case.issuer.issue(KEY, value, None)
    case.issuer.revoke(mark_of(value))
    if case.issuer.look_up(mark_of(value)) is None:
        pytest.skip("it forgets what it has revoked")
    with pytest.raises(Refused):
        case.issuer.issue(KEY, value, None)
    assert not case.accepts(value)


@pytest.mark.parametrize("verb", ["suspend", "restore", "revoke"])
def test_a_stranger_is_left_alone(case: Case, verb: str) -> None:
    before = case.everything()
    denied = verb != "revoke" and not case.issuer.abilities.suspends
    with pytest.raises(Refused if denied else NotFound):
        getattr(case.issuer, verb)(mark_of(STRANGER))
    assert case.everything() == before


def test_what_would_go_on_accepting_it_is_said(case: Case) -> None:
    if case.fall_back_on is None:
        pytest.skip("nothing else accepts a version there")
    assert case.issuer.fallbacks(case.mark) == ()
    case.fall_back_on(case.standing)
    (said,) = case.issuer.fallbacks(case.mark)
    assert said == harmless(said)
    assert case.issuer.fallbacks(mark_of(STRANGER)) == ()
    case.issuer.revoke(case.mark)
    assert case.accepts(case.standing), "that is why it is said"


def test_a_system_that_is_gone_is_said_to_be(case: Case) -> None:
    """Before anything is issued, too, and as a change that surely did not happen."""
    mark, issuer = case.mark, case.issuer
    case.cut_off()
    for attempt in attempts(issuer, mark):
        with pytest.raises(KeytuiError) as failed:
            attempt()
        assert not isinstance(failed.value, OutcomeUnknown | NotFound)


def attempts(issuer: Issuer, mark: Mark) -> Iterator[Callable[[], object]]:
    """Everything that asks the system about a version."""
    yield issuer.rehearse
    yield lambda: issuer.look_up(mark)
    yield lambda: issuer.revoke(mark)
    if issuer.abilities.lists:
        yield lambda: list(issuer.versions())
    if issuer.abilities.takes_our_value:
        yield lambda: issuer.issue(KEY, issuer.new_value(repeatable_randomness(7)), mark)
    if issuer.abilities.suspends:
        yield lambda: issuer.suspend(mark)
        yield lambda: issuer.restore(mark)


def test_nothing_that_it_says_holds_a_secret(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    new = issued(case, like=case.mark)
    said: list[object] = [case.issuer, case.issuer.name, new, case.issuer.look_up(case.mark), *case.issuer.rehearse()]
    if case.fall_back_on is not None:
        case.fall_back_on(case.standing)
    said += case.issuer.fallbacks(case.mark)
    for lost in (False, True):
        if lost:
            case.cut_off()
        for mark in (new.listed.mark, case.mark, mark_of(STRANGER)):
            for attempt in attempts(case.issuer, mark):
                try:
                    said.append(attempt())
                except KeytuiError as error:
                    said += everything_in(error)
    for text in (f"{one} {one!r}" for one in [*said, caplog.text]):
        assert not [secret for secret in (new.secret, case.standing, STRANGER) if told(secret, text)]


def told(secret: Secret, text: str) -> bool:
    """Whether more of it shows than its prefix."""
    return secret.reveal()[:16] in text


def everything_in(error: BaseException | None) -> Iterator[object]:
    """An error with the errors behind it, which a traceback or a debugger shows."""
    if error is None:
        return
    yield from (error.args, repr(error), *vars(error).values())
    yield from everything_in(error.__cause__)
    yield from everything_in(error.__context__)


def test_text_from_the_system_is_harmless(case: Case) -> None:
    if not case.issuer.abilities.lists:
        pytest.skip("it does not list")

    def texts(version: Listed) -> tuple[str, ...]:
        return (version.label, version.mark.prefix, version.mark.reference, *version.scopes)

    assert all(text == harmless(text) for version in case.issuer.versions() for text in texts(version))
