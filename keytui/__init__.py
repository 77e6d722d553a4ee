"""keytui: rotate any key without a failed request, and know with evidence when the old one can go.

A service protects itself with `keytui.open_verifier()`, which gives a `keytui.Verifier`, and `keytui.KeyMiddleware`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keytui.open import open_verifier
    from keytui.verify.middleware import KeyMiddleware
    from keytui.verify.verifier import Verifier

__version__ = "0.1.0"
__all__ = ["KeyMiddleware", "Verifier", "__version__", "open_verifier"]


def __getattr__(name: str) -> object:
    """Load what a service needs when it asks: the console starts without any of it."""
    if name == "Verifier":
        from keytui.verify.verifier import Verifier

        return Verifier
    if name == "KeyMiddleware":
        from keytui.verify.middleware import KeyMiddleware

        return KeyMiddleware
    if name == "open_verifier":
        from keytui.open import open_verifier

        return open_verifier
    raise AttributeError(f"module 'keytui' has no attribute {name!r}")
