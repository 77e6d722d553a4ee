"""The command that does the same, as each action shows it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from textual.content import Content

from keytui.domain.alerts import Alert
from keytui.domain.durations import short
from keytui.domain.keys import BUILTIN, Key, KeyDraft, KeyEdit
from keytui.domain.monitor import Range
from keytui.domain.text import harmless


def for_keys(verb: str, keys: Iterable[Key], *options: str) -> str:
    """`keytui VERB NAME OPTIONS`, a line for each key."""
    return "\n".join(shlex.join(("keytui", verb, key.name, *options)) for key in keys)


def for_fleet(keys: Iterable[Key], wave: str, budget: int) -> str:
    """The `keytui rotate` that takes these keys in waves."""
    words = ["keytui", "rotate", *(word for key in keys for word in ("--marked", key.name))]
    words += ["--wave", wave] if wave else []
    return shlex.join([*words, "--failure-budget", str(budget)])


def for_create(draft: KeyDraft, expires: str) -> str:
    """The `keytui create` of a draft; `expires` is what the operator typed."""
    words = ["keytui", "create", draft.name or "NAME", "--env", draft.environment or "E"]
    words += ["--owner", draft.owner] if draft.owner else []
    words += [word for scope in draft.scopes for word in ("--scope", scope)]
    words += [word for app in draft.apps for word in ("--app", app)]
    words += [word for target in draft.targets for word in ("--target", target)]
    words += ["--tenant", draft.tenant] if draft.tenant else []
    words += ["--expires", expires] if expires else []
    words += ["--issuer", draft.issuer] if draft.issuer != BUILTIN else []
    words += ["--format", draft.format] if draft.format != "tk" else []
    words += ["--description", draft.description] if draft.description else []
    words += ["--sensitive"] if draft.sensitive else []
    return shlex.join(words)


def for_edit(key: Key, edit: KeyEdit, expires: str) -> str:
    """The `keytui edit` of what changed."""
    words = ["keytui", "edit", key.name]
    words += ["--name", edit.name] if edit.name is not None else []
    words += ["--owner", edit.owner] if edit.owner is not None else []
    words += [word for scope in edit.scopes or () for word in ("--scope", scope)]
    words += [word for app in edit.apps or () for word in ("--app", app)]
    words += [word for target in edit.targets or () for word in ("--target", target)]
    words += ["--no-targets"] if edit.targets == () else []
    words += ["--expires", expires or "never"] if edit.expires_at is not None or edit.never_expires else []
    words += ["--description", edit.description] if edit.description is not None else []
    words += [] if edit.sensitive is None else ["--sensitive" if edit.sensitive else "--no-sensitive"]
    return shlex.join(words)


def for_import(path: str, variables: Iterable[str], environment: str, owner: str) -> str:
    """The `keytui import` of a file."""
    words = ["keytui", "import", path or ".env"]
    words += [word for variable in variables for word in ("--variable", variable)]
    words += ["--env", environment] if environment else []
    words += ["--owner", owner] if owner else []
    return shlex.join(words)


def for_top(over: Range) -> str:
    """The `keytui top` of a range, and the `keytui usage` with the same numbers."""
    span = short(over.span)
    return f"{shlex.join(('keytui', 'top', '--range', span))}   or  {shlex.join(('keytui', 'usage', '--since', span))}"


def for_callers(key_name: str) -> str:
    """The `keytui callers` of a key."""
    return shlex.join(("keytui", "callers", key_name))


def for_keys_of(caller: str) -> str:
    """The `keytui callers` that lists what a caller uses."""
    return shlex.join(("keytui", "callers", "--caller", caller))


def for_acknowledge(alert: Alert) -> str:
    """The command that acknowledges an alert."""
    return shlex.join(("keytui", "alerts", "acknowledge", str(alert.id), "--note", "NOTE"))


def same_as(command: str) -> Content:
    """How a screen shows the command that does the same."""
    return Content.assemble(("same as  ", "$quiet"), harmless(command))
