"""`keytui rotate`: begin a rotation and hand its secret over, continue one, rehearse one, or rotate what is due."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from keytui.cli.asking import choose, interactive
from keytui.cli.auto_rotation import rotate_by_itself
from keytui.cli.batch import each
from keytui.cli.delivering import NoDeliverOption, SkipOption, goes_to_targets, outside
from keytui.cli.exits import Exit
from keytui.cli.fleet import BudgetOption, MarkedOption, QueryOption, WaveOption, Waves, rotate_fleet
from keytui.cli.handover import claim_output, hand_out, hand_out_json, minted, nothing_lost
from keytui.cli.looking import matching
from keytui.cli.options import JsonOption, NoteOption, ShowOption, YesOption
from keytui.cli.output import remark
from keytui.cli.rehearsing import rehearse
from keytui.cli.rotations import next_step
from keytui.cli.session import opened, reference, rotation_of, written_out
from keytui.cli.shapes import key_shape, rotation_shape
from keytui.cli.to_targets import ToTargets
from keytui.clock import utc_now
from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid, KeytuiError, Refused
from keytui.domain.keys import Flag, Key, Kind
from keytui.domain.query import Facet, Query, Sort, Term
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Strategy
from keytui.vault.model import Delivery, Issued
from keytui.vault.protocol import Vault

_DUE = Query((Term(Facet.FLAG, Flag.DUE), Term(Facet.KIND, Kind.API_KEY)))


def rotate(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="An id, a unique name or a unique prefix.")] = None,
    *,
    strategy: Annotated[Strategy | None, typer.Option(help="How the old version gives way; rolling unless said.")] = (
        None
    ),
    first: Annotated[First | None, typer.Option(help="What an emergency does first.")] = None,
    overlap: Annotated[str | None, typer.Option(metavar="D", help="How long both are to be accepted.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="Why; scheduled unless said, and 'other' needs --note.")] = None,
    note: NoteOption = "",
    label: Annotated[str, typer.Option(metavar="L", help="A label for the new version.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Continue the key's open rotation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would meet, and write nothing.")] = False,
    due: Annotated[
        bool,
        typer.Option(
            "--due", help="What rotates by itself, now; with --json also every key that is due, to be printed."
        ),
    ] = False,
    query: QueryOption = "",
    marked: MarkedOption = None,
    wave: WaveOption = "10%",
    failure_budget: BudgetOption = 0,
    no_deliver: NoDeliverOption = False,
    skip: SkipOption = None,
    yes: YesOption = False,
    show: ShowOption = False,
    json: JsonOption = False,
) -> None:
    """Replace a key's secret by a new one. It goes to the key's targets; --show prints it too.

    A key without a target that this machine knows has it printed: in a pipe, it is all that standard output carries.
    Both versions are accepted until `keytui retire` suspends the old one. If the secret could not be handed over the
    rotation stays open: --resume revokes what nobody received and issues another; what a target received goes on.
    """
    waves = Waves(written_out(context, query), tuple(marked or ()), wave, failure_budget, yes, json)
    if (key is not None) + due + waves.wanted != 1:
        raise Invalid(
            "rotate takes a KEY, or --due for every key that is due, or --query or --marked for several",
            "name one of them",
        )
    if resume:
        if due or dry_run or label or note or any(one is not None for one in (strategy, first, overlap, reason)):
            raise Invalid(
                "an open rotation keeps its plan",
                "--resume takes KEY, --skip, --no-deliver, --show and --json, and nothing else",
            )
        with opened(context) as vault:
            _resume(vault, _Wanted(context, no_deliver, tuple(skip or ()), show, json), vault.find(key or ""))
        return
    strategy = strategy or Strategy.ROLLING
    plan = Plan(
        strategy,
        first or _asked_first(strategy, yes),
        reason or Reason.SCHEDULED,
        note,
        None if overlap is None else parse_duration(overlap),
        label,
    )
    if due and json and not dry_run:
        claim_output(show)
    with opened(context) as vault:
        if dry_run:
            keys = [vault.find(key)] if key is not None else _due_keys(vault) if due else waves.keys(vault)
            rehearse(vault, [outside(context, vault, one) for one in keys], plan, json, several=key is None)
        elif waves.wanted:
            _refuse_with_waves(show=show, by_hand=no_deliver, skip=skip)
            rotate_fleet(vault, plan, waves, partial(outside, context, vault))
        elif key is not None:
            _begin(vault, _Wanted(context, no_deliver, tuple(skip or ()), show, json), vault.find(key), plan)
        else:
            _rotate_due(vault, plan, json)


def _refuse_with_waves(*, show: bool, by_hand: bool, skip: Sequence[str] | None) -> None:
    if show or by_hand or skip:
        raise Invalid(
            "several keys are delivered, each to all of its targets", "leave --show, --no-deliver, --skip away"
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was said of the hand-over."""

    context: typer.Context
    by_hand: bool
    skip: tuple[str, ...]
    show: bool
    json: bool

    def to_targets(self, vault: Vault, key: Key) -> ToTargets | None:
        """None where the secret is printed instead, which somebody reads."""
        around = outside(self.context, vault, key, by_hand=self.by_hand)
        if not goes_to_targets(around, by_hand=self.by_hand):
            if self.skip:
                raise Invalid("the secret is printed, and no target has it from here", "leave --skip away")
            claim_output(self.show)
            return None
        if self.show:
            claim_output(show=True)
        return ToTargets(vault, around, reference(vault, key), self.show, self.json, self.skip)


