"""A delivery that goes wrong at each of its turns, one after the other, with whatever goes wrong there."""

from __future__ import annotations

from collections.abc import Callable

from keytui.domain.errors import KeytuiError, OutcomeUnknown
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.target import Target
from tests.faulty_line import Fault, FaultyLine
from tests.world import NOON

OLD, NEW, NEWER = Secret("tk_old0" + "0" * 28), Secret("tk_new1" + "1" * 28), Secret("tk_newer2" + "2" * 26)
KEY = Key("k1", "checkout", "production", NOON)


def fails_well(
    target: Target, line: FaultyLine, fault: Fault, begin: Callable[[Key], None], stands: Callable[[Key], Secret | None]
) -> int:
    """How many turns a delivery has, each of which has gone wrong once.

    Each time a key of its own is given the old secret by `begin`. An error that is not OutcomeUnknown must not have
    changed what a consumer reads, no error must tell a secret, and delivering again must end well.
    """
    turn = 0
    while True:
        turn += 1
        key = Key(f"k{turn}", f"checkout-{fault.name.lower()}-{turn}", "production", NOON)
        begin(key)
        line.fail(fault, turn)
        error = _delivered(target, key)
        if not isinstance(error, OutcomeUnknown):
            assert stands(key) == (OLD if error else NEW), f"turn {turn}, {fault}: {error!r}"
        if not line.fired:
            line.mend()
            return turn - 1
        target.deliver(key, 2, NEW)
        assert stands(key) == NEW, f"turn {turn}, {fault}: again"


def _delivered(target: Target, key: Key) -> KeytuiError | None:
    """The error of a delivery, which tells no secret."""
    try:
        target.deliver(key, 2, NEW)
    except KeytuiError as raised:
        error = raised
    else:
        return None
    told = f"{error.message} {error.hint} {error!r} {error.__cause__!r}"
    assert not [secret for secret in (OLD, NEW) if secret.reveal() in told]
    return error
