"""`keytui backup reconcile`: what a backup would let in again, shown and decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from keytui.cli.asking import confirm, interactive
from keytui.cli.counting import counted
from keytui.cli.options import JsonOption, NoteOption, YesOption
from keytui.cli.output import remark, say, say_json, say_json_with, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.cli.times import iso, minute
from keytui.domain.errors import Invalid, Refused
from keytui.vault.later_log import LaterLog, read_later_log
from keytui.vault.protocol import Vault
from keytui.vault.reconciling import Decision, LetIn, Loaded, Reconcilable, Reconciled, Undecided

_SHOWN: Final = 200
"""Of a list that a person reads."""


def reconcile(
    context: typer.Context,
    *,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="KEY", help="Let it in again; repeatable. Or token:NAME.")
    ] = None,
    revoke: Annotated[
        list[str] | None, typer.Option("--revoke", metavar="KEY", help="Revoke it; repeatable. Or token:NAME.")
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Lines of `keep KEY` and `revoke KEY`.")
    ] = None,
    keep_rest: Annotated[bool, typer.Option("--keep-rest", help="Keep all others, and arm the vault.")] = False,
    revoke_rest: Annotated[bool, typer.Option("--revoke-rest", help="Revoke all others, and arm the vault.")] = False,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The log from after the backup, as `audit --format jsonl` writes it."),
    ] = None,
    revoke_logged: Annotated[
        bool, typer.Option("--revoke-logged", help="Revoke what was revoked by that log.")
    ] = False,
    arm: Annotated[bool, typer.Option("--arm", help="Arm the vault, where everything is decided.")] = False,
    note: NoteOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Decide what a backup that was loaded may let in again, key by key; then arm the vault.

    Without a decision it lists what is to be decided.
    """
    if keep_rest and revoke_rest:
        raise Invalid("--keep-rest and --revoke-rest contradict each other", "name one of the two")
    decided = [*_read_decisions(decisions), *_each(Decision.KEEP, keep), *_each(Decision.REVOKE, revoke)]
    rest = Decision.KEEP if keep_rest else Decision.REVOKE if revoke_rest else None
    with opened(context, deciding=True) as vault:
        waiting = _reconcilable(vault)
        left = waiting.undecided(None if revoke_logged else 0)
        later = None if log is None else read_later_log(log, left.loaded)
        if revoke_logged:
            decided += _logged(left, later)
        if rest is not None and not yes:
            _confirm(rest, left.count - len(decided))
        for decision, reference in decided:
            waiting.decide(decision, [reference], note)
        if rest is not None or arm:
            _say_reconciled(waiting.reconcile(rest, note), json)
            return
        left = waiting.undecided(0 if json else _SHOWN)
        if json:
            tokens = [{"id": one.id, "name": one.name, "role": one.role, "tenant": one.tenant} for one in left.tokens]
            head: Shape = {**loaded_shape(left.loaded), "tokens": tokens}
            say_json_with(head, "keys", _key_shapes(waiting.let_in(), later))
            return
    _say_undecided(left, later)


def _say_origin(loaded: Loaded) -> None:
    if loaded.in_place:
        say(f"an older copy of the vault was put in its place, in {loaded.file}, or its log was cut")
    else:
        say(f"from the backup {loaded.file}, loaded {minute(loaded.at)}")


def say_loaded(loaded: Loaded) -> None:
    """How far the backup's log goes, and what is known to lie beyond."""
    say(f"its log ends with entry {loaded.ends}, of {minute(loaded.ended_at)}")
    if loaded.reached is None:
        say("no checkpoint is known that it lacks: newer ones may be kept elsewhere, see `--checkpoint`")
    elif loaded.reached > loaded.ends:
        lost = loaded.reached - loaded.ends
        rest = "is lost, and what it ended" if lost == 1 else "are lost, and what they ended"
        say(f"entry {loaded.reached} is known of: {counted(lost, 'entry', 'entries')} {rest}")
    else:
        say(f"entry {loaded.reached} that is known of is not in it: the log has gone another way since")


def loaded_shape(loaded: Loaded) -> Shape:
    """For programs."""
    return {
        "file": loaded.file,
        "in_place": loaded.in_place,
        "loaded_at": iso(loaded.at),
        "ends": loaded.ends,
        "ended_at": iso(loaded.ended_at),
        "reached": loaded.reached,
    }


def _reconcilable(vault: Vault) -> Reconcilable:
    if not isinstance(vault, Reconcilable):
        raise Refused("the vault's files are elsewhere", "do it on the host that serves it")
    return vault


