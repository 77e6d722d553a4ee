"""The one way a secret leaves a command: standard output, asked before anything is minted, flushed before it counts."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keytui.cli.output import Json, as_json, remark
from keytui.cli.streams import discard_output
from keytui.domain.errors import Invalid, KeytuiError, Refused
from keytui.domain.secrets import Secret
from keytui.vault.model import Issued
from keytui.vault.progress import Undelivered


class OutputLost(Refused):
    """Standard output failed while it carried a secret, and nothing more can be written to it."""


def claim_output(show: bool) -> None:
    """See that a secret written to standard output would reach somebody. Invalid or Refused say what to change.

    Called before a secret exists, so that none is minted for nobody.
    """
    if sys.stdout.isatty():
        if not show:
            raise Invalid(
                "the secret would stand on this terminal, and nothing was done yet",
                "pipe it to where it belongs, or say --show to have it on the screen",
            )
        return
    _see_that_somebody_reads(sys.stdout.fileno())


def hand_out(secret: Secret) -> None:
    """Write the secret: alone and without a line break in a pipe, as a line on a terminal. OSError if it cannot be."""
    write_out(secret.reveal() + ("\n" if sys.stdout.isatty() else ""))


def hand_out_json(answer: Json) -> None:
    """Write an answer that holds a secret, on one line. OSError if it cannot be."""
    write_out(as_json(answer) + "\n")


def minted(mint: Callable[[], Issued], way_on: str) -> Issued:
    """A new secret. After a refusal there is none; whatever else interrupts it, the operator reads how to go on."""
    try:
        return mint()
    except Refused:
        raise
    except (KeytuiError, KeyboardInterrupt):
        remark(way_on)
        raise


@contextmanager
def nothing_lost(way_on: str) -> Iterator[None]:
    """Around what is done with a secret that was minted: whatever interrupts it, the operator reads how to go on."""
    try:
        yield
    except OSError as error:
        discard_output()
        raise OutputLost(f"the secret could not be written: {error.strerror}", way_on) from None
    except Undelivered:
        raise  # whoever delivers has said what has the secret, and each way on
    except (KeytuiError, KeyboardInterrupt):
        remark(way_on)
        raise


def write_out(text: str) -> None:
    """Write a text with secrets, and see it on the disk where the output is a file. OSError if it cannot be."""
    sys.stdout.write(text)
    sys.stdout.flush()
    if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
        os.fsync(sys.stdout.fileno())


def _see_that_somebody_reads(descriptor: int) -> None:
    try:
        os.write(descriptor, b"")
    except OSError as error:
        raise Refused(f"standard output cannot be written: {error.strerror}", "nothing was done yet") from None
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0)):
        raise Refused("nobody reads standard output any more", "nothing was done yet")
    status = os.fstat(descriptor)
    if stat.S_ISCHR(status.st_mode) and os.path.samestat(status, Path(os.devnull).stat()):
        raise Refused("standard output is thrown away, and the secret with it", "nothing was done yet: name a place")
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        remark("others can read the file that the secret goes to: `umask 077` before, or `chmod 600` after")
