"""`keytui incident KEY`: a key is compromised. What either way costs, then the way itself, told as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.asking import choose, interactive
from keytui.cli.handover import claim_output, hand_out, hand_out_json, nothing_lost
from keytui.cli.incident_shapes import cut_off_shape, incident_shape
from keytui.cli.options import JsonOption, KeyArgument, ShowOption, YesOption
from keytui.cli.output import remark, say, say_json
from keytui.cli.rotations import next_step
from keytui.cli.session import Globals, opened, reference
from keytui.cli.shapes import Shape, rotation_shape
from keytui.cli.times import ago
from keytui.clock import utc_now
from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid, KeytuiError, Unreachable
from keytui.domain.incidents import IncidentDetail
from keytui.domain.keys import Key
from keytui.domain.rotation import First, RotationState
from keytui.vault.model import Delivery
from keytui.vault.profile import configuration_path, load_profile
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.emergency import Response, Said
    from keytui.vault.emergency_costs import Costs
    from keytui.vault.outside import Outside


def begin(
    context: typer.Context,
    key: KeyArgument,
    *,
    first: Annotated[First | None, typer.Option(help="What is done first; asked for on a terminal.")] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="What the incident is called.")] = "",
    no_deliver: Annotated[
        bool, typer.Option("--no-deliver", help="Leave the targets alone: the new secret is written out.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="The new secret of an emergency that is proving leaked too: begin another.")
    ] = False,
    within: Annotated[str, typer.Option(metavar="D", help="How long a system may take to hear of it.")] = "10s",
    yes: YesOption = False,
    show: ShowOption = False,
    json: JsonOption = False,
) -> None:
    """Respond to a compromised key: revoke, issue with the same scopes, deliver, prove, and open an incident.

    The new secret goes to the key's targets. Of a key without one it is all that standard output carries. Said again,
    it goes on where it stopped.
    """
    from keytui.vault.emergency import Emergency
    from keytui.vault.emergency_costs import costs_of

    patience = parse_duration(within)
    server = load_profile((context.find_object(Globals) or Globals()).profile).server
    with opened(context) as vault:
        outside = _around(vault, vault.find(key), "" if server is None else server.host, no_deliver)
        written_out = no_deliver or not outside.delivers
        if written_out:
            claim_output(show)
        chosen = first or _asked(costs_of(vault, outside, utc_now(), again=again), yes)
        line = remark if written_out or json else say
        telling = _Telling(line)
        emergency = Emergency(vault, outside, chosen, utc_now, telling, no_deliver, patience, again=again)
        response = emergency.respond(title)
        if response.issued is not None:
            response = _written_out(vault, response, json)
        detail = _told(vault, response)
        if json and response.issued is None:
            say_json(_shape(response, detail, telling))
        if not json:
            _say_after(vault, response, detail, line)
    if response.failure is not None:
        raise response.failure


def _around(vault: Vault, key: Key, server: str, no_deliver: bool) -> Outside:
    """The systems around the key; none where the targets are left alone."""
    from keytui.vault.outside import nothing_outside, outside_of
    from keytui.vault.sealed_references import with_sealed

    if no_deliver:
        return nothing_outside(key, server)
    try:
        return outside_of(configuration_path(), key, server, with_sealed(vault))
    except KeytuiError as error:
        error.hint = f"{error.hint}; or at once, with the new secret in your own hands: --no-deliver"
        raise


def _told(vault: Vault, response: Response) -> IncidentDetail | None:
    """All of the incident; None where the line that dropped has stopped the response, which is told all the same."""
    try:
        return vault.incident(response.incident.id)
    except Unreachable:
        if response.failure is None:
            raise
        return None


@dataclass(slots=True)
class _Telling:
    """Says each line as it happens, and keeps it."""

    line: Callable[[str], None]
    said: list[Said] = field(default_factory=list)

    def __call__(self, said: Said) -> None:
        self.said.append(said)
        self.line(f"{'✓' if said.well else '✗'} {said.after.total_seconds():5.1f} s  {said.text}")


def _asked(costs: Costs, yes: bool) -> First:
    """The costs of both ways, and the choice. Invalid where nobody is here to choose; `yes` chooses neither."""
    if costs.only_goes_on:
        return _gone_on_with(costs, yes)
    if yes or not interactive():
        raise Invalid(
            "an emergency needs to know what comes first",
            f"--first revoke: {costs.of(First.REVOKE)} --first replace: {costs.of(First.REPLACE)}",
        )
    remark(f"{costs.key.name} ({costs.key.environment})")
    for use in costs.callers:
        remark(f"  caller: {use.caller.name} with v{use.version}, last seen {ago(use.last_seen, costs.asked_at)}")
    remark(f"  the new secret goes to: {', '.join(costs.targets) or 'this output'}")
    if costs.begun is not None:
        remark(f"  {costs.of_the_open_one}")
    for first in First:
        remark(f"{first}: {costs.of(first)}")
    return First(choose("What comes first?", tuple(First)))


def _gone_on_with(costs: Costs, yes: bool) -> First:
    """One way is left, so nothing is to choose; it begins only when somebody says so. Invalid where nobody is."""
    first = First.REVOKE
    if not (yes or interactive()):
        raise Invalid("an emergency that was begun needs to be told to go on", f"--first {first}: {costs.of(first)}")
    remark(f"{costs.key.name} ({costs.key.environment}): {costs.of_the_open_one}")
    remark(costs.of(first))
    if not yes:
        choose("What now?", ("go on",))
    return first


def _written_out(vault: Vault, response: Response, json: bool) -> Response:
    """Write the secret out, and only then call it handed over."""
    issued, rotation = response.issued, response.rotation
    if issued is None or rotation is None:
        raise AssertionError("there is no secret to write")
    way_on = f"`keytui incident {rotation.key_id} --first {rotation.plan.first}` issues another"
    with nothing_lost(way_on):
        if json:
            hand_out_json({**_outcome(response), "secret": issued.secret.reveal()})
        else:
            hand_out(issued.secret)
    delivery = Delivery("stdout", "sent", utc_now(), issued.version.known_as)
    try:
        return replace(response, rotation=vault.handed_over(rotation.id, delivery))
    except (KeytuiError, KeyboardInterrupt):
        remark(f"the secret was written, and the vault could not take note of it; {way_on}")
        raise


def _outcome(response: Response) -> Shape:
    rotation, failure = response.rotation, response.failure
    return {
        "incident": incident_shape(response.incident),
        "rotation": None if rotation is None else rotation_shape(rotation, utc_now()),
        "old_revoked_after_seconds": _seconds(response.revoked_after),
        "old_refused_after_seconds": _seconds(response.refused_after),
        "proven": [
            {"probe": one.probe, "version": one.version, "outcome": one.answer.outcome, "holds": one.holds}
            for one in response.proven
        ],
        "failure": None if failure is None else {"message": failure.message, "hint": failure.hint},
    }


def _shape(response: Response, detail: IncidentDetail | None, telling: _Telling) -> Shape:
    return {
        **_outcome(response),
        "steps": [_step_shape(one) for one in telling.said],
        "cut_off": None if detail is None else [cut_off_shape(one) for one in detail.cut_off],
    }


def _step_shape(one: Said) -> Shape:
    return {"after_seconds": round(one.after.total_seconds(), 3), "well": one.well, "said": one.text}


def _seconds(after: timedelta | None) -> float | None:
    return None if after is None else round(after.total_seconds(), 3)


def _say_after(vault: Vault, response: Response, detail: IncidentDetail | None, line: Callable[[str], None]) -> None:
    rotation = response.rotation
    if detail is None:
        return
    for one in detail.cut_off:
        line(f"cut off: {one.caller} with v{one.version}, last let in {ago(one.last_let_in_at, utc_now())}")
    if not detail.cut_off and response.revoked_after is not None:
        line("cut off: nobody that is known of")
    if rotation is not None and rotation.open and response.failure is None:
        key = reference(vault, vault.find(rotation.key_id))
        if rotation.state is RotationState.PROVING:
            line(f"rotation #{rotation.id} is {rotation.state}; {next_step(rotation, key)}")
        else:
            line(f"v{rotation.old_version} is still accepted: `keytui complete {key} --force --note WHY` refuses it")
    line(f"next: `keytui incident note {detail.incident.id} TEXT`, `show`, and `close` once the load is back")
