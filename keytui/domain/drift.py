"""Drift: where an issuer and the vault disagree about a version, and how the two are told to speak of the same one."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keytui.domain.secrets import PREFIX_LENGTH


class Drift(StrEnum):
    """How a version stands at its issuer when not as here, most dangerous first."""

    STILL_ACCEPTED = "still-accepted"
    """Refused here (suspended, revoked, or its whole key is), and accepted there."""
    REFUSED = "refused"
    """Accepted here, refused there."""
    VANISHED = "vanished"
    """Accepted here, unknown there."""
    APPEARED = "appeared"
    """Made elsewhere, and brought in by a sync after the first one."""


LETS_NOBODY_IN: Final = frozenset({Drift.REFUSED, Drift.VANISHED})
"""What stands so at its issuer lets nobody in, whatever is said of it here."""

IN_WORDS: Final[Mapping[Drift, str]] = {
    Drift.STILL_ACCEPTED: "is still accepted there, although it is refused here",
    Drift.REFUSED: "is refused there, although it is accepted here",
    Drift.VANISHED: "is unknown there, although it is accepted here",
    Drift.APPEARED: "was made there, and not from keytui",
}


def custody(keeps_plaintext: bool | None) -> str:
    """What an issuer does with the secrets that it knows, as words after its name; None is not known."""
    if keeps_plaintext is None:
        return ", which is not described where the vault is"
    return ", which keeps every secret in plain text" if keeps_plaintext else ""


def drift_between(here: bool, there: bool | None, before: Drift | None = None, *, seen: bool = False) -> Drift | None:
    """How a version that is accepted `here` or not stands, if it is accepted `there`, refused, or unknown (None).

    What appeared (`before`) stays so until somebody has seen to the key, or it is over.
    """
    if here and not there:
        return Drift.VANISHED if there is None else Drift.REFUSED
    if there and not here:
        return Drift.STILL_ACCEPTED
    return Drift.APPEARED if here and before is Drift.APPEARED and not seen else None


def is_over(drift: Drift, here: bool) -> bool:
    """Whether it cannot be so any more, now that the version is accepted here, or is not."""
    return here is (drift is Drift.STILL_ACCEPTED)


@dataclass(frozen=True, slots=True)
class Known:
    """A version of an issuer's keys as the vault knows it."""

    key_id: str
    number: int
    digest: str = ""
    """What is stored of its value; "" where nobody here ever had it."""
    prefix: str = ""
    reference: str = ""
    accepted: bool = True
    busy: bool = False
    """Whether its issuer is being asked to change it, so that nobody can say yet how it should stand."""


@dataclass(frozen=True, slots=True)
class Told:
    """A version as its issuer tells of it."""

    digests: frozenset[str] = frozenset()
    """What could be stored of its value; none where the issuer tells no value."""
    prefix: str = ""
    """As many of its first characters as the issuer tells, at most twelve."""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """Which version is which. Numbers are places in what was told."""

    pairs: Mapping[int, Known]
    missing: tuple[Known, ...]
    """Versions that no one of those told is."""
    doubtful: frozenset[int]
    """Those told that may be a version whose issuer is just being asked: the next comparison knows."""


def match(known: Sequence[Known], told: Sequence[Told]) -> Matched:
    """Pair what the vault knows with what the issuer tells: by value, by the issuer's name for it, by a whole prefix.

    A version is `missing` only if everything that was told and is nobody else's is surely another one: a false alarm
    of keys that vanished would teach to ignore true ones.
    """
    pairs = _pairs(known, told)
    taken = {(one.key_id, one.number) for one in pairs.values()}
    left = [one for one in known if (one.key_id, one.number) not in taken]
    loose = {place: one for place, one in enumerate(told) if place not in pairs}
    valueless, strangers = _Alike(one for one in loose.values() if not one.digests), _Alike(loose.values())
    gone = tuple(
        one
        for one in left
        if not one.busy and not (one.accepted and (valueless if one.digest else strangers).may_have(one))
    )
    doubtful = _doubtful([one for one in left if one.busy], loose)
    return Matched(pairs, gone, doubtful)


