"""What an operator may call and give a key: checked once, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import KeyDraft, KeyEdit, checked_environment
from keytui.domain.policy import Policies
from keytui.domain.secrets import holds_secret
from keytui.domain.text import harmless, quoted

_NAME_AT_MOST: Final = 128
_WORD_AT_MOST: Final = 200
_TEXT_AT_MOST: Final = 2000
_WORDS_AT_MOST: Final = 100
"""Scopes, applications or targets of one key: all of them go into every page that shows it."""


def checked_draft(draft: KeyDraft, now: datetime) -> KeyDraft:
    """The draft with its words trimmed and told apart; Invalid names the field at fault."""
    return replace(
        draft,
        environment=checked_environment(draft.environment),
        name=checked_name(draft.name),
        description=_text("description", draft.description),
        owner=checked_word("owner", draft.owner),
        tenant=checked_word("tenant", draft.tenant),
        label=checked_word("label", draft.label),
        scopes=_words("scope", draft.scopes),
        apps=_words("application", draft.apps),
        targets=_words("target", draft.targets),
        expires_at=_expiry(draft.expires_at, now),
    )


def checked_edit(edit: KeyEdit, now: datetime) -> KeyEdit:
    """The edit with its words trimmed and told apart; Invalid names the field at fault, or that there is none."""
    if edit == KeyEdit():
        raise Invalid("nothing to change was given", "name a field, as in --owner payments")
    if edit.never_expires and edit.expires_at is not None:
        raise Invalid("a key cannot expire and never expire", "give one of the two")
    return replace(
        edit,
        name=None if edit.name is None else checked_name(edit.name),
        description=None if edit.description is None else _text("description", edit.description),
        owner=None if edit.owner is None else checked_word("owner", edit.owner),
        scopes=None if edit.scopes is None else _words("scope", edit.scopes),
        apps=None if edit.apps is None else _words("application", edit.apps),
        targets=None if edit.targets is None else _words("target", edit.targets),
        expires_at=_expiry(edit.expires_at, now),
    )


def refuse_unknown(targets: Sequence[str], known: Sequence[str]) -> None:
    """A name that no target has would be found out at the first rotation. Knowing none, another machine delivers."""
    unknown = next((name for name in targets if known and name not in known), None)
    if unknown is not None:
        raise Invalid(f"no target is called {unknown!r}", f"the targets are {', '.join(known)}")


def refuse_disallowed(policies: Policies, environment: str, targets: Sequence[str]) -> None:
    """A target that the environment's policy does not name: its store is not one for such secrets."""
    if why := policies.refused_target(environment, targets):
        raise Refused(why, f"give the key another target, or change [policy.{environment}] targets")


def checked_name(name: str) -> str:
    """A key's name: one line that prints, not longer than a table can show."""
    trimmed = name.strip()
    if not trimmed:
        raise Invalid("a key needs a name", "as in checkout-api")
    return _one_line("name", trimmed, _NAME_AT_MOST)


def checked_note(note: str) -> str:
    """Words that go into the log and stay there: not endless, and no secret pasted by mistake."""
    return _text("note", note)


def _expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is not None and expires_at <= now:
        raise Invalid("the expiry lies in the past", "give a later time, or disable or revoke the key")
    return expires_at


def _words(what: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """In the order given, each once."""
    if len(words) > _WORDS_AT_MOST:
        raise Invalid(f"{len(words)} {what}s were given; {_WORDS_AT_MOST} is the most", "give fewer, wider ones")
    checked = dict.fromkeys(checked_word(what, word) for word in words)
    if "" in checked:
        raise Invalid(f"an empty {what} was given", f"leave it out, or name the {what}")
    return tuple(checked)


def checked_word(what: str, word: str) -> str:
    """One line that prints, trimmed; Invalid names what it was for."""
    return _one_line(what, word.strip(), _WORD_AT_MOST)


def _one_line(what: str, text: str, at_most: int) -> str:
    if len(text) > at_most:
        raise Invalid(f"the {what} has {len(text)} characters; {at_most} is the most", "shorten it")
    _refuse_secret(what, text)
    if harmless(text) != text:
        raise Invalid(f"the {what} {quoted(text)} holds characters that do not print", "leave them out")
    return text


def _text(what: str, text: str) -> str:
    if len(text) > _TEXT_AT_MOST:
        raise Invalid(f"the {what} has {len(text)} characters; {_TEXT_AT_MOST} is the most", "shorten it")
    _refuse_secret(what, text)
    return text.strip()


def _refuse_secret(what: str, text: str) -> None:
    """Nothing that an operator writes about a key is a place for its secret: it is shown, exported and kept."""
    if holds_secret(text):
        raise Invalid(f"the {what} holds something that looks like a secret", "name a key by its name or its prefix")
