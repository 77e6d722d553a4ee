"""One incident, told: how it stands, who was cut off, what was done, and what operators noted."""

from __future__ import annotations

import shlex
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.incidents import CutOff, Former, Happening, Incident, IncidentDetail, Moment
from keytui.domain.keys import Key
from keytui.domain.text import harmless
from keytui.tui.command_lines import same_as
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.incident.closing import CloseIncidentDialog
from keytui.tui.screens.incident.half_way import HalfWay, half_way, half_way_lines
from keytui.tui.screens.incident.respond import RespondScreen
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.words import Words
from keytui.tui.wording import QUIET, when
from keytui.vault.model import Changes
from keytui.vault.protocol import Vault

_MARKS: Final = {
    Happening.OPENED: ("‼ opened ", "bold $error"),
    Happening.DONE: ("● ", QUIET),
    Happening.CUT_OFF: ("✗ cut off ", "$warning"),
    Happening.NOTE: ("✎ note ", "$accent"),
    Happening.CLOSED: ("✓ closed ", "$success"),
}


_ADDING: Final = {"note_incident": "note", "close_incident": "close", "respond": "go on"}


class IncidentScreen(VaultScreen[None]):
    """The timeline is oldest first; new entries come in as they happen."""

    CSS_PATH = "incident.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#emergency"
    BINDING_GROUP_TITLE = "One incident"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="incident.back", tooltip="Back"),
        Binding("N", "note_incident", "note", id="incident.note", tooltip="Add to the timeline"),
        Binding("C", "close_incident", "close", id="incident.close", tooltip="Cause, remediation, lessons; asks first"),
        Binding("R", "respond", "respond", id="incident.respond", tooltip="Go on with its key; nothing is done yet"),
        Binding("r", "refetch", "refresh", show=False, id="incident.refresh", tooltip="Ask the vault again"),
    ]

    def __init__(self, incident_id: int) -> None:
        super().__init__()
        self._incident_id = incident_id
        self._detail: IncidentDetail | None = None
        self._half_way: tuple[HalfWay, ...] = ()

    def body(self) -> ComposeResult:
        yield Words("◌ asking the vault …", id="heading")
        with Scrolling(id="emergency"):
            yield Words(id="words")

    def on_mount(self) -> None:
        self.action_refetch()

    def fed(self, changes: Changes) -> None:
        """Nothing comes into a closed one any more."""
        if self._detail is None or self._detail.incident.open:
            self.action_refetch()

    def action_refetch(self) -> None:
        """Ask the vault again."""
        number = self._incident_id

        def question(vault: Vault) -> tuple[IncidentDetail, tuple[HalfWay, ...]]:
            detail = vault.incident(number)
            return detail, half_way(vault, detail.incident)

        self.ask(question, self._arrived, slot="incident")

    def _arrived(self, found: tuple[IncidentDetail, tuple[HalfWay, ...]]) -> None:
        self._detail, self._half_way = found
        self.query_one("#heading", Words).say(_heading(self._detail.incident))
        self._draw()
        self.recheck()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._detail is None:
            return
        words = self.query_one("#words", Words)
        width = max(words.size.width, 20)
        stopped = [line for one in self._half_way for line in half_way_lines(one, width)]
        words.say(Content("\n").join([*stopped, _whole(self._detail), Content(""), self._same_as()]))

    def _same_as(self) -> Content:
        return same_as(self.console.profile, f"keytui incident export {self._incident_id}", reads=True)

    def action_note_incident(self) -> None:
        """Ask for the words, then add them."""
        number = self._incident_id
        question = Question(
            f"Note in incident #{number}",
            ("It stands in the timeline and in the audit log, and is not taken back.",),
            "Note it",
            f"keytui incident note {number} TEXT",
            note="what was found or done",
            note_required=True,
            harmless_verb="Leave it",
        )

        def noted(note: str | None) -> None:
            if note is not None:
                self.change(
                    lambda vault: vault.note_incident(number, note),
                    lambda _: self.action_refetch(),
                    command=shlex.join(("keytui", "incident", "note", str(number), note)),
                )

        self.app.push_screen(ConfirmDialog(question), noted)

    def action_respond(self) -> None:
        """What it costs to go on with the key: what was begun is not done twice."""
        if self._detail is not None and self.why_not("respond") is None:
            key_id = self._detail.incident.keys[0].id
            self.ask(lambda vault: vault.find(key_id), self._respond)

    def _respond(self, key: Key) -> None:
        self.app.push_screen(RespondScreen(key), lambda _: self.action_refetch())

    def action_close_incident(self) -> None:
        """The form that ends it."""
        if self._detail is not None:
            self.app.push_screen(CloseIncidentDialog(self._detail), self._ended)

    def _ended(self, incident: Incident | None) -> None:
        if incident is not None:
            self.tell(f"incident #{incident.id} is closed")
            self.action_refetch()

    def why_not(self, action: str) -> WhyNot | None:
        over = self._detail is not None and not self._detail.incident.open
        if over and action in _ADDING:
            return WhyNot(f"it is closed: no way to {_ADDING[action]}", "open another one for what is new")
        if action == "respond" and self._detail is not None and len(self._detail.incident.keys) > 1:
            return WhyNot("it is about several keys", "I on each of them goes on with it")
        return super().why_not(action)


def _heading(incident: Incident) -> Content:
    mark, style = ("‼ open", "bold $error") if incident.open else ("✓ closed", "$success")
    return Content.assemble((f"{mark}  ", style), (f"#{incident.id} {harmless(incident.title)}", "bold"))


def _whole(detail: IncidentDetail) -> Content:
    incident = detail.incident
    keys = ", ".join(f"{key.name} ({key.environment}) v{key.version}" for key in incident.keys)
    fields = [
        ("keys", keys),
        ("opened", f"{when(incident.opened_at)} by {incident.opened_by}"),
        ("cause", incident.cause),
        ("remedy", incident.remediation),
        ("lessons", incident.lessons),
        ("override", incident.override),
        ("load", incident.load or "; ".join(load.in_words() for load in detail.load)),
    ]
    lines = [Content.assemble((f"{name:<9}", QUIET), harmless(text)) for name, text in fields if text]
    lines += [Content(""), *map(_let_in, detail.let_in)] if detail.let_in else []
    lines += [Content(""), *map(_out, detail.cut_off)] if detail.cut_off else []
    lines += [Content(""), *map(_told, detail.timeline)]
    if detail.left_out:
        lines.append(Content.styled(f"and {detail.left_out:,} more entries of the audit log", QUIET))
    return Content("\n").join(lines)


def _let_in(one: Former) -> Content:
    text = f"✗ v{one.version} of {harmless(one.key_name)} is still accepted, for whoever stole it too"
    return Content.styled(text, "bold $error")


def _out(one: CutOff) -> Content:
    back, style = ("not back", "bold $warning") if one.back_at is None else (f"back {when(one.back_at)}", "$success")
    return Content.assemble(
        ("✗ ", "$warning"),
        f"{harmless(one.caller)}: v{one.version}, last let in {when(one.last_let_in_at)}, {one.refused:,} refused, ",
        (back, style),
    )


def _told(moment: Moment) -> Content:
    mark, style = _MARKS[moment.what]
    return Content.assemble(
        (f"{moment.at.astimezone():%Y-%m-%d %H:%M:%S}  {moment.at:%H:%M:%SZ}  ", QUIET),
        (mark, style),
        (f"{harmless(moment.who)}  ", "bold"),
        harmless(moment.text),
    )
