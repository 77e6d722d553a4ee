"""Keys in a variable of a .env file, with commas between them: a service accepts whatever stands there.

Whether it refuses what stands there no longer is up to the service, which nobody asks here: removal is no proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from keytui.domain.env_text import value_in, with_value
from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.fields import Fields
from keytui.domain.keys import Key, VersionState
from keytui.domain.references import Resolve
from keytui.domain.secrets import Format, Randomness, Secret, parse_format
from keytui.issuers.comma_list import with_item
from keytui.issuers.configured import variable_name, variable_names
from keytui.issuers.env_note import Note, read_note, write_note
from keytui.issuers.env_standing import Standing
from keytui.issuers.issuer import Abilities, Listed, Mark, NewVersion
from keytui.issuers.reloading import RELOAD_FIELDS, Reload, reload_from
from keytui.issuers.values import checked_value, mark_of
from keytui.private_file import replace_privately
from keytui.text_file import TextFile, alone_in, naming

_ANY: Final = "any"
"""What a rehearsal has in place of a value, which is not there yet."""
_UNFIT: Final = re.compile(r"""[,$'"\\`#]""")

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class EnvListIssuer:
    """An allowlist in a .env file. What is suspended stands in a note beside it, of which nobody but us knows."""

    name: str
    path: Path
    variable: str
    format: Format
    single_variables: tuple[str, ...] = ()
    """Variables of the same file that hold one key each, which the service accepts as well."""
    reload: Reload | None = None

    @property
    def abilities(self) -> Abilities:
        return Abilities(
            lists=True,
            issues=True,
            takes_our_value=True,
            overlaps=True,
            suspends=True,
            tells_last_use=False,
            holds_metadata=False,
            keeps_plaintext=True,
        )

    def rehearse(self) -> tuple[str, ...]:
        stands = self._read()
        self._of_files(stands.file.rehearse)
        self._of_files(lambda: self._text(stands, with_item(stands.list.reveal(), _ANY)))
        if self.reload is not None:
            self._of_files(self.reload.rehearse)
        said = [
            f"what has left {self.variable} may still be accepted, as by a service that keeps what it once read:"
            " only asking with it proves that it is refused"
        ]
        if self.reload is None:
            said.append(f"no reload is configured: the service reads {self.variable} again when somebody restarts it")
        return tuple(said)

    def versions(self) -> Iterator[Listed]:
        stands = self._read()
        return (self._as_told(stands, listed) for listed in stands.versions())

    def look_up(self, mark: Mark) -> Listed | None:
        """OutcomeUnknown for a version that has come into the list, and the service could not be told."""
        stands = self._read()
        found = stands.found(mark)
        if found is None:
            return None
        if self.reload is not None and found.state is VersionState.ACTIVE and found.mark.digest in stands.note.arrived:
            raise OutcomeUnknown(
                f"issuer {self.name}: this version stands in {self.variable}, and the last reload failed",
                "see why; any change of this version runs it again",
            )
        return self._as_told(stands, found)

    def fallbacks(self, mark: Mark) -> tuple[str, ...]:
        return tuple(f"{variable} in {self.path}" for variable in self._read().holding(mark))

    def new_value(self, randomness: Randomness) -> Secret:
        return self.format.mint(randomness)

    def issue(self, key: Key, value: Secret | None, like: Mark | None) -> NewVersion:
        """Nothing of the key or of `like` can be kept beside a value."""
        wanted = checked_value(self.name, value)
        if _UNFIT.search(wanted.reveal()):
            raise Invalid(f"issuer {self.name}: the value cannot stand in a list", "leave out commas, quotes and $")
        mark = mark_of(wanted)

        def issued(stands: Standing) -> Standing:
            found = stands.found(mark)
            if found is not None and found.state is not VersionState.ACTIVE:
                raise self._refused(found.state, "and is not issued again", "issue another value")
            return stands.accepting(wanted)

        self._change(issued)
        return NewVersion(Listed(mark, "", VersionState.ACTIVE, value=wanted), wanted)

    def suspend(self, mark: Mark) -> None:
        self._change(lambda stands: stands.suspending(self._value(stands, mark, "nothing is to be done")))

    def restore(self, mark: Mark) -> None:
        self._change(lambda stands: stands.accepting(self._value(stands, mark, "issue a new version")))

    def revoke(self, mark: Mark) -> None:
        def revoked(stands: Standing) -> Standing:
            found = stands.found(mark)
            if found is not None and found.state is VersionState.REVOKED:
                return stands
            return stands.revoking(self._value(stands, mark, "nothing is to be done"))

        self._change(revoked)

    def _value(self, stands: Standing, mark: Mark, way_out: str) -> Secret:
        """Of a version that can be changed. Refused of another that we know of."""
        value = stands.value(mark)
        if value is not None:
            return value
        if holding := stands.holding(mark):
            raise Refused(
                f"issuer {self.name}: {', '.join(holding)} in {self.path} holds this version, and {self.variable} not",
                "put another value there",
            )
        if stands.found(mark) is not None:
            raise self._refused(VersionState.REVOKED, "for good", way_out)
        raise NotFound(f"issuer {self.name} knows no such version", "see what it knows, and who removed it")

    def _as_told(self, stands: Standing, listed: Listed) -> Listed:
        """What has left the list is active until the service was told: it goes on with what it has read."""
        if self.reload is None or listed.mark.digest not in stands.note.left:
            return listed
        return replace(listed, state=VersionState.ACTIVE)

    def _change(self, becomes: Callable[[Standing], Standing]) -> None:
        """Make what stands something else; the service is told of it, and of what it was not told before."""
        with alone_in([self.path.parent]):
            stands = self._read()
            wanted = becomes(stands)
            note = stands.note
            if wanted.list != stands.list or wanted.note != stands.note:
                note = self._write(stands, wanted)
        if self.reload is not None and (note.arrived or note.left):
            self._tell(self.reload, note.changes)

    def _write(self, stands: Standing, wanted: Standing) -> Note:
        text = self._of_files(lambda: self._text(stands, wanted.list.reveal()))
        # what came back stays in the note until the list is sure to hold it: until the next change
        left = tuple(value for value in wanted.note.suspended if value not in stands.items or value not in wanted.items)
        note = replace(wanted.note, suspended=left, changes=stands.note.changes + 1)
        if self.reload is not None:
            note = note.changing(stands.digests, wanted.digests)
        self._of_files(lambda: write_note(self._beside("removed"), note))
        if wanted.list != stands.list:
            self._of_files(lambda: replace_privately(self._beside("backup"), Secret(stands.file.text)))
            self._of_files(lambda: stands.file.replace(text))
        return note

    def _tell(self, reload: Reload, changes: int) -> None:
        try:
            reload.run()
        except KeytuiError as error:
            raise OutcomeUnknown(
                f"issuer {self.name}: {self.variable} in {self.path} stands as it is to, and the service may not know:"
                f" {error.message}",
                "run it by hand and see what it says; to do the same again runs it again",
            ) from None
        with suppress(KeytuiError), alone_in([self.path.parent]):  # all is done: at worst it is told once more
            note = read_note(self._beside("removed"))
            if note.changes == changes:  # else somebody has changed more meanwhile, and tells of all
                write_note(self._beside("removed"), replace(note, arrived=frozenset(), left=frozenset()))

    def _read(self) -> Standing:
        return self._of_files(self._stands)

    def _stands(self) -> Standing:
        file = TextFile.read(self.path)
        with naming(self.path):
            listed = value_in(file.text, self.variable) or Secret("")
            named = [(name, value_in(file.text, name)) for name in self.single_variables]
        if "$" in listed.reveal():
            raise Refused(f"{self.variable} refers to another variable", "write the keys themselves there")
        singles = tuple((name, value) for name, value in named if value)
        return Standing(file, listed, singles, read_note(self._beside("removed")))

    def _text(self, stands: Standing, listed: str) -> str:
        with naming(self.path):
            return with_value(stands.file.text, self.variable, Secret(listed))

    def _of_files(self, act: Callable[[], Given]) -> Given:
        """What files raise, with our name before it; that there is none is no answer to what was asked."""
        try:
            return act()
        except KeytuiError as error:
            kind = Unreachable if isinstance(error, NotFound | Unreachable) else Refused
            raise kind(f"issuer {self.name}: {error.message}", error.hint) from None

    def _beside(self, what: str) -> Path:
        """`.env.API_KEYS.backup`: what keeps `.env*` out of a repository keeps it out too."""
        return self.path.with_name(f"{self.path.name}.{self.variable}.{what}")

    def _refused(self, state: VersionState, what: str, way_out: str) -> Refused:
        return Refused(f"issuer {self.name}: this version is {state} {what}", way_out)


def envlist_issuer(name: str, fields: Fields, _resolve: Resolve) -> EnvListIssuer:
    """`[issuers.NAME] kind = "envlist"`."""
    fields.only(("kind", "file", "variable", "single_variables", "format", *RELOAD_FIELDS), "an envlist issuer")
    path, variable = fields.path("file", "/srv/reserve/.env"), variable_name(fields, "variable")
    singles = variable_names(fields, "single_variables")
    if variable in singles:
        raise fields.wrong("single_variables", f"holds {variable} too", "it is the list")
    try:
        format_ = parse_format(fields.text("format") or "base64")
    except Invalid as error:
        raise fields.wrong("format:", error.message, error.hint) from None
    return EnvListIssuer(name, path, variable, format_, singles, reload_from(fields))
