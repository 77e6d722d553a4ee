"""A window that is closed holds nobody up who writes to it."""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Thread
from typing import TextIO, cast

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from keytui.tui.terse_driver import LastingTerminal


def test_what_is_written_to_a_closed_window_is_lost_and_nobody_waits_for_it() -> None:
    window, terminal = os.openpty()
    file = os.fdopen(terminal, "w")
    os.close(window)
    writer = WriterThread(cast("TextIO", LastingTerminal(file)))
    writer.start()

    def write() -> None:
        for _ in range(MAX_QUEUED_WRITES * 3):
            writer.write("a frame")
        writer.stop()

    writing = Thread(target=write, daemon=True)
    writing.start()
    writing.join(10)
    assert not writing.is_alive()
    with suppress(OSError):
        file.close()
