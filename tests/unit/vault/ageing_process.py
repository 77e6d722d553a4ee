"""Lets a vault's usage age at a given time, in a process that dies by SIGKILL before a statement of it.

`python -m tests.unit.vault.ageing_process DIRECTORY NOW BEGINNING`, with NOW as an ISO time and BEGINNING as the
statement's first words; `COMMIT` is one too.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, event

from keytui.domain.retention import Retention
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.usage.retaining import roll_up


def main(directory: str, now: str, beginning: str) -> None:
    database = SqliteDatabase.open(Path(directory))

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(beginning):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "commit", lambda _: before(None, None, "COMMIT"))
    with database.writing() as session:
        roll_up(session, Retention(), datetime.fromisoformat(now), 10_000)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
