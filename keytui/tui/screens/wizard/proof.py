"""Step 6: what shows that the new secret works and the old one does not, and where the log keeps it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.audit import AuditEntry, AuditFilter
from keytui.domain.keys import BUILTIN
from keytui.domain.rotation import Rotation, RotationState
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.tui.command_lines import same_as
from keytui.tui.screens.wizard.ask_secret import SecretDialog
from keytui.tui.screens.wizard.asking import AskingBody
from keytui.tui.screens.wizard.probing import ProbesPanel
from keytui.tui.screens.wizard.targets_panel import TargetsPanel
from keytui.tui.screens.wizard.watch import said
from keytui.tui.screens.wizard.words import clock_time
from keytui.tui.widgets.words import Words
from keytui.vault.model import Acknowledgement, Proof, Refusal
from keytui.vault.probed import LastWord, last_words, of_version
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.proving import Proven

_ENTRIES_LOOKED_AT: Final = 200
Evidence = tuple[Proof, tuple[AuditEntry, ...]]
_ANSWERS: Final = {
    Refusal.REFUSED: ("✓", "$success", "asked with the old secret: refused"),
    Refusal.ACCEPTED: ("✗", "bold $error", "asked with the old secret: STILL ACCEPTED"),
    Refusal.NOT_ASKED: ("◌", "$quiet", "not asked with the old secret: press o if you still have it"),
}


class ProofBody(AskingBody):
    """Shows the proof of a rotation, and how one that was given up ended."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "ask_old", "ask with the old secret", id="proof.ask-old", tooltip="Paste the old secret, masked"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._asked = Refusal.NOT_ASKED
        self._evidence: Evidence | None = None
        self._heard: tuple[LastWord, ...] = ()
        """What the systems said since the step was opened, which the log does not always keep."""

    def compose(self) -> ComposeResult:
        yield Words(Content.styled("◌ gathering the proof …", "$quiet"), id="proof")
        yield ProbesPanel(id="probes")
        yield TargetsPanel(id="targets")
        yield Words(id="said")

    def versions(self, rotation: Rotation) -> tuple[int, ...]:
        return (rotation.old_version,) if rotation.new_version is None else (rotation.new_version, rotation.old_version)

    def show(self) -> None:
        self._ask(None)
        if self.detail is not None:
            self.query_one("#said", Words).say(said(self.detail))

    def _ask(self, old: Secret | None) -> None:
        if self.detail is None:
            return
        rotation = self.detail.rotation
        old = None if self._elsewhere else old  # what the vault says of it proves nothing there

        def question(vault: Vault) -> Evidence:
            entries = vault.audit(AuditFilter(key_id=rotation.key_id), 0, _ENTRIES_LOOKED_AT).entries
            own = tuple(entry for entry in entries if entry.event.rotation_id == rotation.id)
            return vault.proof(rotation.id, old), own

        self.wizard.ask(question, self._proven, slot="" if old is not None else "proof")

    def _proven(self, evidence: Evidence) -> None:
        if self.detail is None or self.gone:
            return
        self._evidence = evidence
        if evidence[0].old is not Refusal.NOT_ASKED:
            self._asked = evidence[0].old
        self._draw()

    def _answered(self, answers: tuple[Proven, ...]) -> None:
        super()._answered(answers)
        now = self.wizard.console.clock()
        self._heard = newest((*self._heard, *(_heard(each, now) for each in answers)))
        self._draw()

    def _draw(self) -> None:
        if self.detail is None or self._evidence is None or self.gone:
            return
        rotation, (proof, entries), elsewhere = self.detail.rotation, self._evidence, self._elsewhere
        words = newest((*last_words(entries, rotation.id), *self._heard))
        if elsewhere:
            lines = elsewhere_lines(rotation, proof, entries, words, elsewhere)
        else:
            lines = proof_lines(rotation, proof, self._asked, entries, words)
        if entries:
            audit = f"keytui audit --key {shlex.quote(rotation.key_name)}"
            lines = Content("\n").join([lines, same_as(self.wizard.console.profile, audit, reads=True)])
        self.query_one("#proof", Words).say(lines)

    @property
    def _elsewhere(self) -> str:
        """The system that accepts or refuses the key; "" where keytui's verifiers do."""
        key = self.wizard.key
        return key.issuer if key is not None and key.issuer != BUILTIN else ""

    def action_ask_old(self) -> None:
        """Take the old secret, masked, and ask with it."""
        dialog = SecretDialog(
            "Ask with the old secret",
            "It is compared by digest, sent to this key's own systems only, kept nowhere, and recorded as a probe.",
            "Ask",
        )

        def pasted(old: Secret | None) -> None:
            if old is not None:
                self._ask(old)
                self.ask_systems((old,), for_the_log=True)

        self.app.push_screen(dialog, pasted)


def newest(words: Iterable[LastWord]) -> tuple[LastWord, ...]:
    """Of each probe and version the newest word; of two at the same moment, the later one given."""
    return tuple({(word.probe, word.version): word for word in sorted(words, key=lambda word: word.at)}.values())


