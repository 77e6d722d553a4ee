"""`[keymap]` in the configuration: keys of the operator's own, by the ids of the bindings. What is wrong is refused as
it is read: Textual ignores an id that there is none of, and lets one of two actions on one key go without a word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, permutations
from pathlib import Path
from typing import Final

from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key, key_to_character
from textual.screen import ModalScreen
from textual.widgets import Input

from keytui.domain.errors import Invalid
from keytui.domain.near import meant
from keytui.domain.text import harmless, quoted
from keytui.tui.app import Console
from keytui.tui.bindings import NAMES, by_id, every, own, said
from keytui.tui.permissions import OPERATIONS
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.live import LiveScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.scrolling import Scrolling
from keytui.vault.configuration import fields_of
from keytui.vault.configuration_lines import names_lines

SECTION: Final = "keymap"
_KEYS: Final = {key.value for key in Keys if not key.value.startswith("<")} - {"ignore", "return", "shift+escape"}
_TAKEN: Final = {
    "ctrl+c": "a terminal's own word for stop",
    "ctrl+q": "ends the console",
    "ctrl+z": "a terminal's own word for hold",
    "ctrl+m": "sent by a terminal as enter",
    "ctrl+i": "sent by a terminal as tab",
    "ctrl+h": "sent by a terminal as backspace",
}
"""Keys that are not given away, and what they are."""
_TYPED_AWAY: Final = frozenset(key for binding in own(Input) for key in binding.key.split(",")) | {"enter"}
"""Keys that a text field takes beside those that it writes."""

Keymap = Mapping[str, str]
"""By the id of a binding its keys, as Textual names them, parted by commas."""


@names_lines
def load_keymap(path: Path) -> Keymap:
    """The `[keymap]` of a configuration; nothing where there is none. Invalid names file, line and what was meant.

    [keymap]
    "app.help" = "f1,?"
    "key.rotate" = "T"
    """
    given: dict[str, str] = {}
    for name, value in _flat(path, "", fields_of(path, SECTION)):
        if name in given:
            raise Invalid(f"{path}: [{SECTION}] {harmless(name)} stands twice, with and without quotes", "keep one")
        given[name] = value
    if not given:
        return {}
    known = by_id()
    keymap = {name: _keys(path, known, name, value) for name, value in given.items()}
    _refuse_clashes(path, keymap)
    return keymap


def _flat(path: Path, beyond: str, fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """`table.down = "n"` without quotes is a table within a table, and means the same."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(path, f"{beyond}{name}.", value)
        elif not isinstance(value, str):
            raise Invalid(f"{path}: [{SECTION}] {harmless(beyond + name)} is a key in quotes", 'as in "f5", or "f1,?"')
        else:
            yield beyond + name, value


def _keys(path: Path, known: Mapping[str, Binding], name: str, value: str) -> str:
    """The keys of one binding, as Textual names them."""
    if name not in known:
        raise Invalid(
            f"{path}: [{SECTION}] has no field {quoted(name)}",
            f"{meant(name, known)}`keytui keymap` lists the ids",
        )
    where, binding = f"{path}: [{SECTION}] {name}", known[name]
    own_keys = binding.key.split(",")
    keys = [word if word in own_keys else _key(where, word) for word in map(str.strip, value.split(","))]
    if _is_change(binding):
        for key in keys:
            if key not in own_keys and _is_easily_pressed(key):
                raise Invalid(f"{where}: {key} is pressed too easily for a change", 'take shift and a letter: "T"')
    _refuse_typed(where, binding, keys)
    return ",".join(keys)


def _refuse_typed(where: str, binding: Binding, keys: Sequence[str]) -> None:
    """What is asked before a text field would take every key that it has from there; the rest needs one beside."""
    typed = [key for key in keys if _is_typed(key)]
    first = binding.key.split(",")[0]
    if binding.priority and typed:
        raise Invalid(
            f"{where}: text fields need {', '.join(map(said, typed))}", f'take a key that nobody types, as "{first}" is'
        )
    if _is_needed_beside_text(binding) and len(typed) == len(keys):
        raise Invalid(
            f"{where}: text fields take {', '.join(map(said, keys))} for themselves",
            f'add a key that nobody types, as in "{keys[0]},{first}"',
        )


