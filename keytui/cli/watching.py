"""A rotation while it is watched, and what it proved: waivers, the hand-over note, the holder, the proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from keytui.cli.asking import given_secret
from keytui.cli.checking import refuse_arguments
from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption, KeyArgument
from keytui.cli.output import say, say_json
from keytui.cli.probed import word_line, word_shape, words_of
from keytui.cli.session import opened, reference, rotation_of
from keytui.cli.shapes import proof_shape, rotation_shape
from keytui.cli.times import minute
from keytui.clock import utc_now
from keytui.domain.errors import Refused
from keytui.domain.keys import BUILTIN, Key
from keytui.domain.rotation import Rotation
from keytui.vault.model import Proof, Refusal
from keytui.vault.probed import LastWord, of_version


def waive(
    context: typer.Context,
    key: KeyArgument,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The name that `keytui verdict` gives it.")],
    *,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why it does not count.")],
    json: JsonOption = False,
) -> None:
    """Set one reason of the verdict aside, by its name."""
    with opened(context) as vault:
        rotation = rotation_of(vault, vault.find(key))
        subjects = sorted({found.subject for found in vault.verdict(rotation.id).reasons if found.subject})
        if subject not in subjects:
            known = ", ".join(repr(one) for one in subjects)
            raise Refused(f"no reason is called {subject!r}", f"those that can be waived: {known or 'none'}")
        _say(vault.waive(rotation.id, subject, why), f"{subject} is waived", json)


def note(
    context: typer.Context,
    key: KeyArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="For whoever comes next.")],
    json: JsonOption = False,
) -> None:
    """Leave a note at a key's open rotation."""
    with opened(context) as vault:
        _say(vault.leave_note(rotation_of(vault, vault.find(key)).id, text), "the note is left", json)


def take_over(context: typer.Context, key: KeyArgument, json: JsonOption = False) -> None:
    """Hold a key's open rotation from now on."""
    with opened(context) as vault:
        _say(vault.take_over(rotation_of(vault, vault.find(key)).id), "it is yours", json)


def proof(
    context: typer.Context,
    key: KeyArgument,
    old: Annotated[bool, typer.Option("--old", help="Ask with the old secret, which is on standard input.")] = False,
    json: JsonOption = False,
) -> None:
    """Say what a key's newest rotation has proven.

    Of a key that another system accepts that is what the system itself said last: `keytui prove` asks it. Exit code 0,
    or 1 when the old secret is still accepted.
    """
    refuse_arguments(context)
    secret = given_secret("old secret") if old else None
    with opened(context) as vault:
        found = vault.find(key)
        rotations = vault.detail(found.id).rotations
        if not rotations:
            raise Refused(f"{found.name} was never rotated", f"`keytui rotate {found.name}` begins")
        rotation = rotations[0]
        given = vault.proof(rotation.id, secret)
        told = words_of(vault, found.id, rotation.id)
        name = reference(vault, found)
    words = told or ()
    if json:
        say_json({**proof_shape(given), "issuer": found.issuer, "probed": [word_shape(word) for word in words]})
    elif found.issuer == BUILTIN:
        _say_proof(given)
        for word in words:
            say(word_line(word))
    else:
        _say_elsewhere(given, rotation, found, words, "" if told is None else name)
    over = any(word.still_accepted for word in of_version(words, rotation.old_version))
    raise typer.Exit(Exit.REFUSED if over or given.old is Refusal.ACCEPTED else Exit.DONE)


def _say_elsewhere(given: Proof, rotation: Rotation, key: Key, words: Sequence[LastWord], name: str) -> None:
    """What the system itself said. keytui's verifiers never see such a key, and their silence would prove nothing."""
    say(f"rotation #{rotation.id}; {key.issuer} accepts or refuses this key, so its systems are asked, by probes")
    if given.new_accepted_at is not None:
        say(f"new version v{rotation.new_version} was first seen in use {minute(given.new_accepted_at)}")
    for what, version in (
        (f"new version v{rotation.new_version}", rotation.new_version),
        (f"old version v{rotation.old_version}, which is {given.old_state},", rotation.old_version),
    ):
        if version is None:
            continue
        own = of_version(words, version)
        how = f"`keytui prove {name}` asks" if name else "their answers stand in the log, which you may not read"
        say(f"{what} at its systems:" if own else f"{what} was not asked there; {how}")
        for word in own:
            say(word_line(word))


def _say_proof(given: Proof) -> None:
    say(f"rotation #{given.rotation_id}")
    say(f"new version accepted: {minute(given.new_accepted_at, 'not yet')}")
    say(f"old version is {given.old_state}; asked with it: {given.old}")
    for acknowledgement in given.acknowledgements:
        after = acknowledgement.after
        when = "not yet" if after is None else f"after {after.total_seconds():.1f} s"
        say(f"  {acknowledgement.recorder} took it in: {when}")


def _say(rotation: Rotation, what: str, json: bool) -> None:
    if json:
        say_json(rotation_shape(rotation, utc_now()))
    else:
        say(f"rotation #{rotation.id} of {rotation.key_name}: {what}")