def _heard(proven: Proven, at: datetime) -> LastWord:
    answer = proven.answer
    return LastWord(proven.probe, proven.version, proven.expected, answer.outcome, answer.said, at)


def proof_lines(
    rotation: Rotation,
    proof: Proof,
    asked: Refusal,
    entries: tuple[AuditEntry, ...],
    words: tuple[LastWord, ...] = (),
) -> Content:
    """The proof in words, each line with its symbol. `words` are what the key's own systems said last."""
    of_new, of_old = of_version(words, rotation.new_version), of_version(words, rotation.old_version)
    lines = [_ending(rotation), Content("")]
    if proof.new_accepted_at is not None or not of_new:
        lines.append(_new_accepted(rotation, proof))
    lines += [_word(f"new v{rotation.new_version}", word) for word in of_new]
    symbol, style, told = _ANSWERS[asked]
    old = f"old v{rotation.old_version}"
    if asked is not Refusal.NOT_ASKED or not of_old:
        lines.append(Content.assemble((f"{symbol} ", style), f"{old} is {proof.old_state}; {told}"))
    lines += [_word(f"{old}, which is {proof.old_state}", word) for word in of_old]
    lines += [_acknowledged(each) for each in proof.acknowledgements] or [
        Content.assemble(("◌ ", "$quiet"), "no verifier is registered, so none could acknowledge the change")
    ]
    if (after := proof.refused_everywhere_after) is not None:
        lines.append(
            Content.assemble(("✓ ", "$success"), f"refused by every verifier after {after.total_seconds():.1f} s")
        )
    lines += [Content(""), *_where_in_log(rotation, entries)]
    return Content("\n").join(lines)


def elsewhere_lines(
    rotation: Rotation, proof: Proof, entries: tuple[AuditEntry, ...], words: tuple[LastWord, ...], issuer: str
) -> Content:
    """The proof of another issuer's key: what its own systems said last. keytui's verifiers never see it."""
    lines = [
        _ending(rotation),
        Content(""),
        Content(f"{harmless(issuer)} accepts or refuses this key: its systems are asked, by probes"),
    ]
    if proof.new_accepted_at is not None:
        lines.append(_new_accepted(rotation, proof))
    for what, number in (
        (f"new v{rotation.new_version}", rotation.new_version),
        (f"old v{rotation.old_version}, which is {proof.old_state}", rotation.old_version),
    ):
        if number is None:
            continue
        told = [_word(what, word) for word in of_version(words, number)]
        lines += told or [Content.assemble(("◌ ", "$quiet"), f"{what}: not asked")]
    return Content("\n").join([*lines, Content(""), *_where_in_log(rotation, entries)])


def _word(what: str, word: LastWord) -> Content:
    said = f"({harmless(word.said)}), {clock_time(word.at)}"
    at = f"{what}, at {harmless(word.probe)}: "
    if word.still_accepted:
        return Content.assemble(
            ("✗ ", "bold $error"), at, ("STILL ACCEPTED", "bold $error"), f", although it was over {said}"
        )
    symbol, style = ("✓ ", "$success") if word.holds else ("? ", "$warning")
    return Content.assemble((symbol, style), f"{at}{word.outcome} {said}")


def _ending(rotation: Rotation) -> Content:
    symbol, style = ("✓", "bold $success") if rotation.state is RotationState.COMPLETED else ("○", "bold")
    when = f" {clock_time(rotation.closed_at)}" if rotation.closed_at is not None else ""
    return Content.styled(f"{symbol} rotation #{rotation.id} is {rotation.state.replace('_', ' ')}{when}", style)


def _new_accepted(rotation: Rotation, proof: Proof) -> Content:
    if rotation.new_version is None:
        return Content.assemble(("○ ", "$quiet"), "no new version was issued")
    if proof.new_accepted_at is None:
        return Content.assemble(("◌ ", "$quiet"), f"new v{rotation.new_version} has not been seen accepted yet")
    accepted = f"new v{rotation.new_version} was accepted {clock_time(proof.new_accepted_at)}"
    return Content.assemble(("✓ ", "$success"), accepted)


def _acknowledged(acknowledgement: Acknowledgement) -> Content:
    name = harmless(acknowledgement.recorder)
    if acknowledgement.after is None:
        return Content.assemble(("? ", "$warning"), f"{name} has not acknowledged the change yet")
    return Content.assemble(
        ("✓ ", "$success"), f"{name} took the change in after {acknowledgement.after.total_seconds():.1f} s"
    )


def _where_in_log(rotation: Rotation, entries: tuple[AuditEntry, ...]) -> list[Content]:
    if not entries:
        return []
    first, last = entries[-1].sequence, entries[0].sequence
    return [
        Content(
            f"in the audit log: entries {first} to {last}, the last one sealed by hash {harmless(entries[0].hash[:16])}"
        ),
    ]
