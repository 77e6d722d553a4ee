"""New keys as they would be stored, or why they cannot be: what follows from each key alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from keytui.domain.access import Principal, Role
from keytui.domain.errors import Invalid, KeytuiError, Refused
from keytui.domain.keys import BUILTIN, KeyDraft, Kind
from keytui.domain.policy import Policies
from keytui.domain.secrets import PREFIX_LENGTH, is_weak, parse_format
from keytui.domain.text import harmless
from keytui.vault.local.access.tenancy import of_tenant
from keytui.vault.local.keys.drafts import checked_draft, checked_name, checked_word, refuse_disallowed, refuse_unknown
from keytui.vault.many_keys import NewKey, Origin

_SOME_NAME: Final = "key"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FitKey:
    """One that can be stored, unless its name or its value is taken."""

    place: int
    name: str
    draft: KeyDraft
    """What the key is beside its name; many share it."""
    digest: str
    weak: bool
    prefix: str | None
    variable: str


class Fitting:
    """Checks the keys of one call. What keys have in common beside their names is checked once."""

    def __init__(
        self, origin: Origin, principal: Principal, policies: Policies, targets: tuple[str, ...], pepper: bytes
    ) -> None:
        self._made = origin is Origin.MADE
        self._principal = principal
        self._policies = policies
        self._targets = targets
        self._pepper = pepper
        self._checked: dict[KeyDraft, KeyDraft] = {}

    def fit(self, place: int, new: NewKey, now: datetime) -> FitKey:
        """The key as it would be stored; Invalid or Refused say why not, Forbidden that nobody may who asks."""
        name = checked_name(new.name)
        draft = self._draft(new.draft, now)
        variable = checked_word("variable", new.variable)
        if new.value is None:
            return FitKey(place, name, draft, *_told(new), variable=variable)
        if not new.value:
            raise Invalid("an empty value is no secret", "leave the key out, or give its value")
        weak = is_weak(new.value)
        digest = new.value.keyed_digest(self._pepper) if weak else new.value.digest()
        return FitKey(place, name, draft, digest, weak, None if weak else new.value.prefix(), variable)

    def _draft(self, draft: KeyDraft, now: datetime) -> KeyDraft:
        checked = self._checked.get(draft)
        if checked is None:
            checked = self._checked[draft] = self._checked_draft(draft, now)
        return checked

    def _checked_draft(self, draft: KeyDraft, now: datetime) -> KeyDraft:
        if draft.kind is not Kind.API_KEY or draft.issuer != BUILTIN:
            raise Refused("many keys at once are API keys of keytui's own verifiers", "leave kind and issuer away")
        parse_format(draft.format)
        checked = of_tenant(checked_draft(replace(draft, name=_SOME_NAME), now), self._principal)
        if checked.sensitive and self._principal.role is not Role.LOCAL:
            raise Refused(
                "a sensitive key takes a second operator's approval, and many at once cannot wait for it",
                "leave `sensitive` away here, and add those by themselves",
            )
        if self._made:
            refuse_unknown(checked.targets, self._targets)
            refuse_disallowed(self._policies, checked.environment, checked.targets)
        return checked


def why_unfit(error: KeytuiError) -> tuple[str, str]:
    """What is wrong and the way out, as one line each."""
    return harmless(error.message), harmless(error.hint)


def _told(new: NewKey) -> tuple[str, bool, str | None]:
    if not _DIGEST.fullmatch(new.digest):
        raise Invalid("a digest is 64 hexadecimal digits in lower case", "give SHA-256 of the value, or the value")
    if len(new.prefix) > PREFIX_LENGTH:
        raise Invalid(f"a prefix has {PREFIX_LENGTH} characters at most", "give the value's first ones, and no more")
    if harmless(new.prefix) != new.prefix:
        raise Invalid("the prefix holds characters that do not print", "leave it away")
    return new.digest, False, new.prefix or None
