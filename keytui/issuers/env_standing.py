"""What stands of each version in a .env file and in the note beside it, at one time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hmac import compare_digest

from keytui.domain.keys import VersionState
from keytui.domain.secrets import Secret
from keytui.issuers.comma_list import items_of, with_item, without_item
from keytui.issuers.env_note import Note
from keytui.issuers.issuer import Listed, Mark
from keytui.issuers.values import mark_of
from keytui.text_file import TextFile


@dataclass(frozen=True, slots=True)
class Standing:
    """A file, the list in it, and its note."""

    file: TextFile
    list: Secret
    singles: tuple[tuple[str, Secret], ...]
    """The other variables that hold a key each, with what they hold."""
    note: Note

    @property
    def items(self) -> tuple[Secret, ...]:
        return tuple(map(Secret, items_of(self.list.reveal())))

    @property
    def digests(self) -> frozenset[str]:
        """Of the values in the list."""
        return frozenset(value.digest() for value in self.items)

    def versions(self) -> Iterator[Listed]:
        """Each once; what a variable holds is accepted, whatever the note says."""
        seen: set[str] = set()
        for listed in self._all():
            if listed.mark.digest not in seen:
                seen.add(listed.mark.digest)
                yield listed

    def _all(self) -> Iterator[Listed]:
        for value in self.items:
            yield Listed(mark_of(value), "", VersionState.ACTIVE, value=value)
        for variable, value in self.singles:
            yield Listed(mark_of(value), variable, VersionState.ACTIVE, value=value)
        for value in self.note.suspended:
            yield Listed(mark_of(value), "", VersionState.SUSPENDED, value=value)
        for mark in self.note.revoked:
            yield Listed(mark, "", VersionState.REVOKED)

    def found(self, mark: Mark) -> Listed | None:
        """The version with this mark; None when there is none."""
        return next((listed for listed in self.versions() if same(listed.mark, mark)), None)

    def value(self, mark: Mark) -> Secret | None:
        """Of a version that stands in the list, or has left it for a while; None of any other."""
        return next((value for value in (*self.items, *self.note.suspended) if same(mark_of(value), mark)), None)

    def holding(self, mark: Mark) -> tuple[str, ...]:
        """The single variables that hold this version."""
        return tuple(variable for variable, value in self.singles if same(mark_of(value), mark))

    def accepting(self, value: Secret) -> Standing:
        """With the value in the list. The note stays: only once the list is written can it do without the value."""
        return replace(self, list=Secret(with_item(self.list.reveal(), value.reveal())))

    def suspending(self, value: Secret) -> Standing:
        """With the value in the note and no longer in the list."""
        suspended = self.note.suspended
        note = replace(self.note, suspended=suspended if value in suspended else (*suspended, value))
        return self._without(value, note)

    def revoking(self, value: Secret) -> Standing:
        """With nothing but the value's mark in the note."""
        mark = mark_of(value)
        suspended = tuple(one for one in self.note.suspended if one != value)
        revoked = (*(one for one in self.note.revoked if not same(one, mark)), mark)
        return self._without(value, replace(self.note, suspended=suspended, revoked=revoked))

    def _without(self, value: Secret, note: Note) -> Standing:
        return replace(self, list=Secret(without_item(self.list.reveal(), value.reveal())), note=note)


def same(one: Mark, other: Mark) -> bool:
    """Whether two marks are of one value. Of one that nobody had nobody knows."""
    return bool(one.digest) and compare_digest(one.digest, other.digest)