def heirs(known: Iterable[Known]) -> Mapping[str, frozenset[str]]:
    """By the issuer's names, the keys that have a version under each: what stands under it now is theirs too."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for one in known:
        if one.reference:
            found[one.reference] |= {one.key_id}
    return found


def _pairs(known: Sequence[Known], told: Sequence[Told]) -> Mapping[int, Known]:
    index, prefixes = _Index(known), Counter(one.prefix for one in told)
    pairs: dict[int, Known] = {}
    taken: set[tuple[str, int]] = set()
    for place, one in enumerate(told):
        found = index.found(one, prefix_tells=prefixes[one.prefix] == 1)
        if found is not None and (found.key_id, found.number) not in taken:
            taken.add((found.key_id, found.number))
            pairs[place] = found
    return pairs


class _Index:
    """The versions that the vault knows, by what tells one from another."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._by_digest = {one.digest: one for one in known if one.digest}
        self._by_reference: dict[str, list[Known]] = defaultdict(list)
        self._by_prefix: dict[str, list[Known]] = defaultdict(list)
        for one in known:
            if one.reference:
                self._by_reference[one.reference].append(one)
            elif len(one.prefix) == PREFIX_LENGTH:
                self._by_prefix[one.prefix].append(one)

    def found(self, told: Told, *, prefix_tells: bool) -> Known | None:
        for digest in told.digests & self._by_digest.keys():
            return self._by_digest[digest]
        alike = self._by_reference.get(told.reference, [])
        named = _newest(one for one in alike if _may_be(one, told))
        if named is not None or not prefix_tells or told.prefix not in self._by_prefix:
            return named
        begun = [one for one in self._by_prefix[told.prefix] if _may_be(one, told)]
        return begun[0] if len(begun) == 1 else None


def _newest(versions: Iterable[Known]) -> Known | None:
    """Where the issuer keeps one name through several values, the one that says most of itself; of these the newest."""
    return max(versions, key=lambda version: (bool(version.prefix), version.number), default=None)


def _may_be(known: Known, told: Told) -> bool:
    """Whether nothing speaks against it that the two are one."""
    if known.digest and told.digests:
        return known.digest in told.digests
    if known.reference and told.reference and known.reference != told.reference:
        return False
    return known.prefix.startswith(told.prefix) or told.prefix.startswith(known.prefix)


def _doubtful(busy: Sequence[Known], loose: Mapping[int, Told]) -> frozenset[int]:
    """Places of those told that may be one of these versions."""
    digests = {one.digest for one in busy if one.digest}
    valueless, versions = _Alike(one for one in busy if not one.digest), _Alike(busy)
    return frozenset(
        place
        for place, one in loose.items()
        if not digests.isdisjoint(one.digests) or (valueless if one.digests else versions).may_have(one)
    )


class _Alike:
    """Versions by what is left to tell them apart where a value is not known: the issuer's name, and how they begin.

    Whether one of them may be a given one takes as long among a hundred thousand as among ten.
    """

    def __init__(self, versions: Iterable[Known | Told]) -> None:
        begun: dict[str, set[str]] = defaultdict(set)
        for one in versions:
            begun[one.reference].add(one.prefix)
        self._named = {name: _Beginnings(prefixes) for name, prefixes in begun.items()}
        self._all = _Beginnings({prefix for prefixes in begun.values() for prefix in prefixes})

    def may_have(self, one: Known | Told) -> bool:
        """Whether nothing speaks against it that one of them is this."""
        if not one.reference:
            return self._all.agree_with(one.prefix)
        alike = (self._named[name] for name in (one.reference, "") if name in self._named)
        return any(beginnings.agree_with(one.prefix) for beginnings in alike)


class _Beginnings:
    """First characters of versions, of some more and of some fewer."""

    def __init__(self, prefixes: set[str]) -> None:
        self._prefixes = prefixes
        self._sorted = sorted(prefixes)

    def agree_with(self, prefix: str) -> bool:
        """Whether one of them begins with this, or this with one of them."""
        at = bisect_left(self._sorted, prefix)
        if at < len(self._sorted) and self._sorted[at].startswith(prefix):
            return True
        return any(prefix[:length] in self._prefixes for length in range(len(prefix)))
