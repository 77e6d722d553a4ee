"""Filters by name, one small file beside each profile's vault: what is typed often is typed once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.domain.near import meant
from keytui.domain.query import parse
from keytui.domain.secrets import Secret, holds_secret
from keytui.domain.text import harmless, quoted
from keytui.plain_file import open_plain

if TYPE_CHECKING:
    from pathlib import Path

    from keytui.vault.profile import Profile

FILE_NAME: Final = "filters.json"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_LONGEST: Final = 500
_MOST: Final = 200
_MOST_BYTES: Final = 512 * 1024


class Of(StrEnum):
    """What a filter narrows."""

    KEYS = "keys"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class SavedFilters:
    """Filters by name, of keys and of the audit log."""

    keys: Mapping[str, str]
    audit: Mapping[str, str]

    def of(self, kind: Of) -> Mapping[str, str]:
        """Those of one kind."""
        return self.keys if kind is Of.KEYS else self.audit

    def written_out(self, text: str, kind: Of = Of.KEYS) -> str:
        """The text with each `@name` replaced by what was saved so. Invalid for a name that nothing was saved by."""
        if "@" not in text:
            return text
        return re.sub(r"(?<!\S)@(\S*)", lambda found: self._saved(found[1], kind), text)

    def _saved(self, name: str, kind: Of) -> str:
        if name not in self.of(kind):
            known = self.of(kind)
            listed = f"there are {', '.join(sorted(known))}" if known else "`keytui filters save NAME QUERY` saves one"
            raise Invalid(f"no filter is saved as {quoted(name)}", f"{meant(name, known)}{listed}")
        return self.of(kind)[name]


def load_filters(profile: Profile) -> SavedFilters:
    """What was saved for a profile; nothing where nothing was. Invalid for a file that cannot be read, which stays."""
    path = _path(profile)
    try:
        with open_plain(path) as file:
            content = json.loads(file.read(_MOST_BYTES))
        kinds = {kind: content.get(kind, {}) for kind in Of}
        if all(isinstance(text, str) for each in kinds.values() for text in each.values()):
            return SavedFilters(kinds[Of.KEYS], kinds[Of.AUDIT])
    except FileNotFoundError:
        return SavedFilters({}, {})
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", "check who owns it") from None
    except (ValueError, AttributeError, RecursionError):
        pass  # told below: whatever it is, it is not what was written
    raise Invalid(f"{path} holds no filters that can be read", "mend it by hand, or move it away: it is left as it is")


def checked_name(name: str) -> str:
    """A name that a filter can have. Invalid for any other, and for a secret, of which nothing is repeated."""
    if holds_secret(name):
        raise Invalid("the filter's name looks like a secret", "call it by a word of your own")
    if _NAME.fullmatch(name) is None:
        raise Invalid(f"{quoted(name[:40])} cannot name a filter", "use letters, digits, - and _, at most 40")
    return name


def checked_filter(text: str, kind: Of = Of.KEYS) -> str:
    """A filter that can be kept, trimmed. Invalid for what cannot be read, and for a secret: ask before it is shown."""
    words = text.strip()
    if not words or len(words) > _LONGEST or harmless(words) != words:
        raise Invalid("this is no filter to keep", f"one line, not empty, of at most {_LONGEST} characters")
    if any(word.startswith("@") for word in words.split()):
        raise Invalid("a filter is not saved by the name of another", "write out what that one says")
    if holds_secret(words):
        raise Invalid("the filter holds something that looks like a secret", "find a key by its name or its prefix")
    if kind is Of.KEYS:
        parse(words)
    return words


def save_filter(profile: Profile, name: str, text: str, kind: Of = Of.KEYS) -> None:
    """Keep a filter by a name; one of that name is replaced. Invalid for what cannot be kept, or is no name."""
    _change(profile, kind, checked_name(name), checked_filter(text, kind))


def remove_filter(profile: Profile, name: str, kind: Of = Of.KEYS) -> None:
    """Forget one. NotFound when there is none of that name."""
    _change(profile, kind, name, None)


def _change(profile: Profile, kind: Of, name: str, text: str | None) -> None:
    from keytui.private_file import replace_privately  # noqa: PLC0415  # most starts keep no filter
    from keytui.text_file import alone_in  # noqa: PLC0415  # as above

    path = _path(profile)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Refused(f"{path.parent} cannot be made: {error.strerror}", "check who owns it") from None
    with alone_in((path.parent,)):
        before = load_filters(profile)
        kept = {each: dict(before.of(each)) for each in Of}
        if text is not None:
            kept[kind][name] = text
        elif kept[kind].pop(name, None) is None:
            raise NotFound(f"no filter is saved as {quoted(name)}", "`keytui filters` lists them")
        if len(kept[kind]) > _MOST:
            raise Refused(f"{_MOST} filters are the most", "`keytui filters remove NAME` forgets one")
        replace_privately(path, Secret(json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n"))


def _path(profile: Profile) -> Path:
    return profile.directory / FILE_NAME
