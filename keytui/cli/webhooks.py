"""Webhooks: who is told, what was, and telling it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit
from uuid import uuid4

import typer

from keytui.cli.exits import Exit
from keytui.cli.options import MOST_ROWS, JsonOption
from keytui.cli.output import remark, say, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.times import iso, minute
from keytui.clock import utc_now
from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.domain.references import Reference
from keytui.domain.webhooks import Message, MessageState, WebhookStanding
from keytui.vault.profile import configuration_path
from keytui.vault.protocol import Vault
from keytui.vault.references import from_here
from keytui.vault.webhook_settings import Webhook, load_webhooks

if TYPE_CHECKING:
    from keytui.vault.local.vault import LocalVault
    from keytui.vault.webhook_delivery import Posting

_LIMIT: Final = 50

webhooks = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Who is told of rotations and alerts.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As in [webhooks.NAME].")]


@webhooks.command("list")
def list_webhooks(context: typer.Context, json: JsonOption = False) -> None:
    """The webhooks of the configuration, and how they stand."""
    configured = load_webhooks(configuration_path())
    with opened(context) as vault:
        standing = {one.name: one for one in _local(vault).webhooks()}
    shapes = [_shape(one, standing.get(one.name, WebhookStanding(one.name))) for one in configured]
    if json:
        say_json_array(shapes)
        return
    say_table(
        ("NAME", "TO", "EVENTS", "STATE", "WAITING", "FAILED"),
        [
            tuple(str(shape[field]) for field in ("name", "to", "events", "state", "waiting", "failed"))
            for shape in shapes
        ],
        "TO",
    )
    for name in standing.keys() - {one.name for one in configured}:
        remark(f"{name} had messages and is not configured any more")
    _warn(configured)
    if not configured:
        remark(f"no webhook is configured: name one as [webhooks.NAME] in {configuration_path()}")


@webhooks.command()
def messages(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Of one webhook.")] = "",
    *,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many.")] = _LIMIT,
    json: JsonOption = False,
) -> None:
    """Messages of the last 30 days, newest first."""
    with opened(context) as vault:
        found = _local(vault).messages(name, limit)
    if json:
        say_json_array(map(_message_shape, found))
        return
    rows = [
        (str(one.id), minute(one.created_at), one.webhook, one.type, one.state, str(one.attempts), _told(one))
        for one in found
    ]
    say_table(("#", "WHEN", "TO", "WHAT", "STATE", "TRIES", "DETAIL"), rows, "DETAIL", ("TRIES",))
    if not found:
        remark("no message in the last 30 days")


@webhooks.command()
def deliver(context: typer.Context) -> None:
    """Send every message that is due; for cron beside a local vault. A server does it by itself.

    Exit code 7 when some could not be sent.
    """
    _warn(load_webhooks(configuration_path()))
    with opened(context) as vault:
        failed = send_messages(vault)
    raise typer.Exit(Exit.PARTLY if failed else Exit.DONE)


@webhooks.command()
def redeliver(
    context: typer.Context, number: Annotated[int, typer.Argument(metavar="ID", help="The message's number.")]
) -> None:
    """Put a message back to be sent once more."""
    with opened(context) as vault:
        message = _local(vault).redeliver(number)
    say(f"message #{message.id} waits for {message.webhook} again")


@webhooks.command()
def enable(context: typer.Context, name: NameArgument) -> None:
    """Send a webhook messages again after it had answered 410, which is to say: no more."""
    with opened(context) as vault:
        _local(vault).enable_webhook(name)
    say(f"{name} gets messages again")


@webhooks.command()
def test(context: typer.Context, name: NameArgument) -> None:
    """Send one message that says nothing, now. Exit code 7 when it was not taken."""
    from keytui.vault.webhook_delivery import post_test

    found = [one for one in load_webhooks(configuration_path()) if one.name == name]
    if not found:
        raise NotFound(f"no webhook is called {name!r}", "see them all: keytui webhooks list")
    _warn(found)
    require_libraries()
    reply = post_test(found[0], f"test-{uuid4()}", _posting())
    say(f"{name} did not take it: {reply.failure}" if reply.failure else f"{name} took it ({reply.status})")
    raise typer.Exit(Exit.PARTLY if reply.failure else Exit.DONE)


def require_libraries() -> None:
    """Invalid when what a webhook needs is not installed."""
    try:
        import standardwebhooks  # noqa: F401  # whether it can be imported is the question
    except ModuleNotFoundError as error:
        raise Invalid(
            f"a webhook needs {error.name}, which is not installed", "pip install 'keytui[webhooks]'"
        ) from None


def send_messages(vault: Vault) -> int:
    """Send what is due to every webhook; how many tries failed, each said."""
    from keytui.vault.webhook_delivery import deliver_due

    failed = 0
    for sent in deliver_due(_local(vault), load_webhooks(configuration_path()), _posting()):
        if sent.failure:
            failed += 1
            remark(f"message #{sent.message} ({sent.type}) was not taken by {sent.webhook}: {sent.failure}")
    return failed


def _posting() -> Posting:
    from keytui.vault.webhook_delivery import Posting

    require_libraries()
    return Posting(from_here, utc_now)


def tells_webhooks(vault: Vault) -> bool:
    """Whether its webhooks are told from here, and not by a server."""
    from keytui.vault.local.vault import LocalVault

    return isinstance(vault, LocalVault)


def _local(vault: Vault) -> LocalVault:
    from keytui.vault.local.vault import LocalVault

    if not isinstance(vault, LocalVault):
        raise Refused("webhooks are told by the server that has the vault", "run this on the server's own host")
    return vault


def _warn(configured: Sequence[Webhook]) -> None:
    for one in configured:
        if one.plaintext:
            remark(f"warning: {one.name} is told new secrets in plain text: whoever runs {_shown(one)} has your keys")


def _shape(webhook: Webhook, standing: WebhookStanding) -> dict[str, object]:
    return {
        "name": webhook.name,
        "to": _shown(webhook),
        "events": ", ".join(sorted(webhook.topics)),
        "keys": sorted(webhook.keys),
        "environments": sorted(webhook.environments),
        "plaintext": webhook.plaintext,
        "allow_private": webhook.allow_private,
        "state": "ready" if standing.disabled_at is None else f"disabled {minute(standing.disabled_at)}",
        "waiting": standing.waiting,
        "failed": standing.failed,
    }


def _shown(webhook: Webhook) -> str:
    """Where it is, without the path: that may be a secret."""
    if isinstance(webhook.address, Reference):
        return str(webhook.address)
    parts = urlsplit(webhook.address)
    return f"{parts.scheme}://{parts.netloc}/…"


def _told(message: Message) -> str:
    if message.state is MessageState.WAITING and message.detail:
        return f"{message.detail}; next try {minute(message.next_at)}"
    return message.detail


def _message_shape(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "webhook": message.webhook,
        "type": message.type,
        "key_id": message.key_id,
        "created_at": iso(message.created_at),
        "state": message.state,
        "attempts": message.attempts,
        "next_at": iso(message.next_at) if message.state is MessageState.WAITING else None,
        "detail": message.detail,
        "plaintext": message.plaintext,
    }
