"""One variable in the text of a .env file: read it, change it, and keep everything else as it is, byte for byte.

Read as python-dotenv reads it. A file that is not UTF-8 comes in and goes out decoded with `surrogateescape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret

_BYTE_ORDER_MARK: Final = "\ufeff"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_BLANKS: Final = re.compile(r"\s*")
_BLANKS_IN_LINE: Final = re.compile(r"[^\S\r\n]*")
_EXPORT: Final = re.compile(r"(?:export[^\S\r\n]+)?")
_NAME: Final = re.compile(r"([^=#\s]+)")
_QUOTED_NAME: Final = re.compile(r"'([^']+)'")
_EQUALS: Final = re.compile(r"=[^\S\r\n]*")
_QUOTED: Final = {
    "'": re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL),
    '"': re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL),
}
_ESCAPES: Final = {"'": re.compile(r"\\([\\'])"), '"': re.compile(r"\\([\\'\"abfnrtv])")}
_ESCAPED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REST_OF_LINE: Final = re.compile(r"[^\r\n]*")
_COMMENT: Final = re.compile(r"(?:[^\S\r\n]*#[^\r\n]*)?")
_END_OF_LINE: Final = re.compile(r"[^\S\r\n]*(?:\r\n|\n|\r|$)")
_BEYOND_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_LINE_BREAK: Final = re.compile(r"\r\n|\n|\r")
_COMMENT_BEGINS: Final = re.compile(r"(?<=\s)#")

_MEANS_ITSELF: Final = {
    "": re.compile(r"[A-Za-z0-9_./:@%+,=~^-]*"),
    "'": re.compile(r"(?:[^'\\\x00\r]|\\(?![\\']|\Z))*"),
    '"': re.compile(r'[^"\\$`\x00\r]*'),
}
"""By the quotes around it: what every reader takes as it stands, be it a library, a shell or a service."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands between two places of the text: an assignment, or something else."""

    begins: int
    beyond: int
    name: str | None = None
    """None of a comment, of blanks, and of what cannot be read."""
    value: str | None = field(default=None, repr=False)
    """None where nothing is assigned."""
    value_begins: int = 0
    value_ends: int = 0
    """Its quotes are inside."""
    readable: bool = True


def value_in(text: str, variable: str) -> Secret | None:
    """What the variable is set to; None when it is not.

    Invalid when it is set twice, of which readers take one or the other, in backticks, which some take for quotes, or
    in a line that cannot be read.
    """
    line = _the_assignment(text, variable)
    return None if line is None or line.value is None else Secret(line.value)


def with_value(text: str, variable: str, value: Secret) -> str:
    """The text with the variable set to a value, in its place and quotes where it is there, else in a line at the end.

    Invalid where `value_in` is, and for a value that no quotes carry to every reader as it is.
    """
    line = _the_assignment(text, variable)
    if line is None:
        break_ = _line_break(text)
        between = "" if not text.removeprefix(_BYTE_ORDER_MARK) or text[-1] in "\r\n" else break_
        changed = f"{text}{between}{variable}={_written(variable, value)}{break_}"
    else:
        stands = text[line.value_begins : line.value_ends]
        changed = text[: line.value_begins] + _written(variable, value, stands) + text[line.value_ends :]
    return _proven(changed, variable, value)


def without_variable(text: str, variable: str) -> str:
    """The text without the line that sets the variable. Invalid where `value_in` is."""
    line = _the_assignment(text, variable)
    if line is None:
        return text
    before = text[: line.begins]
    indented = len(before) - len(before.rstrip(" \t"))
    return _proven(before[: len(before) - indented] + text[line.beyond :], variable, None)


def checked_variable(name: str) -> str:
    """The name, if every reader takes it for one; else Invalid."""
    if not _VARIABLE.fullmatch(name):
        raise Invalid("a variable's name is letters, digits and underscores", 'as in "API_KEYS"')
    return name


def _the_assignment(text: str, variable: str) -> _Line | None:
    checked_variable(variable)
    sets = re.compile(rf"(?:^|(?<=\r))[^\S\r\n]*(?:export\s+)?'?{variable}'?\s*=", re.MULTILINE)
    lines = list(_lines(text))
    for line in lines:
        if not line.readable and sets.search(text[line.begins : line.beyond]):
            raise Invalid(
                f"line {_number(text, line.begins)} sets {variable} in a way that cannot be read",
                "close its quotes, and leave nothing after them but a comment",
            )
    found = [line for line in lines if line.name == variable and line.value is not None]
    before = [line for line in lines if not line.readable and (not found or line.begins < found[0].begins)]
    if opened := next((line for line in before if _opens_a_quote(text[line.begins : line.beyond])), None):
        raise Invalid(
            f"line {_number(text, opened.begins)} opens a quote that nothing closes",
            f"close it: some readers take {variable} for a part of that value",
        )
    if len(found) > 1:
        numbers = ", ".join(str(_number(text, line.begins)) for line in found)
        raise Invalid(
            f"{variable} is set more than once, in lines {numbers}: readers differ in which one they take",
            "leave one of these lines",
        )
    if found and text.startswith("`", found[0].value_begins):
        raise Invalid(
            f"line {_number(text, found[0].begins)} sets {variable} in backticks, which some readers take for quotes",
            "put it in single quotes",
        )
    return found[0] if found else None


