"""Keys in Redis, as HyperCode keeps them: a set of the accepted ones, and a record beside each.

The value of a key is part of the name of its record. So no name of Redis leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from keytui.clock import Clock, utc_now
from keytui.domain.errors import Invalid, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.fields import Fields
from keytui.domain.keys import Key, VersionState
from keytui.domain.references import Resolve
from keytui.domain.secrets import FORMATS, Randomness, Secret
from keytui.issuers.fallback import FALLBACK_FIELDS, Fallback, fallback_from
from keytui.issuers.issuer import LONGEST_CHANGE, Abilities, Listed, Mark, NewVersion
from keytui.issuers.redis_records import (
    ACTIVE,
    Standing,
    commands_between,
    every_version,
    found_by,
    new_record,
    record_name,
    standing_of,
    written_record,
)
from keytui.issuers.values import checked_value
from keytui.redis_address import parse_redis_address
from keytui.redis_line import Line, RedisServer, open_line

_ATTEMPTS: Final = 5
_LABEL_WITHOUT_RECORD: Final = "had no record"


@dataclass(frozen=True, slots=True)
class RedisIssuer:
    """HyperCode's key store. Suspended is what has left the set while its record does not call it revoked."""

    name: str
    server: RedisServer
    resolve: Resolve = field(repr=False)
    fallback: Fallback | None = None
    clock: Clock = field(default=utc_now, repr=False)

    @property
    def abilities(self) -> Abilities:
        return Abilities(
            lists=True,
            issues=True,
            takes_our_value=True,
            overlaps=True,
            suspends=True,
            tells_last_use=False,
            holds_metadata=True,
            keeps_plaintext=True,
        )

    def rehearse(self) -> tuple[str, ...]:
        """Asks for changes that change nothing, because what they name is not there: those need the same rights."""
        nowhere = Secret(f"no-key-{self.name}").digest().encode()
        with self._line() as line:
            line.ask(("SSCAN", ACTIVE, 0, "COUNT", 1), ("SCAN", 0, "MATCH", record_name(b"*"), "COUNT", 1))
            line.ask(("WATCH", record_name(nowhere)))
            standing_of(line, [nowhere])
            line.change(("SREM", ACTIVE, nowhere), ("SET", record_name(nowhere), "", "XX"))
        if self.fallback is not None:
            return ()
        return (
            "HyperCode also accepts what its own variable API_KEY holds, whatever stands in Redis: name it as fallback,"
            " or nobody is warned when a version equals it",
        )

    def versions(self) -> Iterator[Listed]:
        with self._line() as line:
            standing = list(every_version(line))  # the line has its time, and whoever asks may take longer
        return (listed for stands in standing if (listed := stands.listed()) is not None)

    def look_up(self, mark: Mark) -> Listed | None:
        with self._line() as line:
            found = found_by(line, mark)
        return None if found is None else found.listed()

    def fallbacks(self, mark: Mark) -> tuple[str, ...]:
        return () if self.fallback is None else self.fallback.accepts(mark)

    def new_value(self, randomness: Randomness) -> Secret:
        return FORMATS["hk"].mint(randomness)

    def issue(self, key: Key, value: Secret | None, like: Mark | None) -> NewVersion:
        """Under the label of `like`, or the key's name."""
        wanted = checked_value(self.name, value)
        with self._line() as line:
            label = self._label(line, like) or key.name

            def begin(stands: Standing) -> Standing:
                if stands.state in (VersionState.SUSPENDED, VersionState.REVOKED):
                    raise self._refused(stands.state, "and is not issued again", "issue another value")
                return stands if stands.accepted else replace(stands, accepted=True, written=self._new(stands, label))

            stands = self._put(line, wanted.reveal().encode(), begin)
            listed = stands.listed()
        if listed is None:
            raise self._not_there()
        return NewVersion(listed, wanted)

    def suspend(self, mark: Mark) -> None:
        def end(stands: Standing) -> Standing:
            if stands.state is VersionState.REVOKED:
                raise self._refused(stands.state, "for good", "nothing is to be done")
            return replace(stands, accepted=False, written=self._recorded(stands, revoked=False))

        self._change(mark, end)

    def restore(self, mark: Mark) -> None:
        def begin(stands: Standing) -> Standing:
            if stands.state is VersionState.REVOKED:
                raise self._refused(stands.state, "for good", "issue a new version")
            return replace(stands, accepted=True)

        self._change(mark, begin)

    def revoke(self, mark: Mark) -> None:
        self._change(mark, lambda stands: replace(stands, accepted=False, written=self._recorded(stands, revoked=True)))

    def _change(self, mark: Mark, becomes: Callable[[Standing], Standing]) -> None:
        with self._line() as line:
            found = found_by(line, mark)
            if found is None or found.state is None:
                raise NotFound(f"issuer {self.name} knows no such version", "see what it knows, and who removed it")
            self._put(line, found.value, becomes)

    def _put(self, line: Line, value: bytes, becomes: Callable[[Standing], Standing]) -> Standing:
        """Make what stands of a value become something else, whoever else writes; read back, it comes back."""
        for _ in range(_ATTEMPTS):
            line.ask(("WATCH", record_name(value)))
            stands = standing_of(line, [value])[0]
            wanted = becomes(stands)
            if wanted == stands:
                return stands
            if line.change(*commands_between(stands, wanted)):
                break
        else:
            raise Unreachable(f"issuer {self.name}: somebody else keeps writing the same record", "try again")
        if standing_of(line, [value])[0] != wanted:
            raise self._not_there()
        return wanted

    def _recorded(self, stands: Standing, revoked: bool) -> bytes:
        """The record with its `revoked` set: as it is where that is so, the rest of it kept, or a new one."""
        record = stands.record
        if record is None:
            return self._new(stands, _LABEL_WITHOUT_RECORD, revoked)
        if stands.written is not None and record.get("revoked") is revoked:
            return stands.written
        return written_record(record | {"revoked": revoked})

    def _new(self, stands: Standing, label: str, revoked: bool = False) -> bytes:
        return new_record(stands.secret, self.clock(), revoked, label)

    def _label(self, line: Line, like: Mark | None) -> str:
        found = None if like is None else found_by(line, like)
        return "" if found is None else found.label

    def _not_there(self) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"issuer {self.name}: what was written does not stand there", "see who else writes there; look it up"
        )

    def _refused(self, state: VersionState, what: str, way_out: str) -> Refused:
        return Refused(f"issuer {self.name}: this version is {state} {what}", way_out)

    def _line(self) -> AbstractContextManager[Line]:
        return open_line(self.server, self.resolve)


def redis_issuer(name: str, fields: Fields, resolve: Resolve) -> RedisIssuer:
    """`[issuers.NAME] kind = "redis"`."""
    fields.only(("kind", "url", "username", "password", "authorities", "timeout", *FALLBACK_FIELDS), "a redis issuer")
    try:
        address = parse_redis_address(fields.needed("url"))
    except Invalid as error:
        raise fields.wrong("url", error.message, error.hint) from None
    if fields.has("username") and not fields.has("password"):
        raise fields.wrong(
            "password", "is missing, and the username needs one", 'as in password = "env:REDIS_PASSWORD"'
        )
    timeout = fields.duration("timeout", "10s")
    if not timedelta() < timeout <= LONGEST_CHANGE:
        raise fields.wrong("timeout", "is not between 1 second and 2 minutes", 'as in timeout = "10s"')
    server = RedisServer(
        address,
        fields.reference("username") if fields.has("username") else None,
        fields.reference("password") if fields.has("password") else None,
        fields.text("authorities"),
        timeout,
    )
    return RedisIssuer(name, server, resolve, fallback_from(fields, resolve))
