"""Actions that are not on the screen: where each of them is, and what has to be chosen before one gets there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from textual.actions import parse
from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Place:
    """Where the actions of one group are: `go` is the app's action that leads there.

    Without it something comes `first`, and the key of the binding `by`, which is `key` unless it is mapped, does what
    `then` says.
    """

    name: str
    go: str = ""
    first: str = ""
    by: str = "table.open"
    key: str = "enter"
    then: str = "goes on from there"


_ROTATION: Final = "choose a rotation in Rotations"
_KEYS: Final = "choose a key in Keys"
PLACES: Final[Mapping[str, Place]] = {
    "keys": Place("Keys", "mode('keys')"),
    "key": Place("Keys", "mode('keys')"),
    "mode": Place("each mode", "mode('keys')"),
    "rotations": Place("Rotations", "mode('rotations')"),
    "usage": Place("Usage", "mode('usage')"),
    "live": Place("Usage", "mode('usage')"),
    "audit": Place("Audit", "mode('audit')"),
    "audit-entry": Place("an entry of the audit log", first="choose one in Audit"),
    "traffic": Place("the callers of a key", first="choose a key in Usage"),
    "approvals": Place("Approvals", "approvals"),
    "command-log": Place("the command log", "command_log"),
    "incidents": Place("Incidents", "incidents"),
    "incident": Place("one incident", first="choose one in Incidents"),
    "respond": Place("a compromised key", first=_KEYS, by="key.incident", key="I"),
    "profiles": Place("Profiles", "profiles"),
    "marked": Place("several keys", first="mark them in Keys", by="key.rotate", key="R"),
    "fleet": Place("several keys, in waves", first="mark them in Keys", by="key.rotate", key="R"),
    "reveal": Place("a sealed value", first=_KEYS, by="key.reveal", key="V"),
    "welcome": Place("the welcome", first="only an empty vault begins so", by="app.keys", key="1", then="has the same"),
    "opening": Place(
        "a vault that does not open", first="the vault is open", by="mode.refresh", key="r", then="asks it again"
    ),
    "wizard": Place("a rotation", first=_ROTATION),
    "review": Place("a rotation, 1 Review", first=_KEYS, by="key.rotate", key="R"),
    "issue": Place("a rotation, 2 Issue", first=_ROTATION),
    "hand-over": Place("a rotation, 3 Hand over", first=_ROTATION),
    "watch": Place("a rotation, 4 Watch", first=_ROTATION),
    "retire": Place("a rotation, 5 Retire", first=_ROTATION),
    "proof": Place("a rotation, 6 Proof", first=_ROTATION),
}
"""By what the ids of their bindings begin with."""
EVERYWHERE: Final = frozenset({"app", "table", "text"})
"""Groups that are had on every screen, or move about a table or a text."""
MOVES: Final = frozenset({"back", "part"})
"""What only moves about its own screen."""

COMMANDS: Final[Mapping[str, str]] = {
    "app.keys": "list",
    "app.rotations": "rotations",
    "app.usage": "usage",
    "app.audit": "audit",
    "app.approvals": "approvals list",
    "app.incidents": "incident list",
    "app.profiles": "profiles list",
    "app.help": "keymap",
    "key.rotate": "rotate",
    "key.create": "create",
    "key.incident": "incident begin",
    "key.import": "import",
    "key.edit": "edit",
    "key.disable": "disable",
    "key.revoke": "revoke",
    "key.reveal": "reveal",
    "keys.filter": "list",
    "keys.keep": "filters save",
    "audit.filter": "audit",
    "audit.keep": "filters save",
    "audit.verify": "audit verify",
    "audit.export": "audit",
    "approvals.approve": "approvals approve",
    "approvals.deny": "approvals deny",
    "incidents.find": "incident list",
    "incident.note": "incident note",
    "incident.close": "incident close",
    "incident.respond": "incident begin",
    "respond.revoke": "incident begin",
    "respond.replace": "incident begin",
    "respond.go-on": "incident begin",
    "profiles.connect": "profiles add",
    "welcome.create": "create",
    "welcome.import": "import",
    "welcome.connect": "profiles add",
    "welcome.demo": "demo",
    "marked.go-on": "rotate",
    "marked.fleet": "rotate",
    "fleet.rotate": "rotate",
    "rotations.take-over": "take-over",
    "rotations.note": "note",
    "usage.acknowledge": "alerts acknowledge",
    "wizard.probe": "prove",
    "review.go-on": "rotate",
    "issue.issue": "rotate",
    "issue.abandon": "abandon",
    "hand-over.deliver": "rotate",
    "hand-over.roll-back": "rollback",
    "hand-over.take-over": "take-over",
    "hand-over.reissue": "rotate",
    "hand-over.resume": "rotate",
    "hand-over.abandon": "abandon",
    "proof.ask-old": "prove",
    "retire.restore": "restore",
    "retire.complete": "complete",
    "retire.paste-old": "prove",
    "retire.note": "note",
    "retire.roll-back": "rollback",
    "watch.waive": "waive",
    "watch.note": "note",
    "watch.roll-back": "rollback",
    "watch.retire": "retire",
    "watch.complete": "complete",
}
"""The command of keytui that does the same, by the id of a binding."""


@cache
def everything() -> tuple[tuple[Binding, Place], ...]:
    """Every action of the console with its place. Every screen is imported for it: not before somebody looks."""
    return tuple(_found())


def _found() -> Iterator[tuple[Binding, Place]]:
    from keytui.tui.bindings import by_id  # noqa: PLC0415  # as said

    for name, binding in by_id().items():
        group = name.split(".")[0]
        namespace, action, _ = parse(binding.action)
        if group not in EVERYWHERE and not namespace and action not in MOVES:
            yield binding, PLACES[group]
