"""Many keys at once, imported or made: as if they came one by one, by a hundredth of the statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, Invalid, KeytuiError, Refused
from keytui.vault.local.keys.adopting import FOREIGN, seen_again
from keytui.vault.local.keys.fit_keys import FitKey, Fitting, why_unfit
from keytui.vault.local.keys.new_rows import NewRows
from keytui.vault.local.keys.standing_in_the_way import Holder, Name, holders, name_of, taken_names
from keytui.vault.local.many_rows import make_room
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import VersionRow
from keytui.vault.many_keys import MOST_AT_ONCE, AddedKeys, LeftOutKey, NewKey, Origin

_RENAME: Final = "choose another name, or rename that one first: keytui edit --name"
_NAME_ANOTHER: Final = "choose another name for one of them"
_MANY: Final = 500
"""Keys of one call from which the database is given more room: fewer touch fewer pages."""


class Adding(Section):
    """Keys in number."""

    def add_keys(self, new: Sequence[NewKey], origin: Origin, *, rehearse: bool = False) -> AddedKeys:
        operation = Operation.CREATE if origin is Origin.MADE else Operation.IMPORT
        if len(new) > MOST_AT_ONCE:
            raise Invalid(f"{len(new)} keys came at once; {MOST_AT_ONCE} is the most", "send them in several parts")
        if rehearse:
            with self._reading(operation) as session:
                turn = self._turn(session, new, origin)
                return turn.told()
        with self._writing(operation) as write:
            turn = self._turn(write.session, new, origin)
            if turn.left_out and origin is Origin.MADE:
                first = turn.left_out[0]
                raise Refused(f"nothing was made: {first.why}", first.hint)
            turn.carry_out(write, NewRows(write, self._randomness, origin))
            told = turn.told()
            write.record(_told_of(origin, told))
            return write.answered(told)

    def _turn(self, session: Session, new: Sequence[NewKey], origin: Origin) -> _Turn:
        if len(new) >= _MANY:
            make_room(session)
        ground = self._ground
        now = self._clock()
        fitting = Fitting(origin, ground.principal, self._policies, tuple(ground.targets), ground.pepper)
        turn = _Turn(origin, ground.principal.tenant)
        fit: list[FitKey] = []
        for place, one in enumerate(new):
            try:
                fit.append(fitting.fit(place, one, now))
            except Forbidden:
                raise
            except KeytuiError as error:
                turn.leave_out(place, *why_unfit(error))
        turn.sort_out(fit, holders(session, fit), taken_names(session, fit))
        return turn


class _Turn:
    """One call's keys, sorted by what becomes of them, in their order."""

    def __init__(self, origin: Origin, tenant: str | None) -> None:
        self._origin = origin
        self._tenant = tenant
        self._steps: list[tuple[FitKey, bool]] = []
        """What is to be added; and what is known, and was met where its key is not known to be used."""
        self._present = 0
        self._left_out: list[LeftOutKey] = []

    @property
    def left_out(self) -> Sequence[LeftOutKey]:
        return sorted(self._left_out, key=lambda one: one.place)

    def leave_out(self, place: int, why: str, hint: str = "") -> None:
        self._left_out.append(LeftOutKey(place, why, hint))

    def sort_out(self, keys: Sequence[FitKey], known: dict[str, Holder], taken: set[Name]) -> None:
        """Each key after those before it: a value or a name that comes twice is the first one's."""
        ours: set[Name] = set()
        for one in keys:
            holder = known.get(one.digest)
            if holder is not None:
                self._meet(one, holder)
            elif name_of(one) in ours:
                why = f"a key called {one.name} in {one.draft.environment} comes before it, with another value"
                self.leave_out(one.place, why, _NAME_ANOTHER)
            elif name_of(one) in taken:
                why = f"{one.draft.environment} has a key called {one.name} already, with another value"
                self.leave_out(one.place, why, _RENAME)
            else:
                draft = one.draft
                known[one.digest] = Holder(one.name, draft.tenant, draft.environment, draft.apps)
                ours.add(name_of(one))
                self._steps.append((one, False))

    def carry_out(self, write: Write, rows: NewRows) -> None:
        """Add what is new, and mark what is shared, in the order in which they came."""
        waiting: list[FitKey] = []
        for one, is_known in self._steps:
            if not is_known:
                waiting.append(one)
                continue
            rows.put(waiting)
            waiting = []
            seen_again(write, _version_of(write.session, one.digest), one.draft)
        rows.put(waiting)

    def told(self) -> AddedKeys:
        """What became of them; before they were added, what would."""
        fresh = [one for one, is_known in self._steps if not is_known]
        weak = sum(one.weak for one in fresh)
        shared = len(self._steps) - len(fresh)
        return AddedKeys(len(fresh), self._present, shared, weak, tuple(self.left_out))

    def _meet(self, one: FitKey, holder: Holder) -> None:
        """A key whose value is known."""
        if self._origin is Origin.MADE and not holder.is_named_as(one):
            self.leave_out(one.place, "its value is that of another key", "leave it out: another is minted for it")
        elif self._tenant is not None and holder.tenant != self._tenant:
            self.leave_out(one.place, "its value opens a key that is not yours", FOREIGN)
        else:
            self._present += 1
            if self._origin is Origin.IMPORTED and holder.is_met_elsewhere(one):
                self._steps.append((one, True))


def _version_of(session: Session, digest: str) -> VersionRow:
    has_it = VersionRow.digest == digest, col(VersionRow.sealed).is_(None)
    return session.exec(select(VersionRow).where(*has_it)).one()


def _told_of(origin: Origin, told: AddedKeys) -> Event:
    counts = {"added": str(told.added), "present": str(told.present)}
    return Event("keys.created" if origin is Origin.MADE else "vault.imported", details=counts)
