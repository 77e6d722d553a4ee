"""Why a secret that was pasted back is not the one that was issued, without repeating any of either."""

from __future__ import annotations

from typing import Final

from keytui.domain.diagnosis import cleaned, diagnose
from keytui.domain.secrets import Secret, parse_format
from keytui.domain.verification import Check, Outcome

_AGAIN: Final = "send it once more from here with c, or show it with v, and take all of it"


def mismatch(issued: Secret, pasted: Secret, format_name: str) -> tuple[str, str]:
    """What is wrong with a paste that differs, and what to do about it."""
    inside, known = cleaned(pasted), parse_format(format_name)
    if inside == issued:
        return diagnose(pasted, Check(True, Outcome.ACCEPTED), ())[0]
    if inside and issued.reveal().startswith(inside.reveal()):
        return f"it is cut off: {len(inside)} of {len(issued)} characters", _AGAIN
    if known.fits(inside) and known.intact(inside):
        return "it is whole, but another secret, perhaps the old one", _AGAIN
    return diagnose(pasted, Check(False, Outcome.UNKNOWN), {issued.prefix()}, (known,))[0][0], _AGAIN
