"""A log looked through for the secrets of a vault, beside `grep -F` with the same secrets on its standard input.

Processor time of one core each: of ours in this process, of grep in its own.
"""

from __future__ import annotations

import random
import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.recognition import Kept, Mark, Recogniser
from keytui.domain.secrets import FORMATS, Secret
from keytui.probes.scan import Scan
from tests.benchmarks.ratio import Ratio, medians

ROUNDS: Final = 5
SIZE: Final = 100_000_000
KEYS: Final = 500
_PEPPER: Final = b"p" * 32
_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36"


def ratios() -> Iterator[Ratio]:
    """A vault of one issuer's keys, one of several issuers' or imported ones, and one with a weak value beside."""
    draw = random.Random(1)  # noqa: S311  # the same log in every run
    ours = [FORMATS["tk"].mint(draw.randbytes) for _ in range(KEYS)]
    others = [FORMATS["base64"].mint(draw.randbytes) for _ in range(KEYS)]
    weak = Secret("hunter-two!")
    kept = [Kept("weak", 1, weak.keyed_digest(_PEPPER))]
    with TemporaryDirectory() as home:
        log = Path(home) / "access.log"
        _write(log, draw, ours[7])
        for what, secrets, recogniser in (
            (f"{KEYS} keys of one format", ours, Recogniser(marks=_marks(ours))),
            (f"{KEYS} more of random values", [*ours, *others], Recogniser(marks=_marks([*ours, *others]))),
            (f"{KEYS} keys and a weak one", [*ours, weak], Recogniser((), _PEPPER, _marks(ours), kept)),
        ):
            seconds, grep = medians([(_scan(log, recogniser), _grep(log, secrets)) for _ in range(ROUNDS)])
            yield Ratio(f"a MB of a log, {what} ({1 / seconds:,.0f} MB/s)", seconds, "`grep -F`", grep)


def _marks(secrets: Sequence[Secret]) -> list[Mark]:
    return [Mark(f"key{number}", 1, one.digest(), one.prefix()) for number, one in enumerate(secrets)]


def _write(log: Path, draw: random.Random, leaked: Secret) -> None:
    with log.open("w") as out:
        while out.tell() < SIZE:
            out.writelines(
                f'10.0.{draw.randrange(99)}.7 - - [20/Nov/2026:12:00:00 +0000] "GET /v1/bookings/'
                f'{draw.randrange(10**8)} HTTP/1.1" 200 {draw.randrange(9999)} "-" "{_AGENT}" "{leaked.prefix()}"\n'
                for _ in range(1000)
            )
        out.write(f"GET /?key={leaked.reveal()}\n")


def _scan(log: Path, recogniser: Recogniser) -> float:
    """Seconds a MB."""
    began = time.process_time()
    hits = list(Scan(recogniser, lambda _: None).over([log]))
    spent = time.process_time() - began
    assert len(hits) == 1
    return spent / (log.stat().st_size / 1e6)


def _grep(log: Path, secrets: Sequence[Secret]) -> float:
    """The same of grep, which reads what it looks for on its standard input."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    patterns = "\n".join(secret.reveal() for secret in secrets)
    subprocess.run(["grep", "-F", "-c", "-f", "-", str(log)], input=patterns.encode(), capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / (log.stat().st_size / 1e6)
