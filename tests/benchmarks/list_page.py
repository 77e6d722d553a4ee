"""A page of a vault with a million keys on PostgreSQL, as the server answers it: asked of the vault, without HTTP.

Beside each: the same hundred rows of the bare table by their index, in the same run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from keytui.domain.audit import Actor
from keytui.domain.query import Query, parse, parse_sort
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.ratio import Ratio, medians
from tests.postgresql import vault_database

KEYS: Final = 1_000_000
LIMIT: Final = 100
_RUNS: Final = 15
_PAGES: Final = (
    ("first page", "", "name", 0),
    ("first page, by last use", "", "-last-used", 0),
    ("page 9,000", "", "name", 900_000),
    ("one environment", "env:production", "name", 0),
    ("a name of 8 letters", "key-0424", "name", 0),
    ("due", "flag:due", "name", 0),
)
_BARE: Final = text("SELECT * FROM keys ORDER BY name, id LIMIT :limit")
_FILL_KEYS: Final = text(
    """
    INSERT INTO keys (id, name, environment, tenant, issuer, kind, description, owner, scopes, apps, format, sensitive,
                      targets, created_at, version, version_created_at, prefix, last_used_at, weak, shared, leaked)
    SELECT lpad(n::text, 16, '0'), 'key-' || lpad(n::text, 7, '0'),
           (ARRAY['production', 'staging', 'development'])[1 + n % 3], '', 'builtin', 'api-key', '', 'team-' || n % 40,
           '', '', 'tk', false, '', :now - n * 100000000::bigint, 1, :now - n * 20000000::bigint,
           left(md5(n::text), 12),
           CASE WHEN n % 4 > 0 THEN :now - n * 3000000::bigint END, false, false, false
    FROM generate_series(1, :keys) AS n
    """
)
_FILL_VERSIONS: Final = text(
    """
    INSERT INTO versions (key_id, number, state, created_at, digest, keyed, prefix, weak, label, shared, leaked)
    SELECT id, 1, 'active', version_created_at, md5(id) || md5(name), false, prefix, false, '', false, false FROM keys
    """
)

_FILL_COUNTS: Final = text(
    "INSERT INTO key_counts (tenant, environment, living)"
    " SELECT tenant, environment, count(*) FROM keys GROUP BY tenant, environment"
)


def main() -> None:
    """Print one line for each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=KEYS)
    for ratio in ratios(parser.parse_args().keys):
        print(f"{ratio.what}: {ratio.measured}; {ratio.baseline}: {ratio.compared}; {ratio.value:.1f}")  # noqa: T201


def ratios(keys: int = KEYS) -> list[Ratio]:
    """Fill a vault, and ask it for each page in turn with the bare table."""
    with TemporaryDirectory() as home:
        directory = Path(home) / "vault"
        with vault_database(directory) as database:
            vault = LocalVault.open(Profile("bench", directory, Actor("bench"), database=database))
            with vault._ground.database.writing() as session:
                _fill(session, keys)
            found = [_page(vault, *page) for page in _PAGES]
            vault.close()
    return found


def _fill(session: Session, keys: int) -> None:
    connection = session.connection()
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(_FILL_KEYS, {"keys": keys, "now": time.time_ns() // 1000})
    connection.execute(_FILL_VERSIONS)
    connection.execute(_FILL_COUNTS)
    connection.execute(text("ANALYZE"))


def _page(vault: LocalVault, what: str, words: str, sort: str, offset: int) -> Ratio:
    query: Query = parse(words)

    def ours() -> object:
        return vault.page(query, parse_sort(sort), offset, LIMIT)

    def bare() -> object:
        with vault._ground.database.reading() as session:
            return session.connection().execute(_BARE, {"limit": LIMIT}).all()

    for _ in range(2):
        ours(), bare()
    mine, theirs = medians([(_seconds(ours), _seconds(bare)) for _ in range(_RUNS)])
    return Ratio(f"{what} of {LIMIT}", mine, f"the bare table's first {LIMIT}", theirs)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
