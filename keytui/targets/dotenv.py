"""The target that is a variable of one or several .env files: it alone changes, everything else stays as it is."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.env_text import checked_variable, value_in, with_value, without_variable
from keytui.domain.errors import Invalid, OutcomeUnknown, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.targets.kept import Kept, note_beside, read_kept, write_kept
from keytui.targets.named import errors_of
from keytui.targets.target import Abilities, filled
from keytui.text_file import TextFile, alone_in, naming

_REFERENCE: Final = re.compile(r"\$\w+|.*\$\{.*", re.DOTALL)
_ANY: Final = Secret("any")
"""What a rehearsal has in place of the secret, which is not there yet."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One file, what it is to say, and the note that goes beside it; None on the way back, where the old one stays."""

    file: TextFile
    text: Secret
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class DotenvTarget:
    """A variable in files that are there already. All of them hold the secret, or are to hold it again."""

    name: str
    files: tuple[str, ...]
    """Each may hold `{id}`, `{name}` and `{environment}`."""
    variable: str
    previous: str = ""
    """A second variable, for consumers that carry both: what `variable` held before. "" for none."""

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=True, rolls_back=True, carries_both=bool(self.previous), keeps_former=True)

    def place(self, key: Key) -> str:
        return f"{self.variable} in {', '.join(filled(path, key) for path in self.files)}"

    def rehearse(self, key: Key) -> None:
        with errors_of(self.name):
            for path in self._paths(key):
                file = TextFile.read(path)
                file.rehearse()
                kept, stands = read_kept(self._beside(path)), self._value(file)
                if kept is not None:
                    kept.refuse_others(path, stands, key)
                self._changed(file, stands, _ANY)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        paths = self._paths(key)
        with errors_of(self.name), alone_in(path.parent for path in paths):
            delivered = (self._delivered(path, key, version, secret) for path in paths)
            self._write([change for change in delivered if change is not None])

    def read_back(self, key: Key) -> Secret | None:
        """The value that all of the files hold; Refused when they do not hold the same."""
        with errors_of(self.name):
            first, *others = [(path, self._value(TextFile.read(path))) for path in self._paths(key)]
            for path, stands in others:
                if stands != first[1]:
                    raise Refused(f"{first[0]} and {path} do not hold the same {self.variable}", "see which is right")
            return first[1] or None

    def roll_back(self, key: Key, version: int) -> None:
        paths = self._paths(key)
        with errors_of(self.name), alone_in(path.parent for path in paths):
            put_back = (self._put_back(path, key, version) for path in paths)
            self._write([change for change in put_back if change is not None])

    def read_former(self, key: Key) -> Secret | None:
        """What the first file held that had any before."""
        notes = (read_kept(self._beside(path)) for path in self._paths(key))
        found = (kept.before.get(self.variable) for kept in notes if kept is not None and kept.key_id == key.id)
        return next(filter(None, found), None)

    def read_previous(self, key: Key) -> Secret | None:
        """The former secret of the first file that has one."""
        self._refuse_single()
        with errors_of(self.name):
            found = (_in_file(TextFile.read(path), self.previous) for path in self._paths(key))
            return next((value for value in found if value), None)

    def settle(self, key: Key, version: int) -> None:
        """Empty the second variable, where it holds what this version replaced; anything else there is not ours."""
        self._refuse_single()
        paths = self._paths(key)
        with errors_of(self.name), alone_in(path.parent for path in paths):
            settled = [self._settled(path, key, version) for path in paths]
            self._write([change for change in settled if change is not None])

    def _refuse_single(self) -> None:
        if not self.previous:
            raise Refused(f"target {self.name} carries one secret", 'name a second variable, as in previous = "…"')

    def _settled(self, path: Path, key: Key, version: int) -> _Change | None:
        """What settling does to one file; None where the former secret is gone from it."""
        file, kept = TextFile.read(path), read_kept(self._beside(path))
        if kept is None or (kept.key_id, kept.version) != (key.id, version) or not kept.stands(self._value(file)):
            raise Refused(f"{path} does not hold what version {version} delivered", "see who wrote it")
        former = _in_file(file, self.previous)
        if not former or former != kept.before.get(self.variable):
            return None
        return _Change(file, Secret(with_value(file.text, self.previous, Secret(""))))

    def _delivered(self, path: Path, key: Key, version: int, secret: Secret) -> _Change | None:
        """What a delivery does to one file; None when the secret stands there."""
        file = TextFile.read(path)
        kept, stands = read_kept(self._beside(path)), self._value(file)
        if stands == secret:
            return None
        if kept is not None:
            kept.refuse_others(path, stands, key)
            kept.refuse_older(path, stands, version)
        text, before = self._changed(file, stands, secret)
        return _Change(file, text, Kept(key.id, version, secret.digest(), secret.digest(), before))

    def _changed(
        self, file: TextFile, stands: Secret | None, secret: Secret
    ) -> tuple[Secret, Mapping[str, Secret | None]]:
        """The text with the secret in it, and what its variables held before. Invalid when there is no way back."""
        before = {self.variable: stands}
        with naming(file.path):
            text = with_value(file.text, self.variable, secret)
            if self.previous and stands:
                before[self.previous] = value_in(text, self.previous)
                text = with_value(text, self.previous, stands)
            _with_values(text, before)
        return Secret(text), before

    def _put_back(self, path: Path, key: Key, version: int) -> _Change | None:
        """What the way back does to one file; None when it has been gone already."""
        file, kept = TextFile.read(path), read_kept(self._beside(path))
        if kept is None or (kept.key_id, kept.version) != (key.id, version):
            raise Refused(
                f"what stood in {path} before version {version} is not kept", "put it there by hand, or deliver again"
            )
        if all(_in_file(file, name) == value for name, value in kept.before.items()):
            return None
        if not kept.stands(self._value(file)):
            raise Refused(f"{path} holds another {self.variable} by now", "see who wrote it")
        with naming(path):
            return _Change(file, Secret(_with_values(file.text, kept.before)))

    def _write(self, changes: Sequence[_Change]) -> None:
        """The notes first: what is cut off then can be put back. OutcomeUnknown when some have it and others not."""
        for change in changes:
            if change.kept is not None:
                write_kept(self._beside(change.file.path), change.kept)
        for number, change in enumerate(changes):
            try:
                change.file.replace(change.text.reveal())
            except Refused as error:
                if not number:
                    raise
                done = ", ".join(str(one.file.path) for one in changes[:number])
                raise OutcomeUnknown(f"{done} was written, and {error.message}", error.hint) from None

    def _value(self, file: TextFile) -> Secret | None:
        value = _in_file(file, self.variable)
        if value is not None and _REFERENCE.fullmatch(value.reveal()):
            raise Refused(
                f"{self.variable} in {file.path} refers to another variable", "name the one that holds the secret"
            )
        return value

    def _paths(self, key: Key) -> tuple[Path, ...]:
        """Each file once: two directories may lead to it."""
        named = (Path(filled(path, key)) for path in self.files)
        return tuple(dict.fromkeys(Path(os.path.realpath(path.parent)) / path.name for path in named))

    def _beside(self, path: Path) -> Path:
        return note_beside(path, self.variable)


