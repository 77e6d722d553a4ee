"""The installed program in a pseudo-terminal, as an operator has it."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tests.end_to_end.display import PATIENCE, Display

KEYS: Final = {
    "enter": "\r",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "escape": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "ctrl+c": "\x03",
    "ctrl+l": "\x0c",
    "ctrl+p": "\x10",
    "ctrl+q": "\x11",
    "ctrl+z": "\x1a",
    "backspace": "\x7f",
}
_TAKE_TERMINAL: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Run first in the new session: makes the pseudo-terminal the controlling one, so that ctrl+c and a hang-up signal."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """A program in a session and a terminal of its own. `master` is the terminal's other end."""

    process: subprocess.Popen[bytes]
    master: int

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size; the kernel tells the program."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def spawn(argv: Sequence[str], env: Mapping[str, str], columns: int, rows: int, *, over_ssh: str = "") -> Spawned:
    """Run a program in a new pseudo-terminal. `over_ssh` is the SSH_CONNECTION of a session that came that way."""
    master, slave = os.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        ssh = {"SSH_CONNECTION": over_ssh, "SSH_TTY": os.ttyname(slave)} if over_ssh else {}
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _TAKE_TERMINAL, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**env, **ssh},
            start_new_session=True,
        )
    finally:
        os.close(slave)
    return Spawned(process, master)


class Seat(ABC):
    """Where an operator sits: a screen to look at and a keyboard. A subclass says what stands behind them."""

    display: Display

    @abstractmethod
    def send(self, text: str) -> None:
        """Type a text as it stands."""

    def press(self, *keys: str) -> None:
        """Press keys, by name (`enter`) or as the character they give (`R`)."""
        for key in keys:
            self.send(KEYS.get(key, key))

    def press_towards(self, key: str, text: str) -> None:
        """Press a key that moves the focus, and wait until it has come to a text or gone from it."""
        look = self.display.look_of(text)
        self.press(key)
        self.display.wait_for(lambda shown: shown.shows(text) and shown.look_of(text) != look)

    def click(self, line: int, column: int) -> None:
        """Click with the mouse."""
        where = f"0;{column + 1};{line + 1}"
        self.send(f"\x1b[<{where}M\x1b[<{where}m")

    def paste(self, text: str) -> None:
        """Paste, as terminals with bracketed paste do."""
        self.send(f"\x1b[200~{text}\x1b[201~")


class Terminal(Seat):
    """A program in a pseudo-terminal on this machine. Leaving the `with` block kills what still runs."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], columns: int = 120, rows: int = 36) -> None:
        self.display = Display(columns, rows)
        self._spawned = spawn(argv, env, columns, rows)
        self._stop, self._stopped = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._spawned.process.poll() is None:
            self.signal(signal.SIGKILL)
        self.wait_for_exit()
        self.hang_up()

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._spawned.process.pid

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._spawned.master)[3] & termios.ECHO)

    @property
    def stopped(self) -> bool:
        """Whether the program is suspended."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].startswith("T")

    def send(self, text: str) -> None:
        os.write(self._spawned.master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window to another size."""
        self.display.resize(columns, rows)
        self._spawned.resize(columns, rows)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program, and to nothing else."""
        self._spawned.process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal's window: the program is told by SIGHUP."""
        if self._stopped >= 0:
            os.close(self._stopped)
            self._reader.join(PATIENCE)
            os.close(self._stop)
            os.close(self._spawned.master)
            self._stopped = -1

    def wait_for_exit(self) -> int:
        """The exit code, once the program has ended and everything it wrote was read."""
        code = self._spawned.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def _read(self) -> None:
        """Feed the display, until the program has let go of its terminal or `hang_up` was called."""
        master = self._spawned.master
        while self._stop not in select.select([master, self._stop], [], [])[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # how Linux says that nobody has the other end open any more
                break
            if not data:
                break
            if answer := self.display.feed(data):
                os.write(master, answer)
        self.display.end()
