"""A key that is not there yet: from a checked draft, under a free name."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from keytui.domain.errors import Refused
from keytui.domain.keys import KeyDraft
from keytui.vault.local.keys.counts import count_created
from keytui.vault.local.section import Write
from keytui.vault.local.tables import KeyRow


def new_key(write: Write, draft: KeyDraft, key_id: str) -> KeyRow:
    """A key from a checked draft, in the session, without a version yet. Refused when the name is taken."""
    row = drafted(draft, key_id, write.now)
    refuse_taken_name(write.session, row)
    write.session.add(row)
    count_created(write.session, row)
    write.session.flush()
    return row


def drafted(draft: KeyDraft, key_id: str, now: datetime) -> KeyRow:
    """A key as its draft says, and in no session."""
    return KeyRow(
        id=key_id,
        name=draft.name,
        environment=draft.environment,
        tenant=draft.tenant,
        issuer=draft.issuer,
        kind=draft.kind,
        description=draft.description,
        owner=draft.owner,
        scopes=draft.scopes,
        apps=draft.apps,
        format=draft.format,
        sensitive=draft.sensitive,
        targets=draft.targets,
        created_at=now,
        expires_at=draft.expires_at,
        version_created_at=now,
    )


def in_words(draft: KeyDraft) -> str:
    """What the key could do and who would receive it are a part of what is agreed to.

    When it expires is not: a duration ends later each time.
    """
    receivers = f", targets {', '.join(sorted(draft.targets))}" if draft.targets else ""
    return f"owner {draft.owner or 'nobody'}, scopes {', '.join(sorted(draft.scopes)) or 'none'}{receivers}"


def refuse_taken_name(session: Session, row: KeyRow) -> None:
    """Refused when another key of the tenant, environment and issuer has the row's name."""
    with session.no_autoflush:
        taken = named(session, row)
    if taken is not None and taken.id != row.id:
        hint = "choose another name, or rename that one first: keytui edit --name"
        state = " (revoked)" if taken.revoked_at is not None else ""
        raise Refused(f"{row.environment} has a key called {row.name} already{state}", hint)


def named(session: Session, row: KeyRow) -> KeyRow | None:
    """The stored key with the row's name, tenant, environment and issuer."""
    return session.exec(
        select(KeyRow).where(
            KeyRow.tenant == row.tenant,
            KeyRow.environment == row.environment,
            KeyRow.issuer == row.issuer,
            KeyRow.name == row.name,
        )
    ).first()
