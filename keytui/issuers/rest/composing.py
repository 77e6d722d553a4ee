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


def asked(call: Call, reference: str = "") -> Question:
    """A call that changes the key that the platform calls so."""
    if reference in (".", ".."):  # a path with it would lead elsewhere
        raise Refused(f"a key that is called {reference!r} cannot be asked for", "do it by hand there")
    path = call.path.replace("{id}", quote(reference, safe=""))
    return Question(call.method, path, call.query, call.body, changes=True)


def creation(making: Making, key: Key, value: Secret | None, label: str, like: Item | None) -> Question:
    """A call that makes a key: its body as described, with what `like` hands on and what we say of the key."""
    call = making.call
    body: Mapping[str, object] = call.body or {}
    for pointer, copied in (like.copied if like else {}).items():
        body = put(body, pointer, copied)
    for pointer, word in making.put.items():
        said = _said(word, key, value, label, like)
        if said is not None:
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


def _said(word: Word, key: Key, value: Secret | None, label: str, like: Item | None) -> object:
    """What goes into the body for a word; None leaves out what is not there, or what `like` has said."""
    words: Mapping[Word, object] = {
        Word.LABEL: label,
        Word.VALUE: value.reveal() if value else None,
        Word.SCOPES: None if like else list(key.scopes),
        Word.EXPIRES: key.expires_at.isoformat() if key.expires_at else None,
        Word.OWNER: key.owner or None,
        Word.DESCRIPTION: key.description or None,
        Word.ENVIRONMENT: key.environment,
    }
    return words[word]
