"""Times on the command line: ISO 8601 with a Z where a program reads, local to the minute where a person does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from keytui.domain.durations import parse_duration, short
from keytui.domain.errors import Invalid


def iso(at: datetime | None) -> str | None:
    """`2026-11-21T06:37:07.000000Z`, as every JSON of ours has it."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def minute(at: datetime | None, never: str = "never") -> str:
    """`2026-11-21 07:37+01:00 06:37Z`: local, as an option takes it back, with UTC beside; where that is one, once."""
    if at is None:
        return never
    local, utc = at.astimezone(), at.astimezone(UTC)
    if not local.utcoffset():
        return f"{utc:%Y-%m-%d %H:%M}Z"
    return f"{local.isoformat(' ', 'minutes')} {utc:%H:%M}Z"


def ago(at: datetime | None, now: datetime) -> str:
    """`2m ago`, or `never`."""
    return "never" if at is None else f"{short(now - at)} ago"


def age(at: datetime, now: datetime) -> str:
    """`112d`."""
    return short(now - at)


def ahead(at: datetime | None, now: datetime) -> str:
    """`in 99d`, `3d ago` once it is past, or `never`."""
    if at is None:
        return "never"
    return f"in {short(at - now)}" if at > now else ago(at, now)


def before(text: str, now: datetime) -> datetime:
    """A duration back from `now` (`24h`), or a date or time as in ISO 8601, UTC unless it says otherwise."""
    return _moment(text, now, back=True)


def after(text: str, now: datetime) -> datetime:
    """A duration on from `now` (`90d`), or a date or time as in ISO 8601; Invalid when it is past."""
    moment = _moment(text, now, back=False)
    if moment <= now:
        raise Invalid(f"{text!r} is past", "name a time that is still to come, or a duration such as 90d")
    return moment


def expiry(text: str, now: datetime) -> datetime | None:
    """What `--expires` says: as `after`, or `never`."""
    return None if text == "never" else after(text, now)


def _moment(text: str, now: datetime, back: bool) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _counted(text, now, back)
    try:
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise Invalid(f"{text!r} is beyond the years that there are", "write 24h or 90d, or 2026-11-21") from None


def _counted(text: str, now: datetime, back: bool) -> datetime:
    try:
        duration = parse_duration(text)
    except Invalid as error:
        raise Invalid(
            f"{text!r} is neither a duration nor a date", "write 24h or 90d, 2026-11-21, or 2026-11-21T06:30Z"
        ) from error
    return now - duration if back else now + duration


def whole_seconds(duration: timedelta | None) -> int | None:
    """A duration for JSON."""
    return None if duration is None else int(duration.total_seconds())
