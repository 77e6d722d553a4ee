"""Operators and services: whoever holds a token. Its digest is stored, and it is told once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, or_, select

from keytui.domain.access import (
    BOUND_TO_A_TENANT,
    GRANTED,
    SERVICE_SCOPES,
    Operation,
    Principal,
    Role,
)
from keytui.domain.audit import Event
from keytui.domain.automation import USER as AUTO_ROTATION
from keytui.domain.errors import Ambiguous, Forbidden, Invalid, NotFound, Refused
from keytui.domain.keys import Key
from keytui.domain.operators import Operator, OperatorDraft, person
from keytui.domain.secrets import OPERATOR_TOKEN
from keytui.domain.text import harmless, quoted
from keytui.vault.local.access.mapping import operator_of
from keytui.vault.local.keys.drafts import checked_note, checked_word
from keytui.vault.local.keys.minting import new_key_id
from keytui.vault.local.mapping import key_of
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import KeyRow, OperatorRow
from keytui.vault.model import DisabledUser, NewOperator
from keytui.vault.verifier_feed import SERVERS

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9._-]+)?")
_NAME_AT_MOST: Final = 64
_OURS: Final = {
    AUTO_ROTATION: "keytui itself, when keys rotate on their own",
    SERVERS: "what the evidence calls servers themselves",
}


class Operating(Section):
    """Who may come in."""

    def add_operator(self, draft: OperatorDraft) -> NewOperator:
        with self._writing(Operation.OPERATE) as write:
            draft = _checked(draft, write.principal, write.now)
            _refuse_taken(write.session, draft)
            token = OPERATOR_TOKEN.mint(self._randomness)
            row = OperatorRow(
                id=new_key_id(self._randomness),
                name=draft.name,
                role=draft.role,
                tenant=draft.tenant,
                scopes=tuple(sorted(draft.scopes)),
                digest=token.digest(),
                prefix=token.prefix(),
                created_at=write.now,
                created_by=write.actor,
                expires_at=draft.expires_at,
            )
            write.session.add(row)
            write.session.flush()
            write.record(_event("operator.added", row), row.tenant)
            return write.answered(NewOperator(operator_of(row), token))

    def operators(self) -> tuple[Operator, ...]:
        with self._reading() as session:
            operators = [operator_of(row) for row in session.exec(select(OperatorRow))]
        return tuple(sorted(operators, key=lambda one: (one.revoked_at is not None, one.name, one.created_at)))

    def revoke_operator(self, name: str, note: str) -> Operator:
        note = checked_note(note)
        with self._writing(Operation.OPERATE) as write:
            row = living_operator(write.session, name)
            _revoke(write, row, note)
            return write.answered(operator_of(row))

    def disable_user(self, user: str, note: str) -> DisabledUser:
        user, note = checked_word("user", user), checked_note(note)
        if not user:
            raise Invalid("nobody was named", "name the user, as keys name their owner")
        with self._writing(Operation.DISABLE) as write:
            keys = tuple(_disable(write, row, user, note) for row in _owned(write.session, user))
            tokens = _of_user(write.session, user)
            if tokens:
                self._ground.principal.require(Operation.OPERATE)
            for row in tokens:
                _revoke(write, row, note)
            if not keys and not tokens:
                raise NotFound(
                    f"{harmless(user)} owns no key that is enabled, and holds no token",
                    "list who does: keytui operators list, keytui list owner:NAME",
                )
            counted = {"user": user, "keys": str(len(keys)), "tokens": str(len(tokens))}
            write.record(Event("user.disabled", details=counted | _noted(note)))
            return write.answered(DisabledUser(keys, tuple(operator_of(row) for row in tokens)))


def _checked(draft: OperatorDraft, by: Principal, now: datetime) -> OperatorDraft:
    """The draft as it will be stored: of the maker's tenant, if that has one. Invalid, or Forbidden beyond it."""
    if len(draft.name) > _NAME_AT_MOST or not _NAME.fullmatch(draft.name):
        raise Invalid(
            f"{quoted(draft.name)} cannot be an operator's name",
            f"use up to {_NAME_AT_MOST} letters, digits, dots, dashes and underscores, as in ada or ada@laptop",
        )
    ours = person(draft.name)
    if ours in _OURS:
        raise Invalid(f"{ours} is {_OURS[ours]}", "choose another name")
    if draft.role not in GRANTED:
        raise Invalid(f"nobody is given the role {draft.role}", f"it is one of: {', '.join(GRANTED)}")
    if (draft.role is Role.SERVICE) != bool(draft.scopes) or not draft.scopes <= SERVICE_SCOPES:
        raise Invalid("a service has scopes, and an operator has none", f"they are {', '.join(sorted(SERVICE_SCOPES))}")
    if draft.expires_at is not None and draft.expires_at <= now:
        raise Invalid("the expiry lies in the past", "give a later time")
    draft = _in_tenant(draft, by)
    if draft.role in BOUND_TO_A_TENANT and draft.tenant is None:
        raise Invalid(f"a {draft.role} belongs to a tenant", "name it; the empty one is the keys without a tenant")
    if draft.role is Role.SUPER_ADMIN and draft.tenant is not None:
        raise Invalid(f"a {draft.role} belongs to no tenant", "leave the tenant out, or make it a tenant_admin")
    return draft


