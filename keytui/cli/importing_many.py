"""The import of a file of many keys: by digest, a part at a time, and the same again goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer

from keytui.cli.key_course import Arriving, Rests, Tally, check_lines, parts_of
from keytui.cli.key_fields import Fields
from keytui.cli.key_file import KeyFile
from keytui.cli.output import say, say_json
from keytui.cli.progress_line import ProgressLine
from keytui.cli.session import opened
from keytui.cli.stopping import Stop, stopped_cleanly
from keytui.clock import utc_now
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import KeyDraft
from keytui.vault.many_keys import Origin

_LONGEST_NAME: Final = 100


def import_many(context: typer.Context, path: Path, common: KeyDraft, *, check: bool, json: bool) -> None:
    """Import every line of the file. Nothing is written before all lines could be read, nor at all to `check`."""
    file = KeyFile(path)
    fields = Fields(common, utc_now(), with_values=True)
    with stopped_cleanly() as stop:
        lines = check_lines(file, fields, stop)
        with ProgressLine(file.name, lines, quiet=json) as progress:
            tally = Tally(file, lines, progress)
            try:
                _carry_out(context, _keys(file, fields), tally, stop, check=check)
            except (KeytuiError, KeyboardInterrupt) as error:
                tally.interrupted(error)
                raise
        if json:
            say_json(tally.shape(stop))
        else:
            say(f"nothing is written yet: {tally.counts()}" if check else tally.counts())
        tally.end(stop)


def _keys(file: KeyFile, fields: Fields) -> Iterator[Arriving]:
    for line in file.lines():
        yield Arriving(line.number, fields.new_key(line, f"{file.name[:_LONGEST_NAME]}:{line.number}"))


def _carry_out(context: typer.Context, keys: Iterator[Arriving], tally: Tally, stop: Stop, *, check: bool) -> None:
    rests = Rests()
    with opened(context) as vault:
        for part in parts_of(keys):
            tally.take(part, vault.add_keys([one.new for one in part], Origin.IMPORTED, rehearse=check))
            if stop.code is not None:
                break
            rests.between()
