"""The outbox: what webhooks are to be told, written in the transaction of what it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.alerts import Alert
from keytui.domain.audit import Event
from keytui.domain.errors import KeytuiError
from keytui.domain.references import Resolve
from keytui.domain.rotation import Strategy
from keytui.domain.secrets import Randomness, Secret
from keytui.domain.webhooks import ALERT_OPENED, MessageState, Topic, topics_of
from keytui.vault.alert_message import alert_message, iso
from keytui.vault.local.ledger import vault_id
from keytui.vault.local.tables import KeyRow, MessageRow, RotationRow, WebhookRow
from keytui.vault.references import from_here
from keytui.vault.sealed_bodies import place_of, seal_body
from keytui.vault.webhook_settings import Webhook

_NOT_SEALED: Final = "the new secret is not in it: "


@dataclass(frozen=True, slots=True)
class Outbox:
    """Who is told. Without webhooks it costs nothing."""

    webhooks: tuple[Webhook, ...] = ()
    resolve: Resolve = from_here

    def post_event(
        self,
        session: Session,
        now: datetime,
        event: Event,
        *,
        sequence: int,
        new: Secret | None,
        randomness: Randomness,
    ) -> None:
        """Tell of an entry of the log. `new` is the secret that was just issued, for webhooks that are to have it."""
        if not self.webhooks or event.refused:
            return
        key = session.get(KeyRow, event.key_id)
        rotation = None if event.rotation_id is None else session.get(RotationRow, event.rotation_id)
        at_once = rotation is not None and rotation.strategy == Strategy.IMMEDIATE
        topics = topics_of(event.type, at_once=at_once)
        if key is None or not topics:
            return
        message_id = f"event-{vault_id(session)}-{sequence}"
        for webhook in self._told(session, topics, key):
            told = _event_data(event, key, rotation, now)
            row = _row(message_id, webhook, event.type, _json(told), now)
            row.key_id = key.id
            if new is not None and webhook.plaintext:
                self._seal(row, webhook, told, new, randomness)
            session.add(row)

    def post_alert(self, session: Session, now: datetime, alert: Alert) -> None:
        """Tell of an alert that has opened."""
        if not self.webhooks:
            return
        signal = alert.signal
        key = session.get(KeyRow, signal.key_id) if signal.key_id else None
        message_id = alert_message_id(session, alert.id)
        body = alert_message(message_id, alert, now).encode()
        for webhook in self._told(session, frozenset({Topic.ALERT}), key):
            if signal.severity in webhook.severities:
                row = _row(message_id, webhook, ALERT_OPENED, body, now)
                row.key_id = signal.key_id
                session.add(row)

    def _told(self, session: Session, topics: frozenset[Topic], key: KeyRow | None) -> Iterator[Webhook]:
        disabled = set(session.exec(select(WebhookRow.name).where(col(WebhookRow.disabled_at).is_not(None))))
        of_key = (key.id, key.name, key.environment) if key is not None else ("", "", "")
        for webhook in self.webhooks:
            if webhook.topics & topics and webhook.wants(*of_key) and webhook.name not in disabled:
                yield webhook

    def _seal(
        self, row: MessageRow, webhook: Webhook, told: Mapping[str, object], new: Secret, randomness: Randomness
    ) -> None:
        """A rotation is not held up by a webhook: what cannot be sealed is told without the secret, and says so."""
        try:
            secret = self.resolve(webhook.secret)
        except KeytuiError as error:
            row.body, row.detail = _json({**told, "new_secret": None}), _NOT_SEALED + error.message
            return
        body = _json({**told, "new_secret": new.reveal()})
        row.body, row.nonce = seal_body(body, secret, place_of(row.message_id, webhook.name), randomness)


def alert_message_id(session: Session, alert_id: int) -> str:
    """The same for every webhook and every try, and no other vault's."""
    return f"alert-{vault_id(session)}-{alert_id}"


def entry_told(message_id: str) -> int:
    """Which entry of the log a message tells of."""
    return int(message_id.rpartition("-")[2])


def _event_data(event: Event, key: KeyRow, rotation: RotationRow | None, now: datetime) -> dict[str, object]:
    """Of an incident its number alone: what it is called, and what was learned, is for those who may read the vault."""
    incident = event.details.get("incident")
    return {
        "type": event.type,
        "timestamp": iso(now),
        "old_key": event.details.get("old_fingerprint"),
        "new_key": event.details.get("new_fingerprint"),
        "data": {
            "key_id": key.id,
            "key": key.name,
            "environment": key.environment,
            "tenant": key.tenant,
            "rotation": event.rotation_id,
            "old_version": event.version if rotation is None else rotation.old_version,
            "new_version": None if rotation is None else rotation.new_version,
            **({"incident": int(incident)} if incident else {}),
        },
    }


def _row(message_id: str, webhook: Webhook, type_: str, body: bytes, now: datetime) -> MessageRow:
    return MessageRow(
        message_id=message_id,
        webhook=webhook.name,
        type=type_,
        body=body,
        created_at=now,
        state=MessageState.WAITING,
        next_at=now,
    )


def _json(told: Mapping[str, object]) -> bytes:
    return json.dumps(told).encode()
