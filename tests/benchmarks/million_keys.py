"""A vault with a million keys, and the same keys as lines of text."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from sqlalchemy import text

from keytui.domain.audit import Actor
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

NAME: Final = "default"
_NUMBERED: Final = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :keys)"
_WORD: Final = "json_extract(:{0}, '$[' || (n * {1} % {2}) || ']')"
_FILL_KEYS: Final = text(
    f"""
    {_NUMBERED}
    INSERT INTO keys (id, name, environment, tenant, issuer, kind, description, owner, scopes, apps, format, sensitive,
                      targets, created_at, version, version_created_at, prefix, last_used_at, expires_at,
                      weak, shared, leaked, drifted)
    SELECT lower(hex(randomblob(8))),
           {_WORD.format("nouns", 7919, 10)} || '-' || {_WORD.format("roles", 104729, 8)} || '-' || n,
           {_WORD.format("environments", 1299709, 4)}, '', 'builtin', 'api-key', '',
           {_WORD.format("owners", 15485863, 9)}, '', '', 'tk', 0, '',
           :now - n * 20000000, 1, :now - n * 7000000, 'tk_' || substr(lower(hex(randomblob(5))), 1, 9),
           CASE WHEN n % 4 > 0 THEN :now - n * 3000000 END, CASE WHEN n % 9 = 0 THEN :now + n * 20000000 END,
           0, 0, 0, 0
    FROM n
    """  # noqa: S608  # our own words
)
_FILL_VERSIONS: Final = text(
    """
    INSERT INTO versions (key_id, number, state, created_at, digest, keyed, prefix, weak, label, shared, leaked)
    SELECT id, 1, 'active', version_created_at, lower(hex(randomblob(32))), 0, prefix, 0, '', 0, 0 FROM keys
    """
)
_FILL_COUNTS: Final = text(
    "INSERT INTO key_counts (tenant, environment, living)"
    " SELECT tenant, environment, count(*) FROM keys GROUP BY tenant, environment"
)
_WORDS: Final = {
    "nouns": '["orders","invoices","catalogue","mail","media","stock","users","reports","events","maps"]',
    "roles": '["api","worker","sync","export","import","cron","bff","proxy"]',
    "environments": '["production","production","staging","development"]',
    "owners": '["payments","platform","data","search","apps","sre","growth","web",""]',
}


def fill(home: Path, keys: int) -> None:
    """Put that many keys into the default profile's vault under a KEYTUI_HOME; one that is there stays."""
    if (home / NAME / "vault.db").exists():
        return
    vault = LocalVault.open(Profile(NAME, home / NAME, Actor("benchmark")))
    with vault._ground.database.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql("PRAGMA cache_size = -400000")
        connection.execute(_FILL_KEYS, {"keys": keys, "now": time.time_ns() // 1000, **_WORDS})
        connection.execute(_FILL_VERSIONS)
        connection.execute(_FILL_COUNTS)
    vault.close()


def write_lines(home: Path, path: Path) -> None:
    """The same keys as fzf reads them: name, environment, owner and prefix, one key a line, by name."""
    vault = LocalVault.open(Profile(NAME, home / NAME, Actor("benchmark")))
    with vault._ground.database.reading() as session, path.open("w", encoding="utf-8") as lines:
        found = session.connection().exec_driver_sql(
            "SELECT name || ' ' || environment || ' ' || owner || ' ' || prefix FROM keys ORDER BY name"
        )
        lines.writelines(f"{line}\n" for (line,) in found)
    vault.close()