def _in_tenant(draft: OperatorDraft, by: Principal) -> OperatorDraft:
    if draft.tenant is not None:
        draft = replace(draft, tenant=checked_word("tenant", draft.tenant))
    if by.tenant is None:
        return draft
    if draft.tenant not in {None, by.tenant} or draft.role is Role.SUPER_ADMIN:
        raise Forbidden(f"a {by.role} makes operators of the own tenant only", "ask a super_admin")
    return replace(draft, tenant=by.tenant)


def _refuse_taken(session: Session, draft: OperatorDraft) -> None:
    """Names are unique within a tenant, so that none tells what another tenant has."""
    same = OperatorRow.tenant == draft.tenant if draft.tenant is not None else col(OperatorRow.tenant).is_(None)
    living = select(OperatorRow.id).where(OperatorRow.name == draft.name, same, col(OperatorRow.revoked_at).is_(None))
    if session.exec(living).first() is not None:
        raise Refused(
            f"there is an operator called {draft.name} already",
            f"revoke that token first, or give the second a name of its own: {person(draft.name)}@laptop",
        )


def living_operator(session: Session, name: str) -> OperatorRow:
    """By name or id."""
    called = or_(col(OperatorRow.name) == name, col(OperatorRow.id) == name)
    living = select(OperatorRow).where(called, col(OperatorRow.revoked_at).is_(None))
    rows = session.exec(living.order_by(col(OperatorRow.created_at))).all()
    if not rows:
        raise NotFound(f"no operator is called {quoted(name)}", "list them: keytui operators list")
    if len(rows) > 1:
        named = tuple(
            f"{row.id} ({'every tenant' if row.tenant is None else row.tenant or 'no tenant'})" for row in rows
        )
        raise Ambiguous(f"{quoted(name)} is more than one operator", named)
    return rows[0]


def _owned(session: Session, user: str) -> list[KeyRow]:
    """Keys that can still be disabled."""
    living = col(KeyRow.revoked_at).is_(None), col(KeyRow.disabled_at).is_(None)
    return list(session.exec(select(KeyRow).where(KeyRow.owner == user, *living).order_by(col(KeyRow.name))))


def _of_user(session: Session, user: str) -> list[OperatorRow]:
    """The living tokens of that name, and those of `name@…`."""
    theirs = or_(col(OperatorRow.name) == user, col(OperatorRow.name).startswith(f"{user}@", autoescape=True))
    living = select(OperatorRow).where(theirs, col(OperatorRow.revoked_at).is_(None))
    return [row for row in session.exec(living.order_by(col(OperatorRow.name))) if row.name.startswith(user)]


def _disable(write: Write, row: KeyRow, user: str, note: str) -> Key:
    row.disabled_at = write.now
    write.record(Event("key.disabled", row.id, row.name, row.version, details={"user": user} | _noted(note)))
    return key_of(row)


def _revoke(write: Write, row: OperatorRow, note: str) -> None:
    row.revoked_at = write.now
    write.record(_event("operator.revoked", row, note), row.tenant)


def _event(what: str, row: OperatorRow, note: str = "") -> Event:
    tenant = {} if row.tenant is None else {"tenant": row.tenant}
    scopes = {"scopes": ", ".join(row.scopes)} if row.scopes else {}
    return Event(what, details={"operator": row.name, "role": row.role, **tenant, **scopes} | _noted(note))


def _noted(note: str) -> dict[str, str]:
    return {"note": note} if note else {}
