"""Issuers elsewhere: which there are, and how the vault compares with them."""

from __future__ import annotations

from typing import Protocol

from keytui.vault.sync_report import IssuerStanding, SyncReport


class Syncing(Protocol):
    """Issuers elsewhere: which there are, and how the vault compares with them."""

    def issuers(self) -> tuple[IssuerStanding, ...]:
        """keytui's own first, then by name those that the configuration of the vault's machine names.

        How they compare is told to those who see every tenant. Invalid where the configuration is.
        """
        ...

    def sync(self, issuer: str) -> SyncReport:
        """Ask an issuer what it has, bring in what nobody knew, and mark what stands otherwise there than here.

        Nothing of the vault's own is deleted. To do the same again is harmless. Refused for an issuer that tells of
        none of its keys, and while another compares it; what the issuer itself raises is remembered, and raised.
        """
        ...
