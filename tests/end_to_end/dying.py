"""The real command line, in a process that dies by SIGKILL at one of its writes to the vault.

`python -m tests.end_to_end.dying MOMENT NUMBER WORD…` runs `keytui WORD…` and dies `before` or `after` the commit of
the NUMBERth write. A process that writes less often ends as it would have.
"""

from __future__ import annotations

import os
import signal
import sys

from sqlalchemy import Connection, Engine, Pool, event

from keytui.cli.entry import main


class Death:
    """Waits for the moment."""

    def __init__(self, moment: str, number: int) -> None:
        self._moment, self._left = moment, number

    def committing(self, connection: Connection) -> None:
        """A transaction is about to be committed."""
        if connection.get_execution_options().get("writing"):
            self._left -= 1
        if self._left == 0 and self._moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)

    def given_back(self, *_: object) -> None:
        """A connection is done with its transaction."""
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    death = Death(sys.argv[1], int(sys.argv[2]))
    event.listen(Engine, "commit", death.committing)
    event.listen(Pool, "checkin", death.given_back)
    sys.exit(main(sys.argv[3:]))
