"""The verifier inside a service: answers from memory, follows the vault's changes, reports who used which version."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from keytui.clock import Clock, utc_now
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.domain.usage import NO_KEY, UNKNOWN_CALLER, Caller
from keytui.domain.verification import Check, Outcome
from keytui.verify.credentials import Credentials
from keytui.verify.recorder import UsageRecorder
from keytui.verify.source import Sink, Source

FOLLOW_FOR: Final = 0.4
"""Seconds that one question for changes may take; each answer, an empty one too, is contact with the vault."""
LONGEST_NAME: Final = 200
_FOR_EVER: Final = timedelta(days=36_500)
"""As long as anybody means: `timedelta.max` from now is no time any more."""
_NO_SCOPES: Final[frozenset[str]] = frozenset()
_ALWAYS: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

_log = logging.getLogger("keytui.verify")


class Verifier:
    """Checks secrets against a vault's keys. Close it when the service stops, or use it in a `with` statement.

    A change in the vault is in force here within a second. After `stale_after` without contact it refuses everything,
    because it could not learn of a revocation, unless `stale_accepts` says to go on with what it knew last.
    Unreachable when the vault cannot be read at the start; afterwards no failure of the vault reaches `check`.
    """

    def __init__(
        self,
        source: Source,
        sink: Sink,
        *,
        name: str,
        clock: Clock = utc_now,
        stale_after: timedelta = timedelta(seconds=30),
        stale_accepts: bool = False,
    ) -> None:
        self._source = source
        self._sink = sink
        self._name = name
        self._clock = clock
        self._stale_after = min(stale_after, _FOR_EVER)
        self._stale_accepts = stale_accepts
        self._starting = threading.Lock()
        self._forked = False
        self._begin()
        self._recorder.register()  # before the keys are read: no process accepts that the vault does not know of
        self._credentials = Credentials(source.credentials())
        self._note_contact()
        self._run()
        _VERIFIERS.add(self)
        atexit.register(self.close)

    def check(
        self,
        secret: Secret | str,
        scopes: Iterable[str] = (),
        caller: Caller | str | None = None,
        probe: bool = False,
        route: str = "",
        *,
        tenant: str | None = None,
    ) -> Check:
        """One secret's answer, from memory. `caller` is a declared name or a Caller; a probe never counts as use.

        `route` is where the request goes, as `keytui.domain.usage.route_of` names it: never a path with an id in it.
        With a `tenant`, the keys of others are as unknown as any secret that is nobody's.
        """
        if self._forked and not self._begun_in_child():
            return Check(False, Outcome.STALE)
        now = self._clock()
        since, until = self._fresh
        stale = not since <= now <= until
        credential = self._credentials.find(secret if isinstance(secret, Secret) else Secret(secret))
        who = caller if isinstance(caller, Caller) else _who(caller)
        if credential is None or (tenant is not None and credential.key.tenant != tenant):
            self._recorder.note(NO_KEY, 0, who.unrecognised(), now, accepted=False, probe=probe)
            return Check(False, Outcome.STALE if stale else Outcome.UNKNOWN)
        answer = credential.judged(_all_of(scopes) if scopes else _NO_SCOPES, now)
        if stale:
            answer = credential.answer(Outcome.STALE)
        noted = self._recorder.note(
            credential.key.id, credential.version.number, who, now, accepted=answer.valid, probe=probe, route=route
        )
        return answer if noted else credential.answer(Outcome.STALE)

    def close(self) -> None:
        """Hand over what was counted and end cleanly; from here on everything is refused. Once is enough."""
        if self._stopping.is_set():
            return
        atexit.unregister(self.close)
        _VERIFIERS.discard(self)
        self._stopping.set()
        if not self._forked:
            if not self._recorder.close():
                _log.warning("the vault could not be told of a clean end: the evidence will show a gap")
            self._follower.join()
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _note_contact(self) -> None:
        """From when and until when answers are good: both ways, so that a clock that was set back stretches nothing."""
        now = self._clock()
        self._fresh = _ALWAYS if self._stale_accepts else (now - self._stale_after, now + self._stale_after)

    def _begin(self) -> None:
        self._stopping = threading.Event()
        self._recorder = UsageRecorder(self._sink, self._name, self._clock)

    def _run(self) -> None:
        self._recorder.acknowledge(self._credentials.position)
        self._recorder.start()
        self._follower = threading.Thread(target=self._follow, name=f"keytui-verifier-{self._name}", daemon=True)
        self._follower.start()

    def _begun_in_child(self) -> bool:
        """A forked child has the keys but none of the threads, and it must not report as its parent.

        False while the vault cannot be told of it: what it let in before its end, nobody would miss.
        """
        with self._starting:
            if self._forked:
                self._begin()
                try:
                    self._recorder.register()
                except Exception as error:  # whatever the sink is made of: no failure of the vault reaches check
                    _log.warning("the vault could not be told of this process (%s)", type(error).__name__)
                    if not self._stale_accepts:
                        return False
                self._run()
                self._forked = False
        return True

    def _after_fork(self) -> None:
        self._starting = threading.Lock()
        self._forked = True

    def _follow(self) -> None:
        stopping = self._stopping
        lost = False
        while not stopping.is_set():
            try:
                self._take_in()
            except Exception as error:  # whatever the source is made of: check answers, and turns stale by itself
                if not lost:
                    _log.warning("lost contact with the vault (%s)", type(error).__name__)
                lost = True
                stopping.wait(FOLLOW_FOR)
            else:
                lost = False

    def _take_in(self) -> None:
        position = self._credentials.position
        changes = self._source.credential_changes(position, FOLLOW_FOR)
        if changes.position < position:  # an older copy of the vault was put in its place
            self._credentials = Credentials(self._source.credentials())
        elif changes.position > position:
            self._credentials.take_in(changes)
        self._note_contact()
        if changes.position != position:
            self._recorder.acknowledge(self._credentials.position)


def _who(declared: str | None) -> Caller:
    return UNKNOWN_CALLER if declared is None else Caller.called(harmless(declared[:LONGEST_NAME]))


def _all_of(scopes: Iterable[str]) -> frozenset[str]:
    return frozenset((scopes,) if isinstance(scopes, str) else scopes)


_VERIFIERS: Final[weakref.WeakSet[Verifier]] = weakref.WeakSet()


def _mark_forked() -> None:
    for verifier in _VERIFIERS:
        verifier._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_forked)
