"""Asking a key's own systems, by probes that name it: is the new version let in, and the old one refused?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.message import Message
from textual.message_pump import MessagePump

from keytui.clock import Clock
from keytui.domain.errors import KeytuiError
from keytui.domain.secrets import Secret
from keytui.probes.key_probe import Outcome
from keytui.tui.widgets.system_rows import Mark, SystemRow, system_rows
from keytui.tui.widgets.words import Words
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.outside import Outside
    from keytui.vault.proving import Proven

_PASTE: Final = "o pastes it, masked: it is compared by digest, sent to this key's own systems, and kept nowhere"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to one probe with one version: on its way, or answered."""

    probe: str
    version: int
    answer: Proven | None = None


class ProbeTold(Message):
    """What a worker heard from a probe."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked


def asked_of(
    vault: Vault,
    outside: Outside,
    versions: Iterable[int],
    given: Sequence[Secret],
    *,
    clock: Clock,
    tell: Callable[[Asked], None],
    rotation_id: int | None = None,
) -> tuple[Proven, ...]:
    """Ask each probe of the key with each of these versions whose secret is at hand: in a target, or `given`.

    Nothing is asked where none is. Refused for a secret that is none of the key's. With a rotation the answers are kept
    in its log: where somebody wanted them, and not each time that a step is looked at.
    """
    from keytui.vault.proving import held_by, noted, prove, versions_of  # noqa: PLC0415  # connectors are not loaded before the first paint

    detail = vault.detail(outside.key.id)
    known = versions_of(detail, [*held_by(outside.targets, detail), *given])
    secrets = {number: known[number] for number in versions if number in known}
    if not secrets or not outside.probes:
        return ()
    answers = []
    asking = prove(detail, secrets, outside.probes, clock(), asking=lambda probe, number: tell(Asked(probe, number)))
    for each in asking if rotation_id is None else noted(vault, rotation_id, asking):
        tell(Asked(each.probe, each.version, each))
        answers.append(each)
    return tuple(answers)


def telling_of_probes(listener: MessagePump) -> Callable[[Asked], None]:
    """What a worker calls with each question and answer: it is posted, and nothing else happens in the worker."""

    def tell(asked: Asked) -> None:
        listener.post_message(ProbeTold(asked))

    return tell


class ProbesPanel(Words):
    """A row for each probe and version: asked, answered, or not asked and why. Without any it takes no room."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # textual's own word
        super().__init__(id=id)
        self.display = False
        self._rows: dict[tuple[str, int], SystemRow] = {}

    def expect(self, probes: Iterable[str], old: int, versions: Iterable[int]) -> None:
        """These are about to be asked; an answer stands until there is a newer one."""
        self._rows = {
            (probe, number): self._rows.get((probe, number)) or not_asked(probe, number, old=number == old)
            for number in versions
            for probe in probes
        }
        self.draw()

    def take(self, asked: Asked, old: int) -> None:
        """One question or answer more."""
        self._rows[asked.probe, asked.version] = probe_row(asked, old=asked.version == old)
        self.draw()

    def fail(self, error: KeytuiError) -> None:
        """Asking came to nothing: a probe that lets everybody in, a configuration that cannot be read."""
        ways_on = (error.hint,) if error.hint else ()
        self._rows["", 0] = SystemRow("probes", Mark.FAILED, f"not asked: {error.message}", (), ways_on)
        self.draw()

    def draw(self) -> None:
        """Draw them in the width that there is."""
        rows = tuple(self._rows.values())
        self.display = bool(rows)
        self.say(system_rows(rows, max(self.size.width, 20)) if rows else Content(""))

    def on_resize(self) -> None:
        self.draw()


def not_asked(probe: str, number: int, *, old: bool) -> SystemRow:
    """Nobody has asked, for want of the secret."""
    name = f"{probe}, {'old' if old else 'new'} v{number}"
    return SystemRow(name, Mark.NOT_ASKED, "not asked: its secret is in no target that can be read", (), (_PASTE,))


def probe_row(asked: Asked, *, old: bool) -> SystemRow:
    """One question, or its answer with the time that it took."""
    name = f"{asked.probe}, {'old' if old else 'new'} v{asked.version}"
    proven = asked.answer
    if proven is None:
        return SystemRow(name, Mark.ASKING, "asking …")
    outcome, said = proven.answer.outcome, proven.answer.said
    again = "o asks again, with the old secret" if old else "p asks again"
    after = f"after {proven.after.total_seconds():.1f} s"
    if proven.holds:
        return SystemRow(name, Mark.OK, f"{outcome} {after}, as it should be: {said}")
    if proven.still_accepted:
        words = f"STILL ACCEPTED, {after}, although it is over: {said}"
        way_on = f"see what else lets it in there: a cache, a second list, a fallback; then {again}"
        return SystemRow(name, Mark.FAILED, words, (), (way_on,))
    if outcome is Outcome.UNCLEAR:
        return SystemRow(name, Mark.UNKNOWN, f"unclear {after}, which proves nothing: {said}", (), (again,))
    words = f"{outcome} {after}, and should be {proven.expected}: {said}"
    return SystemRow(name, Mark.FAILED, words, (), (f"see whether it has heard of the change; {again}",))
