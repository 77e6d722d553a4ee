"""Values as an issuer that keeps them in plaintext knows its versions by."""

from __future__ import annotations

import re

from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret, is_weak
from keytui.domain.text import harmless
from keytui.issuers.issuer import Mark


def mark_of(value: Secret) -> Mark:
    """The mark of a version that is known by its value alone. Of a weak one no prefix is shown."""
    return Mark(value.digest(), "" if is_weak(value) else harmless(value.prefix()))


def checked_value(issuer: str, value: Secret | None) -> Secret:
    """A value that can be sent in a header. Invalid for another, and for none: such an issuer makes none itself."""
    if value is None:
        raise Invalid(f"issuer {issuer} makes no value itself", "give it a new one in its format")
    if not re.fullmatch(r"[!-~]+", value.reveal()):
        raise Invalid(f"issuer {issuer}: the value holds what no header can carry", "leave out blanks and other signs")
    return value
