"""Messages on their way out: claimed by one process at a time, tried by a schedule, listed, and sent again by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, func, or_, select, update

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.clocks import BY_RIGHT_CLOCKS
from keytui.domain.errors import NotFound, Refused
from keytui.domain.webhooks import (
    CLAIMED_FOR,
    KEPT,
    LONGEST_PAUSE,
    UNSERVED,
    Message,
    MessageState,
    Outgoing,
    WebhookStanding,
    pause_after,
)
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.section import Section, Write, audited
from keytui.vault.local.tables import AuditRow, MessageRow, WebhookRow
from keytui.vault.local.webhooks.outbox import entry_told

_LARGEST_ID: Final = 2**63 - 1


class Messaging(Section):
    """The outbox from its other end. What happens outside happens between two transactions: a claim and its end."""

    def webhooks(self) -> tuple[WebhookStanding, ...]:
        """What is remembered of every webhook that ever had a message, and of those that are configured, by name."""
        counted = select(MessageRow.webhook, MessageRow.state, func.count()).group_by(
            MessageRow.webhook, MessageRow.state
        )
        with self._reading(Operation.NOTIFY) as session:
            counts = {(name, state): count for name, state, count in session.exec(counted)}
            disabled = dict(session.exec(select(WebhookRow.name, WebhookRow.disabled_at)).all())
        names = {name for name, _ in counts} | disabled.keys() | {one.name for one in self._ground.outbox.webhooks}
        return tuple(
            WebhookStanding(
                name,
                disabled.get(name),
                counts.get((name, MessageState.WAITING), 0),
                counts.get((name, MessageState.FAILED), 0),
            )
            for name in sorted(names)
        )

    def messages(self, webhook: str = "", limit: int = 100) -> tuple[Message, ...]:
        """Messages of the last 30 days, newest first."""
        found = select(MessageRow).order_by(col(MessageRow.id).desc()).limit(limit)
        if webhook:
            found = found.where(MessageRow.webhook == webhook)
        with self._reading(Operation.NOTIFY) as session:
            return tuple(_message(row) for row in session.exec(found))

    def claim_message(self, webhook: str) -> Outgoing | None:
        """The webhook's oldest message that is to be sent now and that nobody else is sending.

        It is this process's for `CLAIMED_FOR`. Safe in every profile.
        """
        with self._reading(Operation.NOTIFY) as session:
            if self._due(session, webhook) is None:
                return None
        with self._ground.database.writing() as session:
            row = self._due(session, webhook)
            if row is None:
                return None
            row.next_at = self._clock() + CLAIMED_FOR
            return Outgoing(stored_id(row.id), row.message_id, row.webhook, row.type, row.body, row.nonce)

    def note_message(
        self, message: Outgoing, failure: str = "", *, gone: bool = False, retry_after: timedelta | None = None
    ) -> None:
        """How sending it ended: taken when there is no failure. `gone`: the webhook wants no more, of anything."""
        self._require(Operation.NOTIFY)
        now = self._clock()
        with audited(self._ground) as write:
            row = write.session.get(MessageRow, message.id)
            if row is None or row.state != MessageState.WAITING:
                return
            row.attempts += 1
            row.detail = failure
            pause = pause_after(row.attempts, retry_after)
            if not failure:
                _end(row, MessageState.SENT)
            elif gone or pause is None:
                _end(row, MessageState.FAILED)
            else:
                row.next_at = now + pause
                _leave_alone(write.session, row.webhook, now, retry_after)
            if gone:
                for sealed in _sealed(write.session, MessageRow.webhook == row.webhook):
                    sealed.detail = failure
                    _end(sealed, MessageState.FAILED)
                write.session.merge(WebhookRow(name=row.webhook, disabled_at=now))
                write.record(Event("webhook.disabled", details={"webhook": row.webhook, "why": failure}))

    def enable_webhook(self, webhook: str) -> None:
        """Send it messages again after it had said that it wants no more. NotFound where there is none of that name."""
        with self._writing(Operation.NOTIFY) as write:
            row = write.session.get(WebhookRow, webhook)
            if row is None and not self._knows(write.session, webhook):
                raise NotFound(f"no webhook is called {webhook!r}", "see them all: keytui webhooks list")
            if row is None or row.disabled_at is None:
                raise Refused(f"the webhook {webhook!r} is not disabled", "see them all: keytui webhooks list")
            row.disabled_at = None
            write.record(Event("webhook.enabled", details={"webhook": webhook}))

    def redeliver(self, message_id: int) -> Message:
        """Send a message once more, from the beginning of its schedule."""
        with self._writing(Operation.NOTIFY) as write:
            row = _message_row(write, message_id)
            if not row.body:
                raise Refused(
                    f"message #{message_id} carried a secret, which is kept until it is sent and no longer",
                    "rotate the key again, or hand the secret over by another way",
                )
            row.state, row.attempts, row.detail, row.next_at = MessageState.WAITING, 0, "", write.now
            told = {"message": str(message_id), "webhook": row.webhook, "type": row.type}
            write.record(Event("webhook.redelivered", row.key_id, details=told))
            return _message(row)

    def _knows(self, session: Session, webhook: str) -> bool:
        """Whether it is configured, or had a message."""
        had = select(MessageRow.id).where(MessageRow.webhook == webhook).limit(1)
        return any(one.name == webhook for one in self._ground.outbox.webhooks) or session.exec(had).first() is not None

    def _due(self, session: Session, webhook: str) -> MessageRow | None:
        known = session.get(WebhookRow, webhook)
        if known is not None and known.disabled_at is not None:
            return None
        now, next_at = self._clock(), col(MessageRow.next_at)
        waiting = select(MessageRow).where(
            MessageRow.state == MessageState.WAITING,
            MessageRow.webhook == webhook,
            or_(next_at <= now, next_at > now + LONGEST_PAUSE + BY_RIGHT_CLOCKS),
        )
        return session.exec(waiting.order_by(col(MessageRow.id)).limit(1)).first()


def drop_messages(session: Session, message_id: str) -> None:
    """Nobody needs to be told of it any more."""
    waiting = (col(MessageRow.message_id) == message_id, col(MessageRow.state) == MessageState.WAITING)
    session.connection().execute(update(MessageRow).where(*waiting).values(state=MessageState.DROPPED))


def drop_secrets(session: Session, key_id: str, version: int) -> None:
    """A version was revoked: its secret must not arrive after that of the one which replaced it, nor lie here."""
    for row in _sealed(session, MessageRow.key_id == key_id):
        entry = session.get(AuditRow, entry_told(row.message_id))
        if entry is None or entry.version == version:
            _end(row, MessageState.DROPPED)


def forget_old_messages(session: Session, now: datetime) -> None:
    """Delete messages that nobody lists any more, and wipe secrets for webhooks that nobody serves any more."""
    for row in _sealed(session, col(MessageRow.next_at) < now - UNSERVED):
        row.detail = "nobody has tried to send it for long"
        _end(row, MessageState.FAILED)
    session.connection().execute(delete(MessageRow).where(col(MessageRow.created_at) < now - KEPT))


def why_unsent(session: Session) -> dict[str, list[str]]:
    """By message id: which webhooks it waits for after a failure, and why."""
    failed = select(MessageRow).where(MessageRow.state == MessageState.WAITING, MessageRow.detail != "")
    reasons: dict[str, list[str]] = {}
    for row in session.exec(failed.order_by(col(MessageRow.webhook))):
        reasons.setdefault(row.message_id, []).append(f"webhook {row.webhook}: {row.detail}")
    return reasons


def _end(row: MessageRow, state: MessageState) -> None:
    """A sealed secret does not outlive its last try."""
    row.state = state
    if row.nonce is not None:
        row.body, row.nonce = b"", None


def _sealed(session: Session, which: ColumnElement[bool] | bool) -> Sequence[MessageRow]:
    """Messages that wait with a secret in them."""
    waiting = select(MessageRow).where(MessageRow.state == MessageState.WAITING, col(MessageRow.nonce).is_not(None))
    return session.exec(waiting.where(which)).all()


def _leave_alone(session: Session, webhook: str, now: datetime, retry_after: timedelta | None) -> None:
    """`Retry-After` is about the webhook and not about the one message."""
    if retry_after is None:
        return
    until = now + min(retry_after, LONGEST_PAUSE)
    others = (
        col(MessageRow.webhook) == webhook,
        col(MessageRow.state) == MessageState.WAITING,
        col(MessageRow.next_at) < until,
    )
    session.connection().execute(update(MessageRow).where(*others).values(next_at=until))


def _message_row(write: Write, number: int) -> MessageRow:
    row = write.session.get(MessageRow, number) if 0 < number <= _LARGEST_ID else None
    if row is None:
        raise NotFound(f"there is no message #{number}", "list them: keytui webhooks messages")
    return row


def _message(row: MessageRow) -> Message:
    return Message(
        stored_id(row.id),
        row.webhook,
        row.type,
        row.key_id,
        row.created_at,
        MessageState(row.state),
        row.attempts,
        row.next_at,
        row.detail,
        row.nonce is not None or not row.body,
    )
