"""Alerts: listed, watched, sent and acknowledged."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption
from keytui.cli.output import as_json, remark, say, say_json, say_json_array, say_table
from keytui.cli.plainly import plain
from keytui.cli.session import opened
from keytui.cli.shapes import alert_shape
from keytui.cli.streams import discard_output
from keytui.cli.times import minute
from keytui.cli.webhooks import require_libraries, send_messages, tells_webhooks
from keytui.clock import utc_now
from keytui.domain.alerts import Alert
from keytui.domain.errors import Invalid, Unreachable
from keytui.vault.alert_delivery import AlertDelivery, load_alert_delivery
from keytui.vault.notifying import tell_all
from keytui.vault.profile import configuration_path
from keytui.vault.protocol import Vault
from keytui.vault.webhook_settings import load_webhooks

LOOK_EVERY: Final = 1.0
"""Seconds between two looks of a watch."""
_SYMBOLS: Final = {"critical": "!!", "warning": "!", "notice": "-"}

alerts = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@alerts.callback()
def read(
    context: typer.Context,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Those that resolved in the last 30 days too.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Send what was not sent yet; for cron.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Send, and tell what opens and resolves.")] = False,
    json: JsonOption = False,
) -> None:
    """Look for alerts and list the open ones, the most serious first; or acknowledge one.

    Exit code 0, however many there are; with --send 7 when some could not be sent.
    """
    if context.invoked_subcommand is not None:
        return
    if watch and (send or all_):
        raise Invalid("--watch sends by itself and tells what moves", "leave --send and --all away")
    going_out = _Outgoing.configured() if send or watch else None
    with opened(context) as vault:
        if watch and going_out is not None:
            _watch(vault, going_out, json)
        vault.tend()
        failed = going_out.send(vault) if going_out is not None else 0
        found = vault.alerts(resolved=all_)
    if json:
        say_json_array(map(alert_shape, found))
    else:
        _say(found, all_)
    raise typer.Exit(Exit.PARTLY if failed else Exit.DONE)


@alerts.command()
def acknowledge(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="The alert's number.")],
    *,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What is done about it.")],
    json: JsonOption = False,
) -> None:
    """Say that an alert is seen to: it is not counted or sent any more."""
    with opened(context) as vault:
        alert = vault.acknowledge(number, note)
    if json:
        say_json(alert_shape(alert))
    else:
        say(f"alert #{alert.id} is acknowledged: {alert.signal.detail}")


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """Where alerts go from here: to a command, and with every other message to the webhooks of a local vault."""

    delivery: AlertDelivery
    webhooks: bool

    @classmethod
    def configured(cls) -> _Outgoing:
        """What `config.toml` says. Invalid names the field, or the libraries that a webhook needs."""
        path = configuration_path()
        webhooks = load_webhooks(path)
        if webhooks:
            require_libraries()
        return cls(load_alert_delivery(path), bool(webhooks))

    def send(self, vault: Vault) -> int:
        """Send what is to be sent now; how many tries failed, each said."""
        if not self.delivery.command and not self.webhooks:
            raise Invalid(
                "alerts go nowhere", f"name a command under [alerts], or a [webhooks.NAME], in {configuration_path()}"
            )
        return self.send_if_any(vault)

    def send_if_any(self, vault: Vault) -> int:
        """As `send`; nothing where nothing is configured."""
        failed = 0
        for told in tell_all(vault, self.delivery, utc_now):
            if told.attempt.failure:
                failed += 1
                remark(f"alert #{told.notification.alert.id} was not sent to {told.notification.destination}: ")
                remark(f"  {told.attempt.failure}")
        here = self.webhooks and tells_webhooks(vault)
        return failed + (send_messages(vault) if here else 0)


def _watch(vault: Vault, going_out: _Outgoing, json: bool) -> None:
    """Tell what is open, then each alert as it opens and as it resolves; a vault that is away is waited for."""
    known: dict[int, Alert] = {}
    away = False
    try:
        while True:
            try:
                vault.tend()
                going_out.send_if_any(vault)
                found = vault.alerts()
                away = False
            except Unreachable as error:
                if not away:
                    remark(f"keytui: {error.message}")
                away = True
            else:
                _tell(_moves(known, found, vault), json)
                known = {alert.id: alert for alert in found}
            time.sleep(LOOK_EVERY)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        discard_output()  # whoever listened has left
        raise typer.Exit(Exit.DONE) from None


def _moves(known: dict[int, Alert], found: Sequence[Alert], vault: Vault) -> list[tuple[str, Alert]]:
    """What has opened and what has resolved since the last look."""
    opened_ = [("opened", alert) for alert in found if alert.id not in known]
    gone = known.keys() - {alert.id for alert in found}
    ended = vault.alerts(resolved=True) if gone else ()
    return opened_ + [("resolved", alert) for alert in ended if alert.id in gone]


def _tell(moves: Iterable[tuple[str, Alert]], json: bool) -> None:
    for what, alert in moves:
        at = alert.opened_at if what == "opened" else alert.resolved_at
        if json:
            sys.stdout.write(as_json({"event": what, **alert_shape(alert)}) + "\n")
        else:
            say(f"{minute(at)}  {what:<8}  {_symbol(alert)} #{alert.id} {alert.signal.kind}: {alert.signal.detail}")
    sys.stdout.flush()  # a program may wait for the line


def _say(found: Sequence[Alert], resolved: bool) -> None:
    say_table(
        ("#", "SEVERITY" if plain() else "", "ALERT", "SINCE", "STATE", "WHAT"),
        [
            (
                str(alert.id),
                str(alert.signal.severity) if plain() else _symbol(alert),
                alert.signal.kind,
                minute(alert.opened_at),
                _state(alert),
                alert.signal.detail,
            )
            for alert in found
        ],
        "WHAT",
        ("SINCE", "STATE"),
    )
    for alert in found:
        if alert.unsent:
            remark(f"alert #{alert.id} is not sent yet: {alert.unsent}")
    if not found:
        remark("no alert in the last 30 days" if resolved else "no alert is open")


def _symbol(alert: Alert) -> str:
    return f"{_SYMBOLS[alert.signal.severity]} {alert.signal.severity}"


def _state(alert: Alert) -> str:
    if alert.resolved_at is not None:
        return f"resolved {minute(alert.resolved_at)}"
    return f"acknowledged by {alert.acknowledged_by}" if alert.acknowledged_at is not None else "open"