def _each(decision: Decision, references: list[str] | None) -> list[tuple[Decision, str]]:
    return [(decision, reference) for reference in references or ()]


def _logged(left: Undecided, later: LaterLog | None) -> list[tuple[Decision, str]]:
    if later is None:
        raise Invalid("--revoke-logged takes the log from after the backup", "name it with --log FILE")
    keys = [one.key.id for one in left.keys if one.key.id in later.revoked_keys]
    tokens = [f"token:{one.id}" for one in left.tokens if one.name in later.revoked_tokens]
    return _each(Decision.REVOKE, keys + tokens)


def _read_decisions(path: Path | None) -> list[tuple[Decision, str]]:
    """One a line, the word first; blank lines and those that begin with # say nothing."""
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise Invalid(f"{path} cannot be read: {why}", "name a file of text that can be") from None
    decided = []
    for number, line in enumerate(lines, 1):
        words = line.split(maxsplit=1)
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0] not in set(Decision):
            raise Invalid(f"{path}, line {number} is no decision", "write `keep KEY` or `revoke KEY`; nothing was done")
        decided.append((Decision(words[0]), words[1].strip()))
    return decided


def _confirm(rest: Decision, count: int) -> None:
    if not interactive():
        raise Invalid(f"this decides about {count} at once, and nobody is here to confirm it", "say --yes in a script")
    becomes = "let in again" if rest is Decision.KEEP else "refused for good"
    confirm(
        f"{counted(count, 'key or token', 'keys and tokens')} will be {becomes}, and the vault is armed.", str(rest)
    )


def _say_undecided(left: Undecided, later: LaterLog | None) -> None:
    _say_origin(left.loaded)
    say_loaded(left.loaded)
    if later is not None:
        _say_later(later, left.loaded)
    if not left.count:
        say("everything is decided: `keytui backup reconcile --arm` lets the vault go on")
        return
    undecided = f"{counted(left.key_count, 'key')} and {counted(len(left.tokens), 'token')}"
    say(f"to decide: {undecided} that would be let in again")
    done = {} if later is None else later.of_keys()
    rows = [_row(one, done.get(one.key.id, ())) for one in left.keys]
    columns = ("KEY", "ENVIRONMENT", "OWNER", "VERSIONS", "LAST USED", "SINCE", "ID")
    say_table(columns, rows, "KEY", ("ID", "OWNER", "LAST USED"))
    tokens = [(f"token:{one.name}", str(one.role), one.tenant or "", one.id) for one in left.tokens[:_SHOWN]]
    say_table(("TOKEN", "ROLE", "TENANT", "ID"), tokens, "TOKEN", ("ID",))
    if left.count > len(rows) + len(tokens):
        say("and more: --json lists all")
    remark("a version that was issued since the backup is unknown to the vault, and refused: rotate such a key again")


def _say_later(later: LaterLog, loaded: Loaded) -> None:
    if later.ends is None:
        say("the log that was named ends before the backup does: it says nothing of the time since")
    elif loaded.reached is not None and loaded.reached > later.ends:
        say(f"the log that was named ends with entry {later.ends}: what came up to {loaded.reached} is unknown")
    else:
        say(f"the log that was named goes on from there, to entry {later.ends}")


def _row(one: LetIn, since: Sequence[str]) -> tuple[str, ...]:
    versions = ", ".join(f"v{version.number} {version.state}" for version in one.versions)
    key = one.key
    return key.name, key.environment, key.owner, versions, minute(one.last_used_at), ", ".join(since) or "-", key.id


def _say_reconciled(done: Reconciled, json: bool) -> None:
    if json:
        say_json({"kept": done.kept, "revoked": done.revoked})
    else:
        say(f"armed: {done.kept} kept, {done.revoked} revoked; services and servers may begin again")


def _key_shapes(keys: Iterable[LetIn], later: LaterLog | None) -> Iterator[Shape]:
    done = {} if later is None else later.of_keys()
    for one in keys:
        yield {
            "id": one.key.id,
            "name": one.key.name,
            "environment": one.key.environment,
            "tenant": one.key.tenant,
            "owner": one.key.owner,
            "versions": [{"number": version.number, "state": version.state} for version in one.versions],
            "rotation": one.rotation_id,
            "last_used_at": iso(one.last_used_at),
            "since": None if later is None else list(done.get(one.key.id, ())),
        }
