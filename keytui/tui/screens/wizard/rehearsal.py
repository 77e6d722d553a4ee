"""What the systems around a key say to a rehearsal: who gets the secret, in which order, and who cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from textual.message import Message

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import BUILTIN, Key
from keytui.domain.rotation import Plan, Strategy
from keytui.domain.text import harmless
from keytui.targets.target import Target
from keytui.tui.widgets.system_rows import Mark, SystemRow, system_rows
from keytui.tui.widgets.words import Words

if TYPE_CHECKING:
    from keytui.vault.outside import Outside
    from keytui.vault.systems import Rehearsed

Name = tuple[str, str]
"""The sort of a system (`issuer`, `target`, `probe`) and its name."""
_CAN: Final[Mapping[str, Mapping[str, str]]] = {
    "issuer": {
        "overlaps": "accepts old and new at once",
        "suspends": "can suspend the old one",
        "keeps-plaintext": "keeps the value itself",
    },
    "target": {
        "reads-back": "proven by reading back",
        "rolls-back": "can be put back",
        "carries-both": "carries both during the overlap",
    },
}
_CANNOT: Final[Mapping[str, Mapping[str, str]]] = {
    "issuer": {
        "overlaps": "knows no overlap: the old version ends as the new one begins",
        "suspends": "cannot suspend: the old version is revoked for good, without a trial",
    },
    "target": {
        "reads-back": "sent, never proven: it cannot be read back",
        "rolls-back": "cannot be put back",
    },
}
_BY_HAND: Final = "you may go on all the same, in this emergency: the secret can be handed over by hand"
_UNPROVEN: Final = "you may go on all the same: the proof will say that it was not asked"


class SystemRehearsed(Message):
    """One system's answer, on its way from the worker."""

    def __init__(self, rehearsed: Rehearsed) -> None:
        super().__init__()
        self.rehearsed = rehearsed


class RehearsalPanel(Words):
    """A row for each system, in the order in which a rotation comes to them. Without any it takes no room."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # textual's own word
        super().__init__(id=id)
        self.display = False
        self._outside: Outside | None = None
        self._answers: dict[Name, Rehearsed | None] = {}
        self._failure: KeytuiError | None = None
        self._needs_outside = True
        self._plan = Plan()

    def expect(self, outside: Outside) -> None:
        """Begin anew: every system of the key is about to be asked."""
        self._outside, self._failure = outside, None
        self._answers = dict.fromkeys(_systems(outside))

    def take(self, rehearsed: Rehearsed) -> None:
        """One answer."""
        self._answers[rehearsed.system.sort, rehearsed.system.name] = rehearsed

    def fail(self, error: KeytuiError, key: Key | None) -> None:
        """The rehearsal itself came to nothing: the configuration cannot be read. It may not be about this key."""
        self._failure = error
        self._needs_outside = key is None or key.issuer != BUILTIN or bool(key.targets)

    def obstacle(self, plan: Plan) -> tuple[str, str] | None:
        """Why the operator may not go on with this plan, and the way out; None where they may."""
        if self._failure is not None and self._needs_outside and not _urgent(plan):
            return self._failure.message, self._failure.hint
        for name, answer in self._answers.items():
            if answer is None:
                if not _urgent(plan):
                    return f"{' '.join(name)} has not answered the rehearsal yet", "wait for it; r asks again"
            elif answer.errors and not _may_go_on(answer, plan):
                error = answer.errors[0]
                return f"{' '.join(name)}: {error.message}", error.hint or "r asks again"
        return None

    def draw(self, plan: Plan) -> None:
        """Draw what is known, as it bears on this plan."""
        self._plan = plan
        self.display = self._failure is not None or self._outside is not None
        if self._failure is not None:
            row = SystemRow("configuration", Mark.FAILED, f"error: {self._failure.message}", (), (self._failure.hint,))
            self.say(system_rows([row], max(self.size.width, 20)))
        elif self._outside is not None:
            rows = [self._row(name, answer, plan) for name, answer in self._answers.items()]
            by_hand = [] if self._outside.key.targets else [_no_target()]
            self.say(system_rows([*rows, *by_hand], max(self.size.width, 20)))

    def on_resize(self) -> None:
        self.draw(self._plan)

    def _row(self, name: Name, answer: Rehearsed | None, plan: Plan) -> SystemRow:
        outside = self._outside
        title = _title(name, outside.key) if outside is not None else " ".join(name)
        if answer is None:
            return SystemRow(title, Mark.ASKING, "asking …")
        warnings = tuple((Mark.WARNING, warning) for warning in answer.warnings)
        if answer.errors:
            return _refused(title, answer, plan)
        if not answer.asked:
            return SystemRow(title, Mark.NOT_ASKED, f"not asked: {answer.why_not or 'nothing uses it'}", warnings)
        word = "ok, with a warning" if answer.warnings else "ok"
        word += "; it refuses what is no key" if name[0] == "probe" else ""
        mark = Mark.WARNING if answer.warnings else Mark.OK
        where = _place(outside, name)
        return SystemRow(title, mark, "; ".join([f"{word}{where}", *_abilities(answer)]), warnings)


def worth_showing(outside: Outside) -> bool:
    """Whether there is any system but keytui itself."""
    return outside.key.issuer != BUILTIN or bool(outside.key.targets or outside.probes)


def _systems(outside: Outside) -> Iterator[Name]:
    yield "issuer", outside.key.issuer
    yield from (("target", name) for name in outside.key.targets)
    yield from (("probe", probe.name) for probe in outside.probes)


def _title(name: Name, key: Key) -> str:
    """Targets carry the number of their turn."""
    sort, own = name
    return f"{sort} {key.targets.index(own) + 1}. {own}" if sort == "target" else f"{sort} {own}"


def _no_target() -> SystemRow:
    return SystemRow("no target", Mark.NOT_ASKED, "the secret is handed over by hand, in the step that shows it")


def _place(outside: Outside | None, name: Name) -> str:
    """Where exactly a target puts the secret."""
    found: Target | None = next((one for one in (outside.targets if outside else ()) if one.name == name[1]), None)
    if outside is None or found is None or name[0] != "target":
        return ""
    try:
        return f": {harmless(found.place(outside.key))}"
    except KeytuiError:
        return ""


def _abilities(answer: Rehearsed) -> Iterator[str]:
    """What it can and cannot do that an operator has to know."""
    sort, able = answer.system.sort, answer.system.can
    yield from (words for ability, words in _CAN.get(sort, {}).items() if ability in able)
    yield from (words for ability, words in _CANNOT.get(sort, {}).items() if ability not in able)


def _refused(title: str, answer: Rehearsed, plan: Plan) -> SystemRow:
    first, *others = answer.errors
    remarks = tuple((Mark.FAILED, error.message) for error in others)
    ways_on = [error.hint for error in answer.errors if error.hint]
    if _may_go_on(answer, plan):
        ways_on.append(_UNPROVEN if answer.system.sort == "probe" else _BY_HAND)
    else:
        ways_on.append("this has to be mended first; r asks again")
    return SystemRow(title, Mark.FAILED, f"error: {first.message}", remarks, tuple(ways_on))


def _may_go_on(answer: Rehearsed, plan: Plan) -> bool:
    """Without its issuer nothing is rotated. A target can be done by hand in an emergency, and a proof left out."""
    return answer.system.sort == "probe" or (answer.system.sort == "target" and _urgent(plan))


def _urgent(plan: Plan) -> bool:
    return plan.strategy is Strategy.EMERGENCY
