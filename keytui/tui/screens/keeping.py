"""Filters that are kept by a name: saved from the filter line, and recalled there as `@name` or by the palette."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual.widgets import Input

from keytui.domain.errors import Invalid
from keytui.tui.command_lines import for_filter
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.vault.saved_filters import Of, SavedFilters, checked_filter, checked_name, load_filters, save_filter

_NOTHING: Final = SavedFilters({}, {})


class FilterKeeping(VaultScreen[None]):
    """A screen with an Input called `filter`."""

    FILTERS: ClassVar[Of]
    """Of what they are."""
    saved: SavedFilters = _NOTHING
    """The filters of this profile, once they are read."""

    def on_screen_resume(self) -> None:
        self._read()

    def _read(self) -> None:
        """In a thread: the file may be on a slow disk. What cannot be read is told, and left as it is."""
        profile = self.console.profile
        self.ask(lambda _: load_filters(profile), self._have, slot="filters")

    def _have(self, saved: SavedFilters) -> None:
        self.saved = saved

    def action_keep_filter(self) -> None:
        """Ask for a name, and keep what stands in the filter line."""
        text = self.query_one("#filter", Input).value.strip()
        if not text:
            self.tell("there is no filter to keep", "/ begins one", severity="warning")
            return
        try:
            text = checked_filter(self.saved.written_out(text, self.FILTERS), self.FILTERS)
        except Invalid as refused:  # before the question and the command log show it: it may hold a secret
            self.report(refused)
            return
        question = Question(
            "Keep this filter?",
            (text, "In a file of this profile that only you can read. @NAME in the filter line recalls it."),
            "Keep it",
            for_filter("NAME", text, self.FILTERS),
            note="its name; one of that name is replaced",
            note_required=True,
            harmless_verb="Back",
        )
        self.app.push_screen(ConfirmDialog(question), partial(self._keep, text))

    def _keep(self, text: str, name: str | None) -> None:
        if not name:
            return
        profile, kind = self.console.profile, self.FILTERS
        try:
            name = checked_name(name.removeprefix("@"))
        except Invalid as refused:
            self.report(refused)
            return

        def keep(_: object) -> SavedFilters:
            save_filter(profile, name, text, kind)
            return load_filters(profile)

        def kept(saved: SavedFilters) -> None:
            self.saved = saved
            self.tell(f"kept: @{name} recalls it")

        self.ask(keep, kept, command=for_filter(name, text, kind))

    def recall(self, name: str) -> None:
        """Filter by what was kept so."""
        self.query_one("#filter", Input).value = self.saved.of(self.FILTERS)[name]