def dotenv_target(name: str, fields: Fields, _resolve: Resolve) -> DotenvTarget:
    """`[targets.NAME] kind = "dotenv"`."""
    fields.only(("kind", "files", "variable", "previous"), "a dotenv target")
    files = tuple(str(fields.absolute("files", file, "/srv/checkout/.env")) for file in fields.texts("files"))
    if not files or len(set(files)) < len(files):
        raise fields.wrong("files", "names none, or one twice", 'as in files = ["/srv/checkout/.env"]')
    variable, previous = _variable(fields, "variable"), _variable(fields, "previous") if fields.has("previous") else ""
    if previous == variable:
        raise fields.wrong("previous", "is the variable itself", f'as in previous = "{variable}_PREVIOUS"')
    return DotenvTarget(name, files, variable, previous)


def _variable(fields: Fields, field: str) -> str:
    try:
        return checked_variable(fields.needed(field))
    except Invalid as error:
        raise fields.wrong(f"{field}:", error.message, error.hint) from None


def _in_file(file: TextFile, variable: str) -> Secret | None:
    with naming(file.path):
        return value_in(file.text, variable)


def _with_values(text: str, values: Mapping[str, Secret | None]) -> str:
    """The text with each of these variables set, or gone where it is None."""
    for name, value in values.items():
        text = without_variable(text, name) if value is None else with_value(text, name, value)
    return text
