"""One line for each request: who asked for what, how it ended, and of which key and version. Never a secret.

Lines are collected and written by a thread of their own: a slow disk or pipe holds up the log and no request.
"""

from __future__ import annotations

import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from keytui.domain.keys import Key
from keytui.domain.rotation import Rotation
from keytui.domain.text import harmless
from keytui.domain.verification import Check
from keytui.vault.model import Issued, KeyDetail, RotationDetail

_EVERY: Final = 0.25
"""Seconds that a line may wait for others."""
_MOST_LINES: Final = 20_000
_LONGEST: Final = 120
_ID: Final = re.compile(r"[a-z0-9]{16}")
_WORD: Final = re.compile(r"[a-z-]{1,16}|\d{1,12}|v1")
_KEY_ID: Final = re.compile(r"/admin/keys/([a-z0-9]{16})(?:/|$)")


@dataclass(slots=True)
class Noted:
    """What a request was about, filled in by whoever learns it."""

    principal: str = ""
    key_id: str = ""
    version: int | None = None
    outcome: str = ""


ABOUT: Final[ContextVar[Noted | None]] = ContextVar("keytui_noted", default=None)
"""The Noted of the request that is being answered, in its thread too."""


def note_answer(answer: object) -> None:
    """What an answer of the vault is about, for the request's line."""
    noted = ABOUT.get()
    if noted is None:
        return
    match answer:
        case Issued(key=key, version=version):
            noted.key_id, noted.version = key.id, version.number
        case Rotation(key_id=key_id, new_version=new, old_version=old):
            noted.key_id, noted.version = key_id, old if new is None else new
        case Check(key_id=str(key_id), version=number):
            noted.key_id, noted.version = key_id, number
        case Key(id=key_id):
            noted.key_id = key_id
        case RotationDetail(rotation=rotation):
            note_answer(rotation)
        case KeyDetail(summary=summary):
            noted.key_id, noted.version = summary.key.id, summary.version.number


def key_in(path: str) -> str:
    """The key that a path names; "" when it names none."""
    found = _KEY_ID.match(path)
    return found[1] if found else ""


def cleaned(path: str, query: str = "") -> str:
    """A path as the log has it. What is neither one of our words nor a number nor an id could be a secret: `*`."""
    segments = path[:_LONGEST].split("/")
    shown = "/".join(part if not part or _WORD.fullmatch(part) or _ID.fullmatch(part) else "*" for part in segments)
    names = [name for name, _ in parse_qsl(query[:2000], keep_blank_values=True)][:10]
    words = [f"{name}=*" if _WORD.fullmatch(name.replace("_", "-")) else "*" for name in names]
    return f"{shown}?{'&'.join(words)}" if words else shown


class RequestLog:
    """Lines on standard error, or wherever `write` puts them."""

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self._write = write or _to_standard_error
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._waiting = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="keytui-request-log", daemon=True)
        self._thread.start()

    def note(self, what: str, status: int, seconds: float, address: str, noted: Noted) -> None:
        """One request; `what` is its method and cleaned path."""
        if len(self._lines) >= _MOST_LINES:
            self._dropped += 1
            return
        told = f" by={_word(noted.principal)}" if noted.principal else ""
        if noted.key_id:
            told += f" key={_word(noted.key_id)}"
        if noted.version is not None:
            told += f" version={noted.version}"
        if noted.outcome:
            told += f" outcome={noted.outcome}"
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._lines.append(f"{at} {what} {status} {seconds * 1000:.1f}ms from={_word(address)}{told}\n")
        if not self._waiting.is_set():
            self._waiting.set()

    def close(self) -> None:
        """Write what is left."""
        self._closed = True
        self._waiting.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        pause = threading.Event()
        while not self._closed:
            self._waiting.wait()
            if not self._closed:
                pause.wait(_EVERY)
            self._waiting.clear()
            self._hand_over()
        self._hand_over()

    def _hand_over(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if self._dropped:
            lines.append(f"{self._dropped} requests were not logged: the log is not read fast enough\n")
            self._dropped = 0
        if lines:
            self._write("".join(lines))


def _word(text: str) -> str:
    """One field of a line: nothing in it ends the line, or begins another field."""
    return harmless(text).replace(" ", "\\x20")


def _to_standard_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
