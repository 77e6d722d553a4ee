"""Names in a vault in PostgreSQL, for a shell that completes words: read only, without the store, nothing made."""

from __future__ import annotations

from typing import Final

from keytui.domain.references import parse_reference
from keytui.vault.local.keys.offered import COLUMNS, MOST
from keytui.vault.profile import Profile
from keytui.vault.references import at_hand

_READING: Final = "-c default_transaction_read_only=on -c statement_timeout=800"


def words_of(profile: Profile, column: str, beginning: str) -> tuple[str, ...]:
    """As of a vault in SQLite. It may raise whatever a database and a driver raise, or find none."""
    import psycopg  # noqa: PLC0415  # an extra
    from psycopg import sql  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    address = at_hand(parse_reference(profile.database))
    if column not in COLUMNS or address is None:
        return ()
    url = address.reveal().replace("postgresql+psycopg:", "postgresql:", 1)
    theirs = conninfo_to_dict(url).get("options") or ""
    reading = make_conninfo(url, options=f"{theirs} {_READING}", connect_timeout=1)
    asked = sql.SQL(
        "SELECT DISTINCT {0} FROM keys WHERE revoked_at IS NULL AND starts_with({0}, %s) ORDER BY 1 LIMIT %s"
    ).format(sql.Identifier(column))
    with psycopg.connect(reading) as database:
        return tuple(word for (word,) in database.execute(asked, (beginning, MOST)) if word)
