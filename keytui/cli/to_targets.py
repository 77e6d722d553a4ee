"""A rotation whose secret goes to the key's targets: issued, delivered, proven; printed only if that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

import typer

from keytui.cli.delivering import Telling, delivering, explain, skip_targets
from keytui.cli.exits import Exit
from keytui.cli.handover import hand_out, hand_out_json, minted, nothing_lost
from keytui.cli.output import remark, say_json
from keytui.cli.proving import ask_probes, proven_shape
from keytui.cli.rotations import next_step
from keytui.cli.shapes import Shape, rotation_shape
from keytui.clock import utc_now
from keytui.domain.errors import KeytuiError
from keytui.domain.rotation import First, Plan, Rotation, RotationState
from keytui.vault.occupants import rehearse_target
from keytui.vault.progress import Undelivered
from keytui.vault.ways_on import refuse_skips

if TYPE_CHECKING:
    from keytui.domain.keys import Version
    from keytui.domain.secrets import Secret
    from keytui.vault.delivering import Delivering
    from keytui.vault.model import Issued
    from keytui.vault.outside import Outside
    from keytui.vault.protocol import Vault
    from keytui.vault.proving import Proven

_BEFORE_ISSUE = frozenset({RotationState.PLANNED, RotationState.REVOKED})


@dataclass(slots=True)
class ToTargets:
    """One key's rotation. `name` is what commands call the key; `show` prints the secret too."""

    vault: Vault
    around: Outside
    name: str
    show: bool
    json: bool
    skip: tuple[str, ...] = ()
    telling: Telling = field(default_factory=Telling)
    proofs: list[Proven] = field(default_factory=list)

    def begin(self, plan: Plan) -> None:
        """Plan, once the targets were rehearsed, and deliver."""
        self._rehearse(plan)
        self._deliver(self.vault.plan(self.around.key.id, plan, token_hex(16)))

    def resume(self, rotation: Rotation) -> None:
        """Go on from wherever the rotation stands before its hand-over."""
        if rotation.state in _BEFORE_ISSUE:
            self._rehearse(rotation.plan)
        self._deliver(rotation)

    def _deliver(self, rotation: Rotation) -> None:
        """Issue and deliver what is not delivered, and say how it ended."""
        from keytui.vault.proving import refuse_unfinished

        held = self._held()  # before anything is replaced there
        before = {rotation.old_version: held[rotation.old_version]} if rotation.old_version in held else {}
        engine = delivering(self.vault, self.around, self.telling, partial(self._ask_old, rotation, before))
        way_on = f"rotation #{rotation.id} stays open: `keytui rotate {self.name} --resume` continues it"
        mint = partial(self.vault.issue, rotation.id)
        issued = minted(mint, way_on) if rotation.state in _BEFORE_ISSUE else None
        with nothing_lost(way_on):
            try:
                handed = self._handed_over(engine, rotation, issued)
            except Undelivered as error:
                explain(self.vault, self.around.key, self.name, rotation, error)
                raise
        secret = self._held().get(handed.new_version or 0) if issued is None else issued.secret
        self._prove_new(handed, secret)
        self._say(handed, secret)
        refuse_unfinished(handed, self.proofs, self.around.key)
        if not all(each.holds for each in self.proofs):
            raise typer.Exit(Exit.REFUSED)

    def _handed_over(self, engine: Delivering, rotation: Rotation, issued: Issued | None) -> Rotation:
        skip_targets(self.vault, self.around.key, rotation, self.skip)
        if issued is None:
            return engine.resume(rotation)
        return engine.hand_over(rotation, issued.version, issued.secret)

    def _rehearse(self, plan: Plan) -> None:
        """A target that would fail stops everything before it begins, but for an emergency's revocation.

        So does a target that cannot be left out: what is refused after the issue would be an outage.
        """
        if self.skip:
            refuse_skips(self.around.key, self._current(), plan, self.skip)
        for target in self.around.targets:
            if target.name in self.skip:
                continue
            try:
                rehearse_target(self.vault, target, self.around.key)
            except KeytuiError as error:
                if plan.first is not First.REVOKE:
                    raise
                remark(f"beware: {error.message}")

    def _current(self) -> Version:
        """The version that consumers have before the new one."""
        return self.vault.detail(self.around.key.id).summary.version

    def _held(self) -> dict[int, Secret]:
        """What can be read at the targets, by version. In memory, and for asking alone."""
        from keytui.vault.proving import held_by, versions_of

        detail = self.vault.detail(self.around.key.id)
        return dict(versions_of(detail, list(held_by(self.around.targets, detail))))

    def _ask_old(self, rotation: Rotation, before: dict[int, Secret]) -> None:
        """Where the old version is over: what systems say of that decides whether the hand-over completes."""
        if rotation.plan.at_once:
            self.proofs += ask_probes(self.vault, self.around, rotation.id, before)

    def _prove_new(self, rotation: Rotation, secret: Secret | None) -> None:
        if secret is not None and rotation.new_version is not None:
            self.proofs += ask_probes(self.vault, self.around, rotation.id, {rotation.new_version: secret})

    def _say(self, rotation: Rotation, secret: Secret | None) -> None:
        """Nothing on standard output but what was asked for."""
        if self.show and secret is None:
            remark("the secret was not issued here, and cannot be read at a target: it is not shown")
        shown = secret if self.show else None
        if self.json:
            shape: Shape = {
                **rotation_shape(rotation, utc_now()),
                "deliveries": self.telling.shapes(),
                "proofs": [proven_shape(each) for each in self.proofs],
            }
            if shown is None:
                say_json(shape)
            else:
                hand_out_json({**shape, "secret": shown.reveal()})
        elif shown is not None:
            hand_out(shown)
        where = ", ".join(self.telling.having())
        remark(f"rotated {self.around.key.name}: version {rotation.new_version} is delivered to {where}")
        remark(f"  rotation #{rotation.id} is {rotation.state}; {next_step(rotation, self.name)}")
