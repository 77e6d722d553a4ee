"""A version that an issuer is asked to make: asked so that it is found again, and not left there where it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from keytui.domain.errors import KeytuiError, OutcomeUnknown
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Issuer, Mark, NewVersion, WritesTags
from keytui.vault.local.issuing.pending import tag_of
from keytui.vault.local.issuing.told import Call
from keytui.vault.local.tables import VersionRow


@dataclass(frozen=True, slots=True)
class Begun:
    """A version that is about to be issued, as it is written down."""

    call: Call
    value: Secret | None
    """None where the issuer makes it."""
    tag: str
    """What it is found by there, where the issuer writes that; "" where it has another name."""


def issued_by(issuer: Issuer, key: Key, begun: Begun, like: Mark | None) -> NewVersion:
    """A value of ours may be given again after a lost answer, and is found where it is already. What the issuer makes
    has a tag there, if it writes one.
    """
    value, tagging = begun.value, _tagging(issuer)
    if value is None and tagging is not None and begun.tag:
        return tagging.issue_tagged(key, like, begun.tag)
    try:
        return issuer.issue(key, value, like)
    except OutcomeUnknown as lost:
        if value is None:
            raise
        try:
            return issuer.issue(key, value, like)
        except KeytuiError:
            raise lost from None  # that the second did nothing says nothing of the first


@contextmanager
def taken_back_if_lost(issuer: Issuer, new: NewVersion, begun: Begun) -> Iterator[None]:
    """What an issuer has made, and the vault cannot take in, is revoked there: nobody will have its value. Where it has
    taken another's place that one is over anyway.
    """
    try:
        yield
    except Exception:
        if begun.value is None and issuer.abilities.overlaps:
            with suppress(KeytuiError):
                issuer.revoke(new.listed.mark)
        raise


def found_by_tag(issuer: Issuer, version: VersionRow) -> Mark | None:
    """How a version is named that nobody had the answer of; None where nothing tells."""
    tag = tag_of(version)
    tagging = _tagging(issuer)
    listed = tagging.look_up_tag(tag) if tagging is not None and tag else None
    return None if listed is None else listed.mark


def can_find_it(issuer: Issuer) -> bool:
    """Whether a version whose answer was lost is found there by its tag."""
    return _tagging(issuer) is not None


def not_found(issuer: Issuer) -> str:
    """Why a version that reached nobody could not be ended there, in words for the log."""
    return "not found there" if can_find_it(issuer) else "nothing names it there"


def _tagging(issuer: Issuer) -> WritesTags | None:
    return issuer if isinstance(issuer, WritesTags) and issuer.writes_tags else None
