"""The command that does the same, as each action shows it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from textual.content import Content

from keytui.domain.alerts import Alert
from keytui.domain.audit import AuditFilter
from keytui.domain.durations import short
from keytui.domain.incidents import Closing
from keytui.domain.keys import BUILTIN, Key, KeyDraft, KeyEdit
from keytui.domain.ranges import Range
from keytui.domain.rotation import First, Plan, Reason, Rotation, Strategy
from keytui.domain.text import harmless
from keytui.tui.shell_lines import for_shell
from keytui.vault.profile import Profile
from keytui.vault.saved_filters import Of


def named(key: Key) -> str:
    """How a command line names a key: by its name, unless the shell or the terminal would take that for more."""
    return _named(key.name, key.id)


def _named(name: str, key_id: str) -> str:
    return key_id if name.startswith("-") or harmless(name) != name else name


def for_keys(verb: str, keys: Iterable[Key], *options: str) -> str:
    """`keytui VERB NAME OPTIONS`, a line for each key."""
    return "\n".join(shlex.join(("keytui", verb, named(key), *options)) for key in keys)


def for_fleet(keys: Iterable[Key], wave: str, budget: int) -> str:
    """The `keytui rotate` that takes these keys in waves."""
    words = ["keytui", "rotate", *(word for key in keys for word in ("--marked", named(key)))]
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
    words = ["keytui", "edit", named(key)]
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


def for_top(over: Range) -> tuple[str, str]:
    """The `keytui top` of a range, and the `keytui usage` with the same numbers."""
    span = short(over.span)
    return shlex.join(("keytui", "top", "--range", span)), shlex.join(("keytui", "usage", "--since", span))


def for_callers(key_name: str) -> str:
    """The `keytui callers` of a key."""
    return shlex.join(("keytui", "callers", key_name))


def for_keys_of(caller: str) -> str:
    """The `keytui callers` that lists what a caller uses."""
    return shlex.join(("keytui", "callers", "--caller", caller))


def for_acknowledge(alert: Alert, note: str = "NOTE") -> str:
    """The command that acknowledges an alert."""
    return shlex.join(("keytui", "alerts", "acknowledge", "--note", note, str(alert.id)))


def for_rotation(verb: str, rotation: Rotation, *words: str, **options: str) -> str:
    """`keytui VERB KEY` of an open rotation. An option without a value is left out."""
    given = [word for name, value in options.items() if value for word in (f"--{name}", value)]
    return shlex.join(("keytui", verb, *given, _named(rotation.key_name, rotation.key_id), *words))


def for_verdict(verb: str, rotation: Rotation, override: str) -> str:
    """`keytui retire` or `complete`; past the verdict where there is an override."""
    forced = ("--force", "--note", override) if override else ()
    return shlex.join(("keytui", verb, *forced, _named(rotation.key_name, rotation.key_id)))


def for_plan(key: Key, plan: Plan) -> str:
    """The `keytui rotate` of a plan."""
    words = ["keytui", "rotate", named(key)]
    words += ["--strategy", plan.strategy] if plan.strategy is not Strategy.ROLLING else []
    words += ["--first", plan.first] if plan.first is not None else []
    words += ["--overlap", short(plan.overlap)] if plan.overlap is not None else []
    words += ["--reason", plan.reason] if plan.reason is not Reason.SCHEDULED else []
    words += ["--note", plan.reason_text] if plan.reason_text else []
    words += ["--label", plan.label] if plan.label else []
    return shlex.join(words)


def for_resuming(rotation: Rotation, *options: str) -> str:
    """The `keytui rotate --resume` of an open rotation."""
    return shlex.join(("keytui", "rotate", "--resume", *options, _named(rotation.key_name, rotation.key_id)))


def for_incident(key: Key, first: First, *, by_hand: bool) -> str:
    """The `keytui incident` that answers a compromised key."""
    options = ("--first", first, *(("--no-deliver",) if by_hand else ()))
    return shlex.join(("keytui", "incident", "begin", *options, named(key)))


def for_closing(number: int, closing: Closing) -> str:
    """The `keytui incident close` with its words."""
    words = ["--cause", closing.cause, "--remediation", closing.remediation, "--lessons", closing.lessons]
    words += ["--override", closing.override] if closing.override else []
    return shlex.join(("keytui", "incident", "close", *words, str(number)))


def by_hand(what: str, rotation: Rotation | None) -> str:
    """A remark, for a step of a hand-over by hand: `keytui rotate` prints the secret, and whoever runs it puts it."""
    way = "" if rotation is None else f"; in commands: {for_resuming(rotation, '--no-deliver')}"
    return f"# {harmless(what)}{way}"


def for_filter(name: str, text: str, kind: Of) -> str:
    """The `keytui filters save` of a filter."""
    return shlex.join(["keytui", "filters", "save", *(["--audit"] if kind is Of.AUDIT else []), name, *text.split()])


def for_audit(which: AuditFilter, path: Path) -> str:
    """The `keytui audit` that writes what a filter takes to a file."""
    asked = {
        "type": which.type,
        "key": which.key_id,
        "version": "" if which.key_version is None else str(which.key_version),
        "actor": which.actor,
        "since": which.since.isoformat() if which.since is not None else "",
        "until": which.until.isoformat() if which.until is not None else "",
        "format": "csv" if path.suffix == ".csv" else "jsonl",
    }
    words = [word for name, value in asked.items() if value for word in (f"--{name}", value)]
    return f"{shlex.join(['keytui', 'audit', *words])} > {shlex.quote(str(path))}"


def same_as(profile: Profile, *commands: str, reads: bool = False) -> Content:
    """How a screen shows the command, or each of some, that does the same to the profile's vault."""
    lines = (for_shell(command, profile, reads=reads).splitlines() for command in commands)
    told = ("\n".join(map(harmless, each)) for each in lines)
    return Content.assemble(("same as  ", "$quiet"), "   or  ".join(told))
