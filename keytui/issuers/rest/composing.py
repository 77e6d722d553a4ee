"""What is asked of a platform, put together from its description: paths, labels, bodies."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from keytui.domain.errors import Refused
from keytui.domain.json_pointers import put
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.issuers.rest.description import Call, Making, Word
from keytui.issuers.rest.exchange import Question
from keytui.issuers.rest.listing import Item

Scopes = tuple[str, ...]


def asked(call: Call, reference: str = "") -> Question:
    """A call that changes the key that the platform calls so."""
    if reference in (".", ".."):  # a path with it would lead elsewhere
        raise Refused(f"a key that is called {reference!r} cannot be asked for", "do it by hand there")
    path = call.path.replace("{id}", quote(reference, safe=""))
    return Question(call.method, path, call.query, call.body, changes=True)


def scopes_for(making: Making, key: Key, like: Item | None) -> Scopes | None:
    """Those that a new key shall have: of the version before as the list tells them, otherwise those that we know of
    the key. None where nobody has asked for any, and the platform chooses.
    """
    told = [pointer for pointer, word in making.put.items() if word is Word.SCOPES]
    if like is not None and (like.listed.scopes or not told or any(_copied(like.copied, there) for there in told)):
        return like.listed.scopes
    return key.scopes if told and (key.scopes or like is not None) else None


def creation(making: Making, key: Key, value: Secret | None, label: str, like: Item | None) -> Question:
    """A call that makes a key: its body as described, with what `like` hands on and what we say of the key.

    Scopes that `like` has handed on are not written over.
    """
    call = making.call
    body: Mapping[str, object] = call.body or {}
    for pointer, copied in (like.copied if like else {}).items():
        body = put(body, pointer, copied)
    scopes = scopes_for(making, key, like) or ()
    for pointer, word in making.put.items():
        said = _said(word, key, value, label, scopes)
        if said is not None and not (word is Word.SCOPES and like and _hands_on(making, like, pointer, scopes)):
            body = put(body, pointer, said)
    return Question(call.method, call.path, call.query, body, (value,) if value else (), changes=True)


def label_of(making: Making, key: Key, like: Item | None, tag: str) -> str:
    """As the version before is called, unless every one has to be called differently."""
    if like is not None and like.listed.label and not making.tagged:
        return like.listed.label
    label = making.label
    for word, said in (("id", key.id), ("name", key.name), ("environment", key.environment), ("tag", tag)):
        label = label.replace(f"{{{word}}}", said)
    return label


def _hands_on(making: Making, like: Item, pointer: str, scopes: Scopes) -> bool:
    """Whether what goes there is copied: also nothing, where nobody knows of any."""
    return _copied(like.copied, pointer) or (not scopes and _copied(making.copy, pointer))


def _copied(copied: Mapping[str, object], pointer: str) -> bool:
    """Whether a copy goes there, by itself or within what is copied whole."""
    return any(f"{pointer}/".startswith(f"{there}/") for there in copied)


def _said(word: Word, key: Key, value: Secret | None, label: str, scopes: Scopes) -> object:
    """What goes into the body for a word; None leaves out what is not there."""
    words: Mapping[Word, object] = {
        Word.LABEL: label,
        Word.VALUE: value.reveal() if value else None,
        Word.SCOPES: list(scopes),
        Word.EXPIRES: key.expires_at.isoformat() if key.expires_at else None,
        Word.OWNER: key.owner or None,
        Word.DESCRIPTION: key.description or None,
        Word.ENVIRONMENT: key.environment,
    }
    return words[word]
