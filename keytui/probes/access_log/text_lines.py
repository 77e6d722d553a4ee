"""Lines of text: the combined format of nginx and Apache, and what uvicorn writes, each with further fields behind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from keytui.domain.errors import Invalid
from keytui.probes.access_log.fields import KEY_NAMES, Field
from keytui.probes.access_log.line import Line, Names
from keytui.probes.access_log.times import Times

_QUOTED: Final = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
COMBINED: Final = re.compile(
    rf"(?P<address>\S++) \S++ (?P<user>\S++(?: \S++)*?) \[(?P<time>[^\]]++)\] {_QUOTED.replace('(', '(?P<request>', 1)}"
    rf" (?P<status>\d{{3}}) \S++(?: {_QUOTED.replace('(', '(?P<referer>', 1)} {_QUOTED.replace('(', '(?P<agent>', 1)})?"
    r"(?P<rest>.*+)",
    re.DOTALL,
)
"""`address ident user [time] "request" status bytes "referer" "agent"`, the last two perhaps missing, then others."""
UVICORN: Final = re.compile(
    r"(?:(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*+)\s++)?(?:\[?[A-Z]++\]?:?\s++)?(?P<address>\S++)"
    rf" - {_QUOTED.replace('(', '(?P<request>', 1)} (?P<status>\d{{3}})(?P<rest>.*+)",
    re.DOTALL,
)
"""`time INFO: address:port - "request" status phrase`, the time only where the log's configuration adds it."""
_FURTHER: Final = re.compile(rf"(?:([A-Za-z_][\w.-]*+)[=:])?(?:{_QUOTED}|([^\s\"]\S*+))")
_REQUEST: Final = re.compile(r"[A-Z]++ (\S++)")
_ESCAPED: Final = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+|\\(.)", re.DOTALL)
_CONTROLS: Final = {"b": "\b", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PHRASES: Final = {status.value: f" {status.phrase}" for status in HTTPStatus}


class TextLines:
    """Reads lines of one pattern.

    Its own fields go by their names (`user`), further ones behind by their number from 1, or by their name where
    they stand as `name=value`. Unless it was told, the key is the first further field with a name for it (`key=…`),
    else the first that names a version, and from then on the one in the same place.
    """

    def __init__(self, pattern: re.Pattern[str], mapping: Mapping[Field, str], names: Names, times: Times) -> None:
        self._uvicorn = pattern is UVICORN
        self._own = ("address", "time", "request", "status", "address" if self._uvicorn else "agent", "rest")
        self._match = pattern.match
        self._names = names
        self._times = times
        self._key_at: int | None = None
        self.key_place = False
        self._told = {field: _told(pattern, field, place) for field, place in mapping.items()}

    def read(self, text: str) -> Line | None:
        """What a line says; None when it does not match."""
        match = self._match(text)
        if match is None:
            return None
        address, time, request, answer, agent, rest = match.group(*self._own)
        status = int(answer)
        if self._uvicorn:
            rest = rest.removeprefix(_PHRASES.get(status, " "))
            address, agent = address.rpartition(":")[0] or address, ""
        asked = _REQUEST.match(request)
        path = _decoded(asked[1]) if asked else ""
        agent = _decoded(agent or "")
        further = _further(rest) if rest else []
        key = version = caller = ""
        if self._told:
            told = {field: _value(match, further, place) for field, place in self._told.items()}
            time, address = told.get(Field.TIME, time), told.get(Field.ADDRESS, address)
            agent, path = told.get(Field.AGENT, agent), told.get(Field.PATH, path)
            key, version, caller = (told.get(field, "") for field in (Field.KEY, Field.VERSION, Field.CALLER))
            self.key_place = self.key_place or bool(key)
        if Field.KEY not in self._told and further:
            self.key_place = True
            key = self._found(further)
        return Line(
            self._times.read(time),
            address,
            agent if agent != "-" else "",
            status,
            path,
            key if key != "-" else "",
            version if version != "-" else "",
            caller if caller != "-" else "",
            self._times.zoneless,
        )

    def record(self, text: str) -> bool:
        """A line without a quotation mark is a remark of the server's, and no request that was cut in two."""
        return '"' in text

    def _found(self, further: list[tuple[str, str, str]]) -> str:
        """The key among the further fields."""
        for name, quoted, bare in further:
            if name in KEY_NAMES:
                return quoted or bare
        usual = ""
        if self._key_at is not None and self._key_at < len(further):
            usual = "".join(further[self._key_at][1:])
            if self._names.of(usual) is not None:
                return usual
        for number, (_, quoted, bare) in enumerate(further):
            if self._names.of(quoted or bare) is not None:
                self._key_at = number
                return quoted or bare
        return usual


def _further(rest: str) -> list[tuple[str, str, str]]:
    """The fields behind the usual ones: name, quoted value, bare value."""
    found = _FURTHER.findall(rest)
    return [(name, _decoded(quoted), _decoded(bare)) for name, quoted, bare in found] if "\\" in rest else found


def _decoded(text: str) -> str:
    """Without the escapes of nginx and Apache, `\\x22` and `\\"`: whoever is logged by both ways is one caller."""
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return bytes.fromhex(match[0].replace("\\x", "")).decode(errors="replace")
    return _CONTROLS.get(match[1], match[1])


def _told(pattern: re.Pattern[str], field: Field, place: str) -> str | int:
    if place.isdecimal():
        if int(place) < 1:
            raise Invalid(
                f"--map {field}={place}: further fields are counted from 1", "the first behind the usual ones"
            )
        return int(place)
    if "." in place and place not in pattern.groupindex:
        raise Invalid(f"--map {field}={place} is a place in JSON, and this log is text", "name a field or its number")
    return place


def _value(match: re.Match[str], further: list[tuple[str, str, str]], place: str | int) -> str:
    if isinstance(place, int):
        return "".join(further[place - 1][1:]) if place <= len(further) else ""
    if place in match.re.groupindex:
        return _decoded(match[place] or "")
    return next(("".join(values) for name, *values in further if name == place), "")
