"""Servers that die at a planted moment: each line on the input, `DIRECTORY MOMENT NUMBER`, begins one as a process.

It says `listening PORT PID`, and `dead` once the process has ended. `before_commit` and `after_commit` are moments of
the NUMBERth transaction that changes something; `never` is none.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from sqlalchemy import event
from sqlmodel import Session

from keytui.domain.audit import Actor
from keytui.server.app import build
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile


def main() -> None:
    for line in sys.stdin:
        directory, moment, number = line.split()
        listening = socket.create_server(("127.0.0.1", 0))
        child = os.fork()
        if child == 0:
            serve(Path(directory), moment, int(number), listening)
        say(f"listening {listening.getsockname()[1]} {child}")
        listening.close()
        os.waitpid(child, 0)
        say("dead")


def serve(directory: Path, moment: str, number: int, listening: socket.socket) -> None:
    vault = LocalVault.open(Profile("team", directory, Actor("root", "host")))
    plant(moment, number)
    uvicorn.Server(uvicorn.Config(build(vault), log_config=None)).run([listening])


def plant(moment: str, number: int) -> None:
    """Die as by kill -9 when the moment has come for the NUMBERth time."""
    left = number

    def come(_session: Session) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if moment != "never":
        event.listen(Session, moment, come)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