def _opens_a_quote(line: str) -> bool:
    """Whether a line's value begins in quotes that the line does not close."""
    value = line.partition("=")[2].lstrip()
    return value[:1] in {"'", '"', "`"} and value.count(value[0]) == 1


def _proven(changed: str, variable: str, value: Secret | None) -> str:
    """The changed text, if it reads as it was meant: an open quote elsewhere may swallow what was written."""
    try:
        proven = value_in(changed, variable) == value
    except Invalid:
        proven = False
    if not proven:
        raise Invalid(f"{variable} cannot be set: something before it swallows it", "close every quote in the file")
    return changed


def _written(variable: str, value: Secret, before: str = "") -> str:
    """The value as it is to stand in the file, in the quotes of what stood there before, if it can."""
    plain, quote = value.reveal(), before[:1] if before[:1] in _QUOTED else ""
    if "${" not in plain:
        for around in (quote, "'", '"'):
            if _MEANS_ITSELF[around].fullmatch(plain):
                return f"{around}{plain}{around}"
            if not around and before and _as_bare(plain, before):
                return plain
    raise Invalid(
        f"the value for {variable} holds quotes, backslashes or dollars that readers take differently",
        "deliver it another way, or choose a value of letters and digits",
    )


def _as_bare(plain: str, before: str) -> bool:
    """Whether a value stands without quotes as the one before it did: blanks after commas, which its readers know."""
    unusual = set(_MEANS_ITSELF[""].sub("", plain))
    return unusual <= set(before) and plain == plain.strip()


def _line_break(text: str) -> str:
    found = _LINE_BREAK.search(text)
    return found[0] if found else "\n"


def _number(text: str, at: int) -> int:
    return 1 + sum(1 for _ in _LINE_BREAK.finditer(text, 0, at))


def _lines(text: str) -> Iterator[_Line]:
    at = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0
    while at < len(text):
        line = _line(text, at)
        yield line
        at = line.beyond


class _Unreadable(Exception):
    """What stands here is no line of such a file."""


class _Cursor:
    """A place in the text that moves on over what it finds."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Unreadable
        self.at = match.end()
        return match

    def next_is(self, character: str) -> bool:
        return self.text.startswith(character, self.at)


def _line(text: str, at: int) -> _Line:
    cursor = _Cursor(text, at)
    cursor.take(_BLANKS)
    begins = cursor.at
    if begins == len(text):
        return _Line(at, begins)
    try:
        return _assignment(cursor, begins)
    except _Unreadable:
        cursor.take(_BEYOND_LINE)
        return _Line(begins, cursor.at, readable=False)


def _assignment(cursor: _Cursor, begins: int) -> _Line:
    cursor.take(_EXPORT)
    name = None
    if not cursor.next_is("#"):
        name = cursor.take(_QUOTED_NAME if cursor.next_is("'") else _NAME)[1]
    cursor.take(_BLANKS_IN_LINE)
    value, value_begins = None, cursor.at
    if cursor.next_is("="):
        value_begins = cursor.at + 1
        blank = cursor.take(_EQUALS).end() > value_begins
        if blank and cursor.next_is("#"):  # no value at all: a new one stands before the blanks
            value, cursor.at = "", value_begins
        else:
            value_begins = cursor.at
            value = _value(cursor)
    value_ends = cursor.at
    cursor.take(_COMMENT)
    cursor.take(_END_OF_LINE)
    return _Line(begins, cursor.at, name, value, value_begins, value_ends)


def _value(cursor: _Cursor) -> str:
    quote = cursor.text[cursor.at : cursor.at + 1]
    if quote in _QUOTED:
        inside = cursor.take(_QUOTED[quote])[1]
        return _ESCAPES[quote].sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), inside)
    begins, rest = cursor.at, cursor.take(_REST_OF_LINE)[0]
    comment = _COMMENT_BEGINS.search(rest)
    value = rest[: comment.start() if comment else None].rstrip()
    cursor.at = begins + len(value)
    return value
