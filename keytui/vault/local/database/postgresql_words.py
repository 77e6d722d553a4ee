"""What goes wrong with PostgreSQL, as an operator reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from keytui.domain.errors import Invalid, KeytuiError, Unreachable

_STATES: Final = {
    "25006": "that is a standby: name the primary, or add target_session_attrs=read-write to the URL",
    "40001": "other work on the database crossed this one; do the same again: this write is undone",
    "40P01": "other work on the database crossed this one; do the same again: this write is undone",
    "42501": "give the role of the URL the right to it, or make it the owner of the tables",
    "42P01": "its tables are not this keytui's: keytui migrate",
    "42703": "its tables are not this keytui's: keytui migrate",
    "53100": "make room on the server's disk, then do the same again: the vault stands as it was",
    "53300": "raise max_connections there, or run fewer servers and workers",
    "55P03": "somebody else holds the database for very long; look in pg_stat_activity, then try again",
    "57014": "it took too long; look in pg_stat_activity what holds it up, then try again",
    "57P01": "the server is stopping; try again in a moment",
    "57P02": "the server is restarting; try again in a moment",
    "57P03": "the server is starting; try again in a moment",
}
"""By SQLSTATE, which does not depend on the server's language."""
_SIGNS: Final = (
    ("Connection refused", "start PostgreSQL there, or mend the URL's host and port"),
    ("No such file or directory", "start PostgreSQL there, or mend the URL's host and port"),
    ("authentication failed", "mend user and password where the URL stands"),
    ("no password supplied", "mend user and password where the URL stands"),
    ("pg_hba.conf", "let this host, user and database in by the server's pg_hba.conf"),
    ("recovery", _STATES["25006"]),
    ("too many", _STATES["53300"]),
    ("connection slots", _STATES["53300"]),
    ("role ", "create the role, or mend the URL's user"),
    ("database ", "create it (createdb), or mend the URL's path"),
    ("starting up", _STATES["57P03"]),
    ("shutting down", _STATES["57P01"]),
    ("certificate", "see what the URL says by sslmode and sslrootcert, and whom the server's certificate names"),
    ("SSL", "see what the URL says by sslmode, and whether the server speaks TLS"),
    ("timeout expired", "see whether the server runs, and whether a firewall stands between"),
    ("QueuePool", "this process has all its connections in use; see what holds the database up"),
)
"""For what libpq says of connections that were never made: there is no SQLSTATE of them."""
_LONGEST: Final = 300


class HungUp(Unreachable):
    """The server said nothing more, so that what it was asked last may have been done or not."""


def locked(where: str) -> Unreachable:
    """Of a vault that others write to for longer than anybody waits."""
    return Unreachable(f"the vault {where} does not answer: other changes have waited for very long", _STATES["55P03"])


def was_cancelled(error: DBAPIError) -> bool:
    """Whether the server was asked to end the statement, or ended it because it took too long."""
    return getattr(error.orig, "sqlstate", None) == "57014"


@contextmanager
def in_words(where: str) -> Iterator[None]:
    """Tells what goes wrong within. The cause is not chained: it may quote rows and parameters."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _told(where, error) from None


def _told(where: str, error: SQLAlchemyError) -> KeytuiError:
    if isinstance(error, DataError):
        return Invalid(
            "a number or text of this is nothing that a vault can hold", "mend it: it is too large or broken"
        )
    cause = getattr(error, "orig", None) or error
    # The server's detail and context lines quote rows; its first line names things only.
    said = getattr(getattr(cause, "diag", None), "message_primary", None) or str(cause)
    said = " ".join(said.split())[:_LONGEST]
    state = getattr(cause, "sqlstate", None)
    hint = _STATES.get(state or "")
    hint = hint or next((hint for sign, hint in _SIGNS if sign in said), "see the server's log, then try again")
    return (Unreachable if state else HungUp)(f"the vault {where} does not answer: {said}", hint)
