"""How a version is named to its issuer."""

from __future__ import annotations

import hmac

from keytui.issuers.issuer import Issuer, Mark
from keytui.vault.local.tables import VersionRow


def mark_of(row: VersionRow, issuer: Issuer, pepper: bytes) -> Mark | None:
    """The mark of a version; None where nothing that we know names it at its issuer. May ask the issuer.

    Of a weak value no digest is kept that another could compute: it is looked for among the values that the issuer
    tells.
    """
    if not row.keyed:
        return Mark(row.digest, row.prefix or "", row.reference)
    if row.reference:
        return Mark("", row.prefix or "", row.reference)
    if not (row.weak and issuer.abilities.lists):
        return None
    for listed in issuer.versions():
        value = listed.value
        if value is not None and hmac.compare_digest(value.keyed_digest(pepper), row.digest):
            return Mark(value.digest(), "", listed.mark.reference)
    return None
