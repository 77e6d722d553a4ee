"""Keys made and changed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keytui.cli.delivering import NoDeliverOption, Telling, explain_first, goes_to_targets, outside
from keytui.cli.handover import claim_output, hand_out, hand_out_json, nothing_lost
from keytui.cli.options import (
    AppsOption,
    DescriptionOption,
    EnvironmentOption,
    JsonOption,
    KeyArgument,
    OwnerOption,
    ScopesOption,
    ShowOption,
    TargetsOption,
    TenantOption,
)
from keytui.cli.output import remark, say, say_json
from keytui.cli.session import opened, reference
from keytui.cli.shapes import Shape, detail_shape, key_shape
from keytui.cli.times import expiry
from keytui.clock import utc_now
from keytui.domain.errors import Invalid
from keytui.domain.keys import BUILTIN, Key, KeyDraft, KeyEdit
from keytui.vault.model import Issued
from keytui.vault.progress import Undelivered
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.targets.target import Target

PAGE: Final = 500


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Unique in its environment.")],
    *,
    environment: EnvironmentOption,
    owner: OwnerOption,
    scopes: ScopesOption,
    tenant: TenantOption = "",
    expires: Annotated[str, typer.Option(metavar="D", help="90d, a date, or never.")] = "never",
    format_: Annotated[
        str, typer.Option("--format", metavar="F", help="tk, hk, base64, or PREFIX:ALPHABET:LENGTH.")
    ] = "tk",
    sensitive: Annotated[bool, typer.Option("--sensitive", help="Mark it as one to handle with care.")] = False,
    apps: AppsOption = None,
    targets: TargetsOption = None,
    description: DescriptionOption = "",
    issuer: Annotated[
        str, typer.Option("--issuer", metavar="I", help="The system that accepts it: see `keytui systems`.")
    ] = BUILTIN,
    no_deliver: NoDeliverOption = False,
    show: ShowOption = False,
    json: JsonOption = False,
) -> None:
    """Make a key. Its secret goes to its targets; --show prints it too.

    Without a target that this machine knows it is printed: in a pipe, it is all that standard output carries.
    """
    draft = KeyDraft(
        name,
        environment,
        description=description,
        owner=owner,
        tenant=tenant,
        scopes=tuple(scopes),
        apps=tuple(apps or ()),
        targets=tuple(targets or ()),
        format=format_,
        sensitive=sensitive,
        expires_at=expiry(expires, utc_now()),
        issuer=issuer,
    )
    with opened(context) as vault:
        around = outside(context, vault, _to_be(draft), by_hand=no_deliver)
        delivers = goes_to_targets(around, by_hand=no_deliver)
        if show or not delivers:
            claim_output(show)
        if delivers:
            from keytui.vault.first_delivery import rehearse_first

            rehearse_first(vault, around.targets, around.key)
        issued = vault.create(draft, secrets.token_hex(16))
        telling = Telling()
        with nothing_lost(
            f"{name} exists now, and nobody holds its secret: `keytui rotate {issued.key.id} --strategy immediate`"
        ):
            if delivers:
                _deliver_created(vault, around.targets, issued, telling)
            _say_created(vault, issued, telling, secret=show or not delivers, json=json)
        remark(f"created {issued.key.name}, version {issued.version.number} ({issued.version.prefix}…)")


def edit(
    context: typer.Context,
    key: KeyArgument,
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="A new name.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="O", help="Who answers for it.")] = None,
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", metavar="S", help="What it may do, all of it; repeat it.")
    ] = None,
    apps: Annotated[
        list[str] | None, typer.Option("--app", metavar="A", help="The applications that use it, all; repeat it.")
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="T", help="The places its secret is delivered to, all; repeat it."),
    ] = None,
    no_targets: Annotated[bool, typer.Option("--no-targets", help="Its secret is delivered nowhere.")] = False,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="D", help="90d, a date, or never.")] = None,
    sensitive: Annotated[bool | None, typer.Option(help="Whether to handle it with care.")] = None,
    json: JsonOption = False,
) -> None:
    """Change a key: its environment and kind never do."""
    if targets and no_targets:
        raise Invalid("a key cannot have targets and none", "leave --target or --no-targets away")
    change = KeyEdit(
        name=name,
        description=description,
        owner=owner,
        scopes=None if scopes is None else tuple(scopes),
        apps=None if apps is None else tuple(apps),
        targets=() if no_targets else None if targets is None else tuple(targets),
        sensitive=sensitive,
        expires_at=None if expires is None else expiry(expires, utc_now()),
        never_expires=expires == "never",
    )
    with opened(context) as vault:
        edited = vault.edit(vault.find(key).id, change)
        if json:
            say_json(detail_shape(vault.detail(edited.id), utc_now()))
        else:
            say(f"changed {edited.name}")


def _to_be(draft: KeyDraft) -> Key:
    """The key as its targets are asked about it before it exists."""
    return Key("", draft.name, draft.environment, utc_now(), issuer=draft.issuer, targets=draft.targets)


def _deliver_created(vault: Vault, targets: Sequence[Target], issued: Issued, telling: Telling) -> None:
    from keytui.vault.first_delivery import deliver_first

    try:
        deliver_first(vault, issued.key, targets, issued.version, issued.secret, clock=utc_now, tell=telling)
    except Undelivered as error:
        remark(f"{issued.key.name} exists, and not every target has its secret:")
        explain_first(reference(vault, issued.key), error)
        raise


def _say_created(vault: Vault, issued: Issued, telling: Telling, *, secret: bool, json: bool) -> None:
    if not json:
        if secret:
            hand_out(issued.secret)
        return
    summary = vault.detail(issued.key.id).summary
    shape: Shape = {
        "key": key_shape(summary, utc_now()),
        "version": issued.version.number,
        **({"deliveries": telling.shapes()} if telling.ended else {}),
    }
    if secret:
        hand_out_json({**shape, "secret": issued.secret.reveal()})
    else:
        say_json(shape)
