"""The target that is a key in Redis, a string or a field of a hash: in plain text, as its consumers read it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from keytui.domain.errors import Invalid, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.redis_address import parse_redis_address
from keytui.redis_line import Answer, Command, Line, RedisServer, open_line
from keytui.targets.exchange import whole_timeout
from keytui.targets.named import errors_of
from keytui.targets.stamp import Stamp, read_stamp, refuse_others
from keytui.targets.target import Abilities, filled

_FIELDS: Final = ("kind", "url", "key", "field", "username", "password", "certificates", "timeout")
_TRIES: Final = 5
"""How often it is looked anew when somebody else wrote there meanwhile."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What stands there, the note that we left beside it, and for how many milliseconds the key will still be there."""

    value: Secret | None
    stamp: Stamp | None
    before: Secret | None
    expires_in: int


@dataclass(frozen=True, slots=True)
class RedisTarget:
    """One key or one field, written only where nobody came between. A note beside it keeps what stood there before."""

    name: str
    server: RedisServer
    key: str
    """May hold `{id}`, `{name}` and `{environment}`."""
    entry: str
    """The field of a hash; "" for a string."""
    resolve: Resolve = dataclasses.field(repr=False)

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=True, rolls_back=True, keeps_former=True)

    def place(self, key: Key) -> str:
        return f"{self.server.address}/{self.server.address.database} {filled(self.key, key)} {self.entry}".rstrip()

    def rehearse(self, key: Key) -> None:
        with self._open() as line:
            self._refuse_replica(line)
            standing = self._standing(line, key)
            refuse_others(self._here(key), standing.stamp, standing.value, key)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        def wanted(standing: _Standing) -> list[Command]:
            if standing.value == secret:
                return []
            refuse_others(self._here(key), standing.stamp, standing.value, key, version)
            note, stamp = self._note(key), Stamp(key.id, version, secret.digest())
            kept = () if standing.value is None else ("before", standing.value.reveal())
            return [
                *self._writes(key, secret, standing.expires_in),
                ("DEL", note),
                ("HSET", note, "stamp", stamp.text(), *kept),
            ]

        self._change(key, wanted)

    def read_back(self, key: Key) -> Secret | None:
        with self._open() as line:
            return self._standing(line, key).value

    def read_former(self, key: Key) -> Secret | None:
        with self._open() as line:
            standing = self._standing(line, key)
        return standing.before if standing.stamp is not None and standing.stamp.key_id == key.id else None

    def roll_back(self, key: Key, version: int) -> None:
        def wanted(standing: _Standing) -> list[Command]:
            stamp = standing.stamp
            if stamp is None or (stamp.key_id, stamp.version) != (key.id, version):
                raise Refused(
                    f"{self._here(key)}: what stood there before version {version} is not kept",
                    "put it there by hand, or deliver again",
                )
            if standing.value == standing.before:
                return []
            if not stamp.is_on(standing.value):
                raise Refused(f"{self._here(key)} holds something else by now", "see who wrote it")
            return self._writes(key, standing.before, standing.expires_in)

        self._change(key, wanted)

    def _change(self, key: Key, wanted: Callable[[_Standing], list[Command]]) -> None:
        with self._open() as line:
            for _ in range(_TRIES):
                line.ask(("WATCH", filled(self.key, key), self._note(key)))
                commands = wanted(self._standing(line, key))
                if not commands or line.change(*commands):
                    return
            raise Refused(f"{self._here(key)}: somebody else keeps writing there", "see who does, then try again")

    def _writes(self, key: Key, secret: Secret | None, expires_in: int) -> list[Command]:
        """What puts it there, for as long as what stood there would have been."""
        name = filled(self.key, key)
        if secret is None:
            return [("HDEL", name, self.entry) if self.entry else ("DEL", name)]
        if self.entry:
            return [("HSET", name, self.entry, secret.reveal())]
        stays: list[Command] = [("PEXPIRE", name, expires_in)] if expires_in > 0 else []
        return [("SET", name, secret.reveal()), *stays]

    def _standing(self, line: Line, key: Key) -> _Standing:
        name = filled(self.key, key)
        kind, expires_in = line.ask(("TYPE", name), ("PTTL", name))
        if kind not in (b"none", b"hash" if self.entry else b"string"):
            raise Refused(
                f"{self._here(key)} is neither free nor {'a hash' if self.entry else 'a string'}",
                "name another key; a field of a hash is named by field",
            )
        asked = ("HGET", name, self.entry) if self.entry else ("GET", name)
        value, noted = line.ask(asked, ("HMGET", self._note(key), "stamp", "before"))
        stamp, before = noted if isinstance(noted, list) and len(noted) == 2 else (None, None)
        text = self._text(key, stamp)
        return _Standing(
            self._text(key, value),
            None if text is None else read_stamp(text.reveal()),
            self._text(key, before),
            expires_in if isinstance(expires_in, int) else 0,
        )

    def _text(self, key: Key, value: Answer) -> Secret | None:
        if value is None:
            return None
        try:
            return Secret(value.decode() if isinstance(value, bytes) else str(value))
        except UnicodeDecodeError:
            raise Refused(f"{self._here(key)} holds something that is no text", "name another key") from None

    def _refuse_replica(self, line: Line) -> None:
        try:
            role = line.ask(("ROLE",))[0]
        except Refused:
            return  # not everybody may ask for it
        if isinstance(role, list) and role[:1] == [b"slave"]:
            raise Refused(f"{self.server.address} is a replica and takes no change", "name the primary")

    @contextmanager
    def _open(self) -> Iterator[Line]:
        with errors_of(self.name), open_line(self.server, self.resolve) as line:
            yield line

    def _note(self, key: Key) -> str:
        return ":".join(part for part in (filled(self.key, key), self.entry, "keytui") if part)

    def _here(self, key: Key) -> str:
        return f"{harmless(filled(self.key, key))} {harmless(self.entry)}".rstrip()


def redis_target(name: str, fields: Fields, resolve: Resolve) -> RedisTarget:
    """`[targets.NAME] kind = "redis"`."""
    fields.only(_FIELDS, "a redis target")
    try:
        address = parse_redis_address(fields.needed("url"))
    except Invalid as error:
        raise fields.wrong("url", error.message, error.hint) from None
    if fields.has("username") and not fields.has("password"):
        raise fields.wrong("password", "is missing, and the username needs one", 'as in "env:REDIS_PASSWORD"')
    certificates = str(fields.path("certificates", "/etc/ssl/redis.pem")) if fields.has("certificates") else ""
    server = RedisServer(
        address,
        fields.reference("username") if fields.has("username") else None,
        fields.reference("password") if fields.has("password") else None,
        certificates,
        whole_timeout(fields, "10s"),
    )
    return RedisTarget(name, server, fields.needed("key"), fields.text("field"), resolve)
