"""The command of a site's own that makes a service read its settings anew. It is told no secret."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from keytui.domain.errors import Refused
from keytui.domain.fields import Fields

RELOAD_FIELDS: Final = ("reload", "reload_timeout")
"""Of a table that may have one."""
_LONGEST: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Reload:
    """Words that are run without a shell, with nothing on their standard input."""

    words: tuple[str, ...]
    timeout: timedelta

    def rehearse(self) -> None:
        """Refused when its program is not there."""
        if shutil.which(self.words[0]) is None:
            raise Refused(f"{self.words[0]!r} cannot be started", "check its name and that it may run")

    def run(self) -> None:
        """Refused when it does not end well, or in time: it and its children are killed. What it prints is lost."""
        try:
            process = subprocess.Popen(  # noqa: S603  # the site's own command, split into words, without a shell
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError):
            raise Refused(f"{self.words[0]!r} cannot be started", "check its name and that it may run") from None
        try:
            code = process.wait(self.timeout.total_seconds())
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code is None:
            raise Refused(
                f"{self.words[0]!r} did not end within {self.timeout.total_seconds():g} s and was killed",
                "run it by hand: it may wait for somebody",
            )
        if code:
            ended = f"exited with {code}" if code > 0 else f"was ended by signal {-code}"
            raise Refused(f"{self.words[0]!r} {ended}", "run it by hand, and see what it says")


def reload_from(fields: Fields) -> Reload | None:
    """`reload = ["docker", "compose", "up", "-d", "api"]` and `reload_timeout`; None when there is none."""
    words, timeout = fields.texts("reload"), fields.duration("reload_timeout", "30s")
    if not words and (fields.has("reload") or fields.has("reload_timeout")):
        raise fields.wrong("reload", "names no command", 'as in reload = ["systemctl", "reload", "reserve"]')
    if not timedelta() < timeout <= _LONGEST:
        raise fields.wrong("reload_timeout", "is not between 1 second and 2 minutes", 'as in reload_timeout = "1m"')
    return Reload(words, timeout) if words else None
