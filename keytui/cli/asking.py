"""What a person or a pipe is asked for: a secret on standard input, a passphrase, a confirmation."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path
from typing import Final

from keytui.cli.output import remark
from keytui.domain.errors import Invalid, Locked, Refused
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless

MOST_BYTES: Final = 64 * 1024
"""More than any credential holds, and little enough to read whole."""


def interactive() -> bool:
    """Whether somebody sits here who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def given_secret(prompt: str, raw: bool = False) -> Secret:
    """The secret on standard input, asked for without an echo on a terminal.

    One line break at the end belongs to the tool that printed the secret and is taken off, unless `raw`.
    Invalid for nothing, for too much, and for what is not text.
    """
    if sys.stdin.isatty():
        return Secret(getpass.getpass(f"{prompt} (not shown): "))
    text = _as_text(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input")
    if raw:
        return Secret(text)
    secret = Secret(_without_line_break(text))
    if not secret:
        raise Invalid("nothing came on standard input", 'pipe the secret in, as in `printf %s "$SECRET" | keytui …`')
    return secret


def passphrase(file: Path | None, prompt: str = "passphrase") -> Secret:
    """The passphrase, from a file that only its owner can read, else asked for on the terminal.

    Locked when there is neither: standard input is never taken for it, because a secret may stand there.
    """
    if file is not None:
        return _from_file(file)
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise Locked(
            "the passphrase is needed, and there is no terminal to ask on",
            "name a file that holds it with --passphrase-file or KEYTUI_PASSPHRASE_FILE",
        ) from None
    return Secret(getpass.getpass(f"{prompt}: "))


def new_passphrase(file: Path | None) -> Secret:
    """A passphrase that is being chosen: asked for twice on a terminal."""
    first = passphrase(file, "new passphrase")
    if file is None and passphrase(None, "the same again") != first:
        raise Invalid("the two passphrases differ", "nothing was changed: try again")
    return first


def confirm(question: str, answer: str) -> None:
    """Have `answer` typed; Refused when anything else is."""
    remark(question)
    shown = harmless(answer)
    sys.stderr.write(f"type {shown} to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() not in (answer, shown):
        raise Refused("not confirmed", "nothing was changed")


def confirm_unless(yes: bool, what: str, question: str, answer: str) -> None:
    """Have `answer` typed, unless it was said on the command line. Invalid where nobody is here; `what` is at stake."""
    if yes:
        return
    if not interactive():
        raise Invalid(f"{what}, and nobody is here to confirm it", "say --yes in a script")
    confirm(question, answer)


def choose(question: str, answers: tuple[str, ...]) -> str:
    """Have one of `answers` typed; Refused when anything else is."""
    remark(question)
    sys.stderr.write(f"{' or '.join(answers)}: ")
    sys.stderr.flush()
    given = sys.stdin.readline().strip()
    if given not in answers:
        raise Refused("no choice was made", "nothing was changed")
    return given


def answered(question: str) -> str | None:
    """What somebody types, without blanks around it; None when nothing comes any more."""
    sys.stderr.write(f"{harmless(question)}: ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line.strip() if line else None


def _from_file(path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise Refused(f"others can read {path}", f"`chmod 600 {path}`, and change the passphrase")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid(
            f"the passphrase file {path} cannot be read: {error.strerror}", "name a file that can be"
        ) from None
    found = Secret(_without_line_break(_as_text(content, str(path))))
    if not found:
        raise Invalid(f"the passphrase file {path} is empty", "put the passphrase on its first line")
    return found


def _as_text(content: bytes, where: str) -> str:
    if len(content) > MOST_BYTES:
        raise Invalid(f"more than {MOST_BYTES // 1024} KiB came from {where}", "that is no secret: check what is piped")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Invalid(f"what came from {where} is not UTF-8 text", "check what is piped") from None


def _without_line_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
