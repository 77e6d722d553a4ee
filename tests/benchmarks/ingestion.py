"""Lines of an access log, read and added up, beside a loop that does nothing but take each line apart.

From the file to the reports: their transactions in the vault are not in it. Processor time, so that a line's cost is
what one core spends on it.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.cli.ingesting import rarely_collected
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.recognition import Recogniser
from keytui.domain.secrets import FORMATS, fingerprint
from keytui.domain.verification import Credential
from keytui.probes.access_log import AccessLog
from tests.benchmarks.ratio import Ratio, medians

ROUNDS: Final = 7
LINES: Final = 100_000
KEYS: Final = 1_000
BUSY_KEYS: Final = 50
"""Of the keys, those that the log's requests carry."""
_BEGIN: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
    "curl/7.88.1",
    "python-httpx/0.27.0",
    "booking-worker/3.1 (+https://example.com)",
)
_COMBINED: Final = re.compile(r'(\S+) \S+ (\S+) \[([^\]]+)\] "([^"]*)" (\d{3}) (\S+) "([^"]*)" "([^"]*)" "([^"]*)"')


def ratios() -> Iterator[Ratio]:
    """One line of each format."""
    draw = random.Random(1)  # noqa: S311  # the same log in every run
    recogniser, prefixes = _keys(draw)
    with TemporaryDirectory() as home:
        for name, write, take_apart in (
            ("JSON", _json_line, json.loads),
            ("combined", _combined_line, _COMBINED.match),
        ):
            file = Path(home) / f"{name}.log"
            with file.open("w") as out:
                out.writelines(write(number, draw, prefixes) + "\n" for number in range(LINES))
            pairs = [(_ours(file, recogniser), _bare(file, take_apart)) for _ in range(ROUNDS)]
            ours, theirs = medians(pairs)
            baseline = "json.loads" if name == "JSON" else "one regular expression"
            yield Ratio(f"a line of a {name} log, {1 / ours:,.0f} lines/s", ours, f"a bare loop of {baseline}", theirs)


def _keys(draw: random.Random) -> tuple[Recogniser, list[str]]:
    """A recogniser of them all, and the prefixes of the busy ones."""
    secrets = [FORMATS["tk"].mint(draw.randbytes) for _ in range(KEYS)]
    credentials = []
    for number, secret in enumerate(secrets):
        prefix, digest = secret.prefix(), secret.digest()
        version = Version(1, VersionState.ACTIVE, _BEGIN, prefix, fingerprint(digest))
        credentials.append(Credential(digest, False, Key(str(number), str(number), "production", _BEGIN), version))
    return Recogniser(credentials), [secret.prefix() for secret in secrets[:BUSY_KEYS]]


def _ours(file: Path, recogniser: Recogniser) -> float:
    log = AccessLog("log benchmark", [file])
    began = time.process_time()
    with rarely_collected():
        for _ in log.ask(recogniser, {}, _BEGIN + timedelta(days=1)):
            pass
    spent = time.process_time() - began
    assert log.counts[str(file)].lines == LINES
    return spent / LINES


def _bare(file: Path, take_apart: Callable[[str], object]) -> float:
    began = time.process_time()
    with file.open() as lines:
        for line in lines:
            take_apart(line)
    return (time.process_time() - began) / LINES


def _json_line(number: int, draw: random.Random, prefixes: list[str]) -> str:
    record = {
        "t": (_BEGIN + timedelta(seconds=number // 800)).isoformat(),
        "ip": _address(draw),
        "m": "GET",
        "u": _path(draw),
        "s": _status(draw),
        "rt": 0.007,
        "key_prefix": draw.choice(prefixes),
        "ua": draw.choice(_AGENTS),
    }
    return json.dumps(record, separators=(",", ":"))


def _combined_line(number: int, draw: random.Random, prefixes: list[str]) -> str:
    at = f"{_BEGIN + timedelta(seconds=number // 800):%d/%b/%Y:%H:%M:%S +0000}"
    request = f'"GET {_path(draw)} HTTP/1.1" {_status(draw)} {draw.randrange(9000)}'
    return f'{_address(draw)} - - [{at}] {request} "-" "{draw.choice(_AGENTS)}" "{draw.choice(prefixes)}"'


def _address(draw: random.Random) -> str:
    return f"10.0.{draw.randrange(4)}.{draw.randrange(5)}"


def _path(draw: random.Random) -> str:
    return f"/v1/bookings/{draw.randrange(100_000)}?page={draw.randrange(9)}"


def _status(draw: random.Random) -> int:
    return draw.choice((200,) * 20 + (404, 401, 500))
