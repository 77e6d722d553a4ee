"""How the wizard words times, paths and the command that does the same."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from textual.content import Content

from keytui.domain.durations import long, short
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Strategy


def clock_time(at: datetime) -> str:
    """Local time with UTC beside: `14:03:11 (13:03Z)`."""
    return f"{at.astimezone():%H:%M:%S} ({at.astimezone(UTC):%H:%M}Z)"


def strategy_words(plan: Plan) -> str:
    """`rolling`, `immediate`, or an emergency with what comes first."""
    return str(plan.strategy) if plan.first is None else f"{plan.strategy}, {plan.first} first"


def countdown(rotation: Rotation, now: datetime) -> Content:
    """What the clock says of a rotation. The end of an overlap is an alarm, with a symbol and a word."""
    if rotation.overlap_ends_at is not None and rotation.overdue(now):
        return Content.styled(f"▲ overdue by {long(now - rotation.overlap_ends_at)}", "bold $error")
    if rotation.state is RotationState.OVERLAPPING and rotation.overlap_ends_at is not None:
        return Content(f"overlap ends in {long(rotation.overlap_ends_at - now)}")
    if rotation.state is RotationState.SUSPENDED and rotation.suspended_at is not None:
        return Content(f"old version suspended for {long(now - rotation.suspended_at)}")
    if rotation.state is RotationState.PROVING:
        return Content.styled("▲ old version revoked, not proven", "bold $warning")
    return Content(str(rotation.state).replace("_", " "))


def command(verb: str, key_name: str, *options: str) -> str:
    """The command line that does the same."""
    return shlex.join(["keytui", verb, key_name, *options])


def rotate_command(key_name: str, plan: Plan) -> str:
    """The `keytui rotate` that asks for this plan."""
    options: list[str] = []
    if plan.strategy is not Strategy.ROLLING:
        options += ["--strategy", plan.strategy]
    if plan.first is not None:
        options += ["--first", plan.first]
    if plan.overlap is not None:
        options += ["--overlap", short(plan.overlap)]
    if plan.reason is not Reason.SCHEDULED:
        options += ["--reason", plan.reason]
    if plan.reason_text:
        options += ["--note", plan.reason_text]
    if plan.label:
        options += ["--label", plan.label]
    return command("rotate", key_name, *options)


def cost(plan: Plan) -> str:
    """What a path costs those who use the key, in one sentence."""
    if plan.strategy is Strategy.ROLLING:
        return "Both versions are accepted until you retire the old one: nobody is locked out."
    if plan.strategy is Strategy.IMMEDIATE:
        return "The old version is revoked as the new one is issued: whoever has not changed is locked out at once."
    if plan.first is First.REVOKE:
        return "The old version is revoked first: nobody gets in, thief or service, until the new secret is in place."
    return "The old version stays accepted until the new secret is handed over: a thief keeps access until then."