def _key(where: str, word: str) -> str:
    """One key as Textual names it; a single character, or a name as on the page of the keys, is understood too."""
    if word in _TAKEN:
        raise Invalid(f"{where}: {word} is {_TAKEN[word]}", "take another key")
    modifier, _, letter = word.rpartition("+")
    if modifier == "shift" and len(letter) == 1 and letter.isalpha():
        raise Invalid(f"{where}: {word} reaches us as {letter.upper()}", f'write "{letter.upper()}"')
    if len(word) == 1 and _is_pressed(word):
        return _character_to_key(word)
    key = NAMES.get(word, word)
    if key in _KEYS or key in KEY_NAME_REPLACEMENTS.values() or (len(key) > 1 and _is_name_of_a_character(key)):
        return key
    raise Invalid(
        f"{where}: {quoted(word[:40])} is no key",
        f"{meant(word, (*sorted(_KEYS), *NAMES))}a character, or a name as in f5, pagedown, ctrl+d",
    )


def _is_name_of_a_character(key: str) -> bool:
    character = key_to_character(key)
    return character is not None and _character_to_key(character) == key and _is_pressed(character)


def _is_pressed(character: str) -> bool:
    """Whether a key sends it by itself: an accent that combines comes with the letter that it is on."""
    return character.isprintable() and not unicodedata.category(character).startswith("M")


def _is_easily_pressed(key: str) -> bool:
    return key.startswith("ctrl+") or key in {"enter", "space"} or (key_to_character(key) or "").islower()


def _is_change(binding: Binding) -> bool:
    return parse(binding.action)[1] in OPERATIONS


def _is_typed(key: str) -> bool:
    return (key_to_character(key) or "\n").isprintable() or key in _TYPED_AWAY


def _is_needed_beside_text(binding: Binding) -> bool:
    """Whether it must be had while a text field has the focus: what leaves a screen, and moves within a form."""
    name = binding.id or ""
    return name.startswith("form.") or "escape" in binding.key.split(",")


def _refuse_clashes(path: Path, keymap: Keymap) -> None:
    """Two actions that can be had at once, on one key, where they were not by themselves.

    A change takes no key that another action had either: a sentence on the screen names that key still.
    """
    for bindings in _at_once():
        for one, other in permutations(bindings.values(), 2):
            if one.id not in keymap or one.keys & other.keys:
                continue
            where, wanted = f"{path}: [{SECTION}] {one.id}", _mapped(one, keymap)
            if clash := wanted & _mapped(other, keymap):
                raise Invalid(
                    f"{where}: {said(min(clash))} is {other.name} already ({other.does})",
                    "take another key, or give that one another",
                )
            if one.changes and (named := wanted & other.keys):
                raise Invalid(
                    f"{where}: {said(min(named))} was {other.name} ({other.does}), and the console's words call it so",
                    "take a key for this change that nothing had",
                )


class _Had:
    """One binding of a screen, with all the keys that it has there."""

    def __init__(self, binding: Binding) -> None:
        self.id = binding.id or ""
        self.name = self.id or f"Textual's {binding.action}"
        self.does = binding.tooltip or binding.description
        self.changes = _is_change(binding)
        self.keys: frozenset[str] = frozenset()


def _mapped(had: _Had, keymap: Keymap) -> frozenset[str]:
    return frozenset(keymap[had.id].split(",")) if had.id in keymap else had.keys


def _at_once() -> Iterator[Mapping[str, _Had]]:
    """Of each screen, and each step of the wizard, the bindings that can be had at once."""
    seen: set[type[DOMNode]] = set()
    for screen in every(VaultScreen):
        if screen in seen:
            continue
        seen.add(screen)
        if issubclass(screen, WizardScreen):
            yield from (_of(body, screen, Console) for body in every(StepBody))
        elif issubclass(screen, ModalScreen):
            yield _over_everything(screen)
        elif hasattr(screen, "table") or issubclass(screen, LiveScreen):
            yield _of(PagedTable, screen, Console)
        else:
            yield _of(Scrolling, screen, Console)


def _of(*nodes: type[DOMNode]) -> Mapping[str, _Had]:
    return _together(chain.from_iterable(map(_bindings, nodes)))


def _over_everything(dialog: type[DOMNode]) -> Mapping[str, _Had]:
    """Of the app's bindings a dialog lets through those that are asked before everything else."""
    return _together(
        chain(_bindings(Scrolling), _bindings(dialog), (each for each in _bindings(Console) if each[1].priority))
    )


def _together(bindings: Iterable[tuple[str, Binding]]) -> Mapping[str, _Had]:
    found: dict[str, _Had] = {}
    for key, binding in bindings:
        had = found.setdefault(binding.id or binding.action, _Had(binding))
        had.keys |= {key}
    return found


def _bindings(node: type[DOMNode]) -> Iterator[tuple[str, Binding]]:
    """Its own and those that it inherits, each with one key."""
    if node._merged_bindings is not None:
        yield from node._merged_bindings
