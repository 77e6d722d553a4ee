"""A file of many keys, CSV or JSON lines: read as a stream, a line at a time, and as often as asked."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid, NotFound
from keytui.domain.text import harmless

_LONGEST: Final = 64 * 1024
_DELIMITERS: Final = ",;\t"
_ONE_A_LINE: Final = "write one object a line: jq -c '.[]' FILE"


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says, by column; `fault` says why it cannot be read."""

    number: int
    said: Mapping[str, object]
    fault: str = ""


class KeyFile:
    """The file at `path`. NotFound or Invalid when it is none that can be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = harmless(path.name)
        if not path.exists():
            raise NotFound(f"there is no file {harmless(str(path))}", "check its name and where you are")
        if not path.is_file():
            raise Invalid(f"{harmless(str(path))} is not a plain file", "it is read twice: save it as a file first")

    def lines(self) -> Iterator[Line]:
        """Every line that says something. Invalid ends it where nothing after could be told apart."""
        try:
            with self.path.open("rb") as file:
                texts = _texts(iter(lambda: file.readline(_LONGEST + 1), b""))
                first = next((text for text in texts if text[1].strip()), None)
                if first is None:
                    raise Invalid(f"{self.name} is empty", "name a file with one key a line")
                if first[1].lstrip().startswith("["):
                    raise Invalid(f"{self.name} is one JSON array, which is no stream", _ONE_A_LINE)
                yield from (_of_json if first[1].lstrip().startswith("{") else _of_csv)(first, texts)
        except OSError as error:
            raise Invalid(f"{self.name} cannot be read: {error.strerror}", "name a file that you may read") from None


def _texts(raw: Iterator[bytes]) -> Iterator[tuple[int, str]]:
    """Lines with their numbers. A byte order mark is passed over."""
    for number, line in enumerate(raw, 1):
        if len(line) > _LONGEST:
            raise Invalid(
                f"line {number} is longer than {_LONGEST // 1024} KiB", "a key takes one line, and a short one"
            )
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise Invalid(f"line {number} is not UTF-8 text", "save the file as UTF-8") from None
        if "\0" in text:
            raise Invalid(f"line {number} holds null bytes", "save the file as UTF-8")
        yield number, text


def _of_json(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[Line]:
    yield _object(*first)
    yield from (_object(number, text) for number, text in rest if text.strip())


def _object(number: int, text: str) -> Line:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return Line(number, {}, "it is no JSON object")
    return Line(number, {column.strip().lower(): value for column, value in said.items()})


def _of_csv(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[Line]:
    delimiter = max(_DELIMITERS, key=first[1].count)
    begins = first[0] + 1
    try:
        columns = [column.strip().lower() for column in next(csv.reader([first[1]], delimiter=delimiter, strict=True))]
        if len(set(columns)) < len(columns):
            raise Invalid("line 1 names a column twice", "name each column once")
        rows = csv.reader((text for _, text in rest), delimiter=delimiter, strict=True)
        for cells in rows:
            number, begins = begins, first[0] + 1 + rows.line_num
            if len(cells) == len(columns):
                yield Line(number, dict(zip(columns, cells, strict=True)))
            elif any(cells):
                yield Line(number, {}, f"it has {len(cells)} cells, and line 1 names {len(columns)} columns")
    except csv.Error:
        raise Invalid(f"line {begins} is no CSV", "close its quotes, and double those within") from None
