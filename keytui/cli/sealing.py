"""Values that come back: sealed under the vault's passphrase, and revealed on the record."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from keytui.cli.asking import given_secret, new_passphrase, passphrase
from keytui.cli.checking import refuse_arguments
from keytui.cli.handover import claim_output, hand_out, nothing_lost
from keytui.cli.options import (
    AppsOption,
    DescriptionOption,
    EnvironmentOption,
    JsonOption,
    OwnerOption,
    PassphraseFileOption,
    ShowOption,
    TenantOption,
)
from keytui.cli.output import say, say_json
from keytui.cli.session import opened
from keytui.cli.shapes import key_shape
from keytui.cli.times import expiry
from keytui.clock import utc_now
from keytui.domain.errors import Refused
from keytui.domain.keys import KeyDraft, Kind
from keytui.vault.protocol import Vault
from keytui.vault.standing import SealState


class Sealed(StrEnum):
    """The kinds whose value is kept."""

    TOKEN = Kind.TOKEN
    CONNECTION_STRING = Kind.CONNECTION_STRING


class Step(StrEnum):
    """What may be done to the passphrase."""

    SET = "set"
    CHANGE = "change"
    LOCK = "lock"


NewFileOption = Annotated[
    Path | None,
    typer.Option("--new-passphrase-file", metavar="FILE", help="Read the new passphrase from a file, for `change`."),
]


def seal(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that is there gets a new version.")],
    *,
    kind: Annotated[Sealed, typer.Option(help="What the value is.")] = Sealed.TOKEN,
    environment: EnvironmentOption = "production",
    owner: OwnerOption = "",
    tenant: TenantOption = "",
    apps: AppsOption = None,
    description: DescriptionOption = "",
    expires: Annotated[str, typer.Option(metavar="D", help="90d, a date, or never.")] = "never",
    passphrase_file: PassphraseFileOption = None,
    json: JsonOption = False,
) -> None:
    """Keep the value on standard input, to be revealed later."""
    refuse_arguments(context)
    draft = KeyDraft(
        name,
        environment,
        kind=Kind(kind),
        description=description,
        owner=owner,
        tenant=tenant,
        apps=tuple(apps or ()),
        expires_at=expiry(expires, utc_now()),
    )
    value = given_secret("value to seal")
    with opened(context) as vault:
        _unlock(vault, passphrase_file)
        sealed = vault.seal(draft, value)
        summary = vault.detail(sealed.id).summary
    if json:
        say_json(key_shape(summary, utc_now()))
    else:
        say(f"sealed {sealed.name}, version {summary.version.number}")


def reveal(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An id, a unique name or a unique prefix.")],
    show: ShowOption = False,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Print a sealed value; the audit log keeps that.

    In a pipe it is all that standard output carries.
    """
    claim_output(show)
    with opened(context) as vault:
        key = vault.find(name)
        _unlock(vault, passphrase_file)
        value = vault.reveal(key.id)
        with nothing_lost(f"the log says that {key.name} was revealed, and it was not: reveal it again"):
            hand_out(value)


def change_passphrase(
    context: typer.Context,
    step: Annotated[Step | None, typer.Argument(metavar="[set|change|lock]", help="What to do.")] = None,
    passphrase_file: PassphraseFileOption = None,
    new_passphrase_file: NewFileOption = None,
    json: JsonOption = False,
) -> None:
    """Set or change the passphrase, or lock the vault.

    `lock` reaches every console that is open on this vault. Without a word, it says how the seal stands.
    """
    with opened(context) as vault:
        if step is Step.SET:
            _set(vault, passphrase_file)
        elif step is Step.CHANGE:
            _refuse_unset(vault)
            old = passphrase(passphrase_file, "passphrase so far")
            vault.change_passphrase(old, new_passphrase(new_passphrase_file))
        elif step is Step.LOCK:
            vault.lock()
        state = vault.standing().seal
    if json:
        say_json({"seal": state.name.lower()})
    else:
        say(f"the seal: {state}" if step is None else _TOLD[step])


_TOLD = {
    Step.SET: "the passphrase is set: there is no way back to sealed values without it",
    Step.CHANGE: "the passphrase is changed; nothing that is sealed was touched",
    Step.LOCK: "locked, here and in every open console",
}


def _set(vault: Vault, file: Path | None) -> None:
    if vault.standing().seal is not SealState.UNSET:
        raise Refused("there is a passphrase already", "`keytui passphrase change` replaces it")
    vault.set_passphrase(new_passphrase(file))


def _unlock(vault: Vault, file: Path | None) -> None:
    _refuse_unset(vault)
    vault.unlock(passphrase(file))


def _refuse_unset(vault: Vault) -> None:
    if vault.standing().seal is SealState.UNSET:
        raise Refused("no passphrase is set yet", "`keytui passphrase set` comes first")