def _begin(vault: Vault, wanted: _Wanted, key: Key, plan: Plan) -> None:
    delivery = wanted.to_targets(vault, key)
    if delivery is None:
        _print_new(vault, key, plan, wanted.json)
    else:
        delivery.begin(plan)


def _print_new(vault: Vault, key: Key, plan: Plan, json: bool) -> None:
    _issue(vault, key, vault.plan(key.id, plan, secrets.token_hex(16)), json)


def _due_keys(vault: Vault) -> list[Key]:
    return [one.key for one in matching(vault, _DUE, Sort())]


def _rotate_due(vault: Vault, plan: Plan, json: bool) -> None:
    """First what rotates by itself, to its targets. What has no target is printed, if that was asked for."""
    by_themselves = {one.key.id for one in vault.auto_rotations()}
    if not (by_themselves or json):
        raise Invalid(
            "several secrets on one output could not be told apart",
            "say --json, one line for each key; or let keys with targets rotate by themselves: `keytui auto-rotation`",
        )
    code = rotate_by_itself(vault) if by_themselves else Exit.DONE
    due = [key for key in _due_keys(vault) if key.id not in by_themselves]
    for key in (key for key in due if key.targets):
        remark(f"{key.name} ({key.environment}) is due, has targets, and does not rotate by itself")
        remark(f"  `keytui auto-rotation enable {reference(vault, key)} --every 90d` lets it")
    printable = [key for key in due if not key.targets]
    if not json:
        if printable:
            remark(f"due and without a target: {len(printable)}; `keytui rotate --due --json` writes their secrets")
    elif not (due or by_themselves):
        remark("no key is due")
    else:
        each(printable, lambda key: _print_new(vault, key, plan, json=True))
    raise typer.Exit(code)


def _resume(vault: Vault, wanted: _Wanted, key: Key) -> None:
    rotation = rotation_of(vault, key)
    if rotation.state not in {RotationState.PLANNED, RotationState.REVOKED, RotationState.ISSUED}:
        raise Refused(
            f"rotation #{rotation.id} of {key.name} is {rotation.state}: its secret was handed over",
            next_step(rotation, reference(vault, key)),
        )
    delivery = wanted.to_targets(vault, key)
    if delivery is None:
        _issue(vault, key, rotation, wanted.json)
    else:
        delivery.resume(rotation)


def _issue(vault: Vault, key: Key, rotation: Rotation, json: bool) -> None:
    """Issue (again, if what was issued reached nobody), write the secret out, and only then call it handed over."""
    name = reference(vault, key)
    way_on = f"rotation #{rotation.id} stays open: `keytui rotate {name} --resume` continues it"
    mint = vault.reissue if rotation.state is RotationState.ISSUED else vault.issue
    issued = minted(lambda: mint(rotation.id), way_on)
    with nothing_lost(way_on):
        _hand_out(vault, issued, json)
    delivery = Delivery("stdout", "sent", utc_now(), issued.version.known_as)
    try:
        delivered = vault.handed_over(rotation.id, delivery)
    except (KeytuiError, KeyboardInterrupt):
        remark(f"the secret was written, and the vault could not take note of it; {way_on} with another secret")
        raise
    remark(f"rotated {key.name}: version {issued.version.number} ({issued.version.prefix}…) was written")
    remark(f"  rotation #{rotation.id} is {delivered.state}; {next_step(delivered, name)}")


def _hand_out(vault: Vault, issued: Issued, json: bool) -> None:
    if not json:
        hand_out(issued.secret)
        return
    now = utc_now()
    hand_out_json(
        {
            "rotation": None if issued.rotation is None else rotation_shape(issued.rotation, now),
            "key": key_shape(vault.detail(issued.key.id).summary, now),
            "version": issued.version.number,
            "secret": issued.secret.reveal(),
        }
    )


def _asked_first(strategy: Strategy, yes: bool) -> First | None:
    """What an emergency does first is the operator's to say; `yes` says neither."""
    if strategy is not Strategy.EMERGENCY:
        return None
    if yes or not interactive():
        raise Invalid(
            "an emergency needs to know what comes first",
            "--first revoke: nobody gets in until the new secret is out; --first replace: both do until `complete`",
        )
    return First(
        choose(
            "What comes first? revoke: the old secret is refused at once, and so is everybody who uses it."
            " replace: both are accepted until `keytui complete`.",
            tuple(First),
        )
    )
