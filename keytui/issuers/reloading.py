"""The command of a site's own that makes a service read its settings anew. It is told no secret."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from keytui.command import pipe_text_to_command
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
        """Refused or Invalid when it does not end well, or in time. What it prints is thrown away."""
        pipe_text_to_command(self.words, "", self.timeout.total_seconds())


def reload_from(fields: Fields) -> Reload | None:
    """`reload = ["docker", "compose", "up", "-d", "api"]` and `reload_timeout`; None when there is none."""
    words, timeout = fields.texts("reload"), fields.duration("reload_timeout", "30s")
    if not words and (fields.has("reload") or fields.has("reload_timeout")):
        raise fields.wrong("reload", "names no command", 'as in reload = ["systemctl", "reload", "reserve"]')
    if not timedelta() < timeout <= _LONGEST:
        raise fields.wrong("reload_timeout", "is not between 1 second and 2 minutes", 'as in reload_timeout = "1m"')
    return Reload(words, timeout) if words else None
