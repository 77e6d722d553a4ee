"""The old version at the systems themselves: asked once it is over, with its secret where anybody here has that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.asking import given_secret
from keytui.cli.output import remark
from keytui.cli.proving import ask_probes, say_not_asked
from keytui.domain.references import parse_reference
from keytui.domain.rotation import Rotation
from keytui.vault.references import from_here

if TYPE_CHECKING:
    from keytui.domain.secrets import Secret
    from keytui.vault.outside import Outside
    from keytui.vault.protocol import Vault
    from keytui.vault.proving import Proven

OldOption = Annotated[
    str,
    typer.Option(
        "--old", metavar="REFERENCE", help="Where the old secret stands (file:PATH, env:NAME, or - to be asked for it)."
    ),
]


@dataclass
class OldSecret:
    """What this machine has of a key's secrets, and what its probes said of them."""

    vault: Vault
    around: Outside
    given: str
    found: list[Proven] = field(default_factory=list)

    @cached_property
    def _secrets(self) -> Mapping[int, Secret]:
        """By version: what targets hold, and what was given. Kept in memory only."""
        from keytui.vault.proving import held_by, versions_of

        detail = self.vault.detail(self.around.key.id)
        given = [_given(self.given)] if self.given else []
        return versions_of(detail, [*held_by(self.around.targets, detail), *given])

    def ask_new(self, rotation: Rotation) -> None:
        """Ask with the new version, before the old one goes a step further. Refused where a system shuts it out."""
        from keytui.vault.proving import refuse_shut_out

        new = {number: secret for number, secret in self._secrets.items() if number == rotation.new_version}
        found = ask_probes(self.vault, self.around, rotation.id, new)
        self.found += found
        refuse_shut_out(found, self.around.key)

    def ask_old(self, rotation: Rotation) -> None:
        """Ask with the old version, which is over. StillAccepted where it is let in."""
        from keytui.vault.proving import refuse_still_accepted

        if not self.around.probes:
            if self.given:
                remark(f"no probe names {self.around.key.name}, so nobody was asked with the old secret")
            return
        old = {number: secret for number, secret in self._secrets.items() if number == rotation.old_version}
        found = ask_probes(self.vault, self.around, rotation.id, old)
        self.found += found
        if not old:
            say_not_asked(self.around, rotation.old_version)
        refuse_still_accepted(found, self.around.key)


def _given(reference: str) -> Secret:
    return given_secret("the old secret") if reference == "-" else from_here(parse_reference(reference))
