"""A key is compromised: the way from the first keystroke to the proof.

Revoke first: the old version is refused at once, and whoever uses it is cut off until the new secret is out. Replace
first: the new secret goes to every target, is proven, and then the old version is refused. Either way an incident is
open before anything else is done, so that its timeline has all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import Final

from keytui.clock import Clock
from keytui.domain.errors import KeytuiError, NotFound, Refused, Unreachable
from keytui.domain.incidents import Incident, IncidentDraft
from keytui.domain.keys import BUILTIN, Version, VersionState
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Strategy, Verb, allowed
from keytui.domain.secrets import Secret
from keytui.probes.key_probe import Outcome
from keytui.vault.delivering import Delivering, nothing_more
from keytui.vault.going_on import (
    AFTER_HAND_OVER,
    BEFORE_HAND_OVER,
    goes_on,
    leaked_again,
    new_stays_accepted,
    refuse_again,
)
from keytui.vault.model import Issued, KeyDetail
from keytui.vault.outside import Outside
from keytui.vault.progress import ShutOut, Told, Undelivered, What
from keytui.vault.protocol import Vault
from keytui.vault.proving import WITHIN, Proven, held_by, noted, prove, refuse_still_accepted, versions_of

_AT_TARGETS: Final = {
    What.PROVEN: "holds",
    What.SENT: "took, and nobody can read back,",
    What.HAS_IT: "has already",
    What.SKIPPED: "was left out of",
    What.FAILED: "has not got",
    What.UNKNOWN: "may have got, or not,",
    What.SETTLED: "carries alone now",
    What.NOT_SETTLED: "still carries the secret before",
}
_WELL: Final = frozenset({What.PROVEN, What.SENT, What.HAS_IT, What.SETTLED})


@dataclass(frozen=True, slots=True)
class Said:
    """One line of what happens. `after` is counted from the keystroke."""

    after: timedelta
    well: bool
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """How far an emergency has got. `issued` holds a secret that is still to be handed over by whoever reads this."""

    incident: Incident
    rotation: Rotation | None = None
    issued: Issued | None = None
    revoked_after: timedelta | None = None
    """From the keystroke until the vault and the key's issuer had revoked the old version; None while they have not."""
    refused_after: timedelta | None = None
    """From the keystroke until every probe of the key was refused with the old secret; None where one was not asked."""
    proven: tuple[Proven, ...] = ()
    failure: KeytuiError | None = None
    """What stopped it, with the way on."""


