"""`keytui leaver USER`: what somebody who leaves could go on using, and what is done about each key."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Annotated, Final

import typer

from keytui.cli.asking import choose, confirm_unless, interactive
from keytui.cli.batch import each
from keytui.cli.counting import counted
from keytui.cli.options import JsonOption, NoteOption, YesOption
from keytui.cli.output import remark, say, say_json_array
from keytui.cli.session import opened, reference
from keytui.cli.shapes import Shape
from keytui.domain.errors import Invalid, NotFound
from keytui.domain.keys import Key
from keytui.domain.leaving import Handed
from keytui.domain.operators import person
from keytui.domain.rotation import Plan, Reason
from keytui.vault.leaving import handed_to
from keytui.vault.protocol import Vault

EVERY: Final = "all"
_CHOICES: Final = ("rotate", "disable", "leave")


def leaver(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="As keys name their owner, and the log its actors.")],
    *,
    rotate: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Open a rotation, reason leaver; `all`, or repeat it.")
    ] = None,
    disable: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Refuse it for now; `all`, or repeat it.")
    ] = None,
    note: NoteOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Propose every key that somebody who leaves owned, was told, revealed or handed over, each with why.

    On a terminal each is asked about; nothing is done without --rotate, --disable or an answer. A rotation that is
    opened waits: `keytui rotate KEY --resume` issues and delivers it.
    """
    with opened(context) as vault:
        found = handed_to(vault, user)
        if not found:
            raise NotFound(f"nothing says that {user} had a key", "`keytui audit --actor NAME` shows what they did")
        if not json:
            _say(found, user)
        asked = rotate is None and disable is None and interactive() and not (json or yes)
        chosen = _ask(found) if asked else _named(vault, found, rotate or [], disable or [])
        if chosen:
            share = f"{len(chosen)} of {counted(len(found), 'key')}"
            at_stake = f"{share} would be rotated or disabled"
            confirm_unless(yes, at_stake, f"{share} will be rotated or disabled.", person(user))
        done: dict[str, str] = {}
        try:
            each([one.key for one in found if one.key.id in chosen], _acting(vault, user, note, chosen, done))
        finally:
            if json:
                say_json_array(_shape(one, done.get(one.key.id, "proposed")) for one in found)
            else:
                _say_done(vault, found, done)
            _say_tokens(vault, user)


def _acting(vault: Vault, user: str, note: str, chosen: dict[str, str], done: dict[str, str]) -> Callable[[Key], None]:
    def act(key: Key) -> None:
        if chosen[key.id] == "rotate":
            rotation = vault.plan(key.id, Plan(reason=Reason.LEAVER, reason_text=note or f"{user} leaves"), _random())
            done[key.id] = f"rotation #{rotation.id} is open"
        else:
            vault.disable(key.id, note or f"{user} leaves")
            done[key.id] = "disabled"

    return act


def _random() -> str:
    return secrets.token_hex(16)


def _ask(found: Sequence[Handed]) -> dict[str, str]:
    """What is done with each, key by key."""
    answers = {one.key.id: choose(f"{one.key.name} ({one.key.environment})?", _CHOICES) for one in found}
    return {key_id: answer for key_id, answer in answers.items() if answer != "leave"}


def _named(vault: Vault, found: Sequence[Handed], rotate: Sequence[str], disable: Sequence[str]) -> dict[str, str]:
    """What the options say. Invalid for a key that is to have both, or that is not among those proposed."""
    proposed = {one.key.id for one in found}

    def ids(names: Sequence[str]) -> set[str]:
        if EVERY in names:
            return set(proposed)
        return {vault.find(name).id for name in names}

    rotated, disabled = ids(rotate), ids(disable)
    if EVERY in rotate and EVERY not in disable:
        rotated -= disabled
    elif EVERY in disable and EVERY not in rotate:
        disabled -= rotated
    if rotated & disabled:
        raise Invalid("a key is either rotated or disabled here", "name each under one of --rotate and --disable")
    if (rotated | disabled) - proposed:
        raise Invalid("a key was named that is not among those proposed", "rotate or disable it on its own")
    return dict.fromkeys(rotated, "rotate") | dict.fromkeys(disabled, "disable")


def _say(found: Sequence[Handed], user: str) -> None:
    say(f"{counted(len(found), 'key')} that {user} could go on using:")
    for one in found:
        say(f"  {one.key.name} ({one.key.environment}): {'; '.join(one.why)}")


def _say_done(vault: Vault, found: Sequence[Handed], done: dict[str, str]) -> None:
    for one in found:
        if one.key.id in done:
            say(f"{one.key.name} ({one.key.environment}): {done[one.key.id]}")
    opened_ = [one.key for one in found if done.get(one.key.id, "").startswith("rotation")]
    for key in opened_:
        remark(f"next: `keytui rotate {reference(vault, key)} --resume`")
    if not done:
        remark("nothing was changed: --rotate or --disable, with a KEY or `all`")


def _say_tokens(vault: Vault, user: str) -> None:
    tokens = [one.name for one in vault.operators() if one.revoked_at is None and person(one.name) == person(user)]
    if tokens:
        remark(
            f"{', '.join(tokens)} still opens this vault: `keytui operators revoke`, or `keytui disable-user {user}`"
        )


def _shape(one: Handed, done: str) -> Shape:
    key = one.key
    return {
        "key_id": key.id,
        "key": key.name,
        "environment": key.environment,
        "owner": key.owner,
        "why": list(one.why),
        "done": done,
    }