@dataclass(slots=True)
class Emergency:
    """One run, on one key. Doing it again goes on where the one before has stopped."""

    vault: Vault
    outside: Outside
    first: First
    clock: Clock
    tell: Callable[[Said], None]
    by_hand: bool = False
    """Leave the targets alone: the secret is handed over by whoever asked."""
    within: timedelta = WITHIN
    """How long a system may take to hear of the change."""
    seconds: Callable[[], float] = time.monotonic
    again: bool = False
    """What leaked is the new secret of an emergency that is proving: that one ends, and another begins."""
    _began: float = 0.0
    _asked_before: tuple[Proven, ...] = ()
    """What systems said of the old secret before the hand-over counted, where that was over by then."""
    _asked_until: timedelta = timedelta()

    def respond(self, title: str = "") -> Response:
        """Do it. A refusal before anything was done is raised; what stops it later is the response's `failure`."""
        self._began = self.seconds()
        key = self.outside.key
        self._refuse_half()
        if self.again:
            refuse_again(key, self.vault.open_rotation(key.id))
        incident = self._incident(title or f"{key.name} is compromised")
        response = Response(incident)
        try:
            rotation = self._rotation(incident)
        except KeytuiError as error:
            return replace(response, failure=error)
        return self._carried_out(replace(response, rotation=rotation))

    def _refuse_half(self) -> None:
        missing = self.outside.missing
        if missing and self.outside.targets and not self.by_hand:
            raise NotFound(
                f"target {missing[0]} is none of this machine, and others of {self.outside.key.name} are",
                "do it on a machine that has all of them, or with the secret in your own hands: --no-deliver",
            )

    @property
    def _delivers(self) -> bool:
        return self.outside.delivers and not self.by_hand

    def _incident(self, title: str) -> Incident:
        """The key's open incident, or a new one."""
        key = self.outside.key
        known = self.vault.incidents(open_only=True, search=key.id)
        found = next((one for one in known if any(each.id == key.id for each in one.keys)), None)
        incident = found or self.vault.open_incident(IncidentDraft(title, (key.id,)))
        self._say(f"incident #{incident.id} {'goes on' if found else 'is open'}: {incident.title}")
        return incident

    def _rotation(self, incident: Incident) -> Rotation:
        """An emergency rotation: the one that was begun, or a new one after whatever else was open has ended."""
        key, why = self.outside.key, f"incident #{incident.id}"
        open_ = self.vault.open_rotation(key.id)
        if open_ is not None and goes_on(open_, self.first) and not leaked_again(open_, again=self.again):
            self._say(f"rotation #{open_.id} goes on: it is {open_.state}")
            if open_.state is RotationState.PROVING:
                self._say(new_stays_accepted(key, open_), well=False)
            return open_
        if open_ is not None and not self._ended(open_, why):
            return open_
        plan = Plan(Strategy.EMERGENCY, self.first, Reason.COMPROMISE, why)
        return self.vault.plan(key.id, plan, token_hex(16))

    def _ended(self, rotation: Rotation, why: str) -> bool:
        """End it; False for an emergency whose new secret is out already in part, which goes on instead."""
        try:
            self._end(rotation, why)
        except Refused as error:
            if rotation.state is RotationState.ISSUED and rotation.plan.strategy is Strategy.EMERGENCY:
                began = f"rotation #{rotation.id} goes on as it began, replace first: {error.message}"
                self._say(f"{began}. v{rotation.old_version} is accepted until the new secret is out", well=False)
                return False
            raise Refused(error.message, f"{self._at_once}; then {error.hint}") from None
        return True

    @property
    def _at_once(self) -> str:
        return f"`keytui disable {self.outside.key.id}` refuses the whole key at once"

    @property
    def _nobody_else(self) -> str:
        """What to do while the key's issuer, or the vault of a builtin key, is away."""
        issuer = self.outside.key.issuer
        if issuer == BUILTIN:
            return self._at_once
        return f"nothing but {issuer} can refuse it, in its own console or once it is back"

    def _end(self, rotation: Rotation, why: str) -> None:
        """Whatever is under way ends, so that no version from before the incident is left."""
        if self.first is First.REPLACE and rotation.state not in {*BEFORE_HAND_OVER, RotationState.PROVING}:
            raise Refused(
                f"rotation #{rotation.id} is {rotation.state}: two versions of {rotation.key_name} are accepted",
                "revoke first, which ends both; or end that rotation, then replace first",
            )
        while rotation.open:
            verbs = allowed(rotation)
            if Verb.RETIRE in verbs:
                rotation = self.vault.retire(rotation.id, why)
            elif Verb.COMPLETE in verbs:
                rotation = self._completed(rotation, why)
            else:
                rotation = self.vault.abandon(rotation.id, why)
        self._say(f"rotation #{rotation.id}, which was open, is {rotation.state}")

    def _completed(self, rotation: Rotation, why: str) -> Rotation:
        """Whatever a system said last, which is said first: the version that leaked by now does not wait for it."""
        try:
            return self.vault.complete(rotation.id)
        except Refused as error:
            self._say(f"{error.message}; it is all the same, for {why}", well=False)
            return self.vault.complete(rotation.id, why)

    def _carried_out(self, response: Response) -> Response:
        rotation = response.rotation
        if rotation is None:
            raise AssertionError("nothing was planned")
        try:
            if rotation.state in AFTER_HAND_OVER:
                return self._after(response, rotation, self._former())
            if self.first is First.REPLACE and self._delivers:
                self._delivering().rehearse()
            if rotation.state is RotationState.ISSUED and self._delivers:
                before = self._former()
                handed_over = self._delivering(partial(self._ask_old, rotation, before)).resume(rotation)
                return self._after(response, handed_over, {**before, **self._former()})
            again = rotation.state is RotationState.ISSUED
            issued = self.vault.reissue(rotation.id) if again else self.vault.issue(rotation.id)
        except KeytuiError as error:
            return self._stopped(response, error)
        response = replace(response, rotation=issued.rotation or rotation)
        if rotation.plan.first is First.REVOKE:
            response = self._revoked(response)
        self._say(f"v{issued.version.number} is accepted, with the same scopes")
        if not self._delivers:
            if response.revoked_after is not None:
                self._say_not_asked(rotation)
            return replace(response, issued=issued)
        former = self._former()
        try:
            engine = self._delivering(partial(self._ask_old, rotation, former))
            handed_over = engine.hand_over(response.rotation or rotation, issued.version, issued.secret)
        except KeytuiError as error:
            return self._stopped(response, error)
        return self._after(response, handed_over, {**former, issued.version.number: issued.secret})

    def _after(self, response: Response, rotation: Rotation, secrets: Mapping[int, Secret]) -> Response:
        """The new secret is out: prove it, and where it was replaced first, refuse the old version now.

        It is completed once no system lets the old version in.
        """
        response = replace(response, rotation=rotation)
        try:
            if rotation.state is RotationState.DELIVERED:
                new = {number: secret for number, secret in secrets.items() if number == rotation.new_version}
                if self.first is First.REPLACE:
                    self._refuse_unproven(rotation, self._proven(rotation.id, new))
                rotation = self.vault.revoke_old(rotation.id, f"incident #{response.incident.id}")
                response = self._revoked(replace(response, rotation=rotation))
            self._delivering().settle(rotation)
            response = self._asked(response, rotation, secrets)
            proven = response.proven
            self._refuse_otherwise(proven)
            if rotation.state is RotationState.PROVING:
                response = replace(response, rotation=self.vault.complete(rotation.id))
        except KeytuiError as error:
            return self._stopped(response, error)
        return response

    def _revoked(self, response: Response) -> Response:
        """Not yet refused: that is for the systems to say."""
        rotation, issuer = response.rotation, self.outside.key.issuer
        if rotation is not None:
            where = "here" if issuer == BUILTIN else f"here and at {issuer}"
            self._say(f"v{rotation.old_version} is revoked {where}")
        return replace(response, revoked_after=self._after_start())

    def _asked(self, response: Response, rotation: Rotation, secrets: Mapping[int, Secret]) -> Response:
        """What systems say of both versions; a version that none was asked with is called refused by nobody."""
        left = {number: secret for number, secret in secrets.items() if not self._was_asked(number)}
        proven = (*self._proven(rotation.id, left), *self._asked_before)
        response = replace(response, proven=proven)
        if rotation.old_version not in secrets:
            self._say_not_asked(rotation)
            return response
        answers = [one.answer.outcome for one in proven if one.version == rotation.old_version]
        refused = answers and all(one is Outcome.REFUSED for one in answers)
        after = self._asked_until if self._asked_before else self._after_start()
        return replace(response, refused_after=after if refused else None)

    def _ask_old(self, rotation: Rotation, secrets: Mapping[int, Secret]) -> None:
        """Where the old version is over: what systems say of that decides whether the hand-over completes."""
        if rotation.plan.at_once:
            old = {number: secret for number, secret in secrets.items() if number == rotation.old_version}
            self._asked_before, self._asked_until = self._proven(rotation.id, old), self._after_start()

    def _was_asked(self, number: int) -> bool:
        return any(one.version == number for one in self._asked_before)

    def _say_not_asked(self, rotation: Rotation) -> None:
        for probe in self.outside.probes:
            self._say(f"v{rotation.old_version} at {probe.name}: not asked, its secret is not at hand", well=False)

    def _stopped(self, response: Response, error: KeytuiError) -> Response:
        """What stands now is the vault's to say: the old version may have been revoked before it stopped, or not."""
        rotation = response.rotation
        if rotation is not None:
            try:
                detail = self.vault.rotation(rotation.id)
            except KeytuiError:
                may_be = f"v{rotation.old_version} may be refused already; the same again goes on"
                self._say(f"{error.message}, and the vault cannot be asked what became of it: {may_be}", well=False)
                return replace(response, failure=error)
            response = self._as_it_stands(replace(response, rotation=detail.rotation), detail.old, error)
        if not isinstance(error, Undelivered):
            self._say(error.message, well=False)
        return replace(response, failure=error)

    def _as_it_stands(self, response: Response, old: Version, error: KeytuiError) -> Response:
        """Whether the old version is revoked, where that comes first; if not, the error says how to shut it out."""
        if self.first is not First.REVOKE or response.revoked_after is not None:
            return response
        if old.state is VersionState.REVOKED:
            return self._revoked(response)
        at_once = self._nobody_else if isinstance(error, Unreachable) else self._at_once
        error.hint = f"v{old.number} is not revoked: {at_once}; then {error.hint}"
        return response

    def _former(self) -> Mapping[int, Secret]:
        """What the targets hold of the key, to ask with it later; nothing where none can be read."""
        if not self.outside.probes:
            return {}
        try:
            detail = self._detail()
            return versions_of(detail, tuple(held_by(self.outside.targets, detail)))
        except KeytuiError:
            return {}

    def _proven(self, rotation_id: int, secrets: Mapping[int, Secret]) -> tuple[Proven, ...]:
        """What systems say of these secrets. It is kept in the log, so that the incident's timeline has it."""
        if not self.outside.probes or not secrets:
            return ()
        found = []
        answers = prove(self._detail(), secrets, self.outside.probes, self.clock(), self.within)
        for one in noted(self.vault, rotation_id, answers):
            found.append(one)
            said = "STILL ACCEPTED, although it is over" if one.still_accepted else f"{one.answer.outcome}"
            self._say(f"v{one.version} is {said} at {one.probe}: {one.answer.said}", well=one.holds)
        return tuple(found)

    def _refuse_unproven(self, rotation: Rotation, found: Iterable[Proven]) -> None:
        wrong = next((one for one in found if not one.holds), None)
        if wrong is not None:
            old = f"v{rotation.old_version} was not refused"
            raise Refused(
                f"v{wrong.version} is {wrong.answer.outcome} at {wrong.probe}, so {old}",
                f"see why, then `keytui complete {self.outside.key.id} --force --note WHY`",
            )

    def _refuse_otherwise(self, found: Sequence[Proven]) -> None:
        """Raise where a system does not do as the vault says, or cannot say what it does."""
        refuse_still_accepted(found, self.outside.key)
        wrong = next((one for one in found if not one.holds), None)
        if wrong is None:
            return
        key = self.outside.key
        version, hint = f"v{wrong.version} of {key.name}", f"see to it there, then `keytui prove {key.id}` asks again"
        if wrong.answer.outcome is Outcome.REFUSED:
            raise ShutOut(f"{version} is refused at {wrong.probe}, although it is in force", hint)
        raise Refused(f"whether {version} is {wrong.expected} at {wrong.probe} is not known: {wrong.answer.said}", hint)

    def _delivering(self, before_counts: Callable[[], None] = nothing_more) -> Delivering:
        key, targets = self.outside.key, self.outside.targets
        return Delivering(self.vault, key, targets, self.clock, tell=self._told, before_counts=before_counts)

    def _told(self, told: Told) -> None:
        words = _AT_TARGETS.get(told.what)
        if words is not None:
            said = f": {told.said}" if told.said else ""
            self._say(f"{told.target} {words} v{told.version}{said}", well=told.what in _WELL)

    def _detail(self) -> KeyDetail:
        return self.vault.detail(self.outside.key.id)

    def _say(self, text: str, *, well: bool = True) -> None:
        self.tell(Said(self._after_start(), well, text))

    def _after_start(self) -> timedelta:
        return timedelta(seconds=self.seconds() - self._began)
