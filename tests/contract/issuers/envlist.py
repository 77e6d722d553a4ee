"""An allowlist in a .env file, and a service that reads it when it is reloaded, and not before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from dotenv import dotenv_values

from keytui.domain.secrets import Secret, parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.issuers.reloading import Reload
from tests.contract.issuers.case import Case, mark_of

STANDING = Secret("Zm9yIHRlc3RzIG9ubHksIGFuZCBmb3Igbm90aGluZyE=")
OTHER = Secret("YW5vdGhlciBvbmUsIHdoaWNoIGlzIGxlZnQgYWxvbmU=")


def envlist(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    path, running = directory / "there" / ".env", directory / "running.env"
    path.parent.mkdir()
    path.touch(0o600)
    path.write_text(f"# Reserve\nAPI_KEYS='{STANDING.reveal()}, {OTHER.reveal()}' # the allowlist\nPORT=3003\n")
    shutil.copy(path, running)

    def accepts(value: Secret) -> bool:
        read = dotenv_values(running)
        listed = [item.strip() for item in (read["API_KEYS"] or "").split(",")]
        return value.reveal() in (*listed, read.get("API_KEY"))

    def fall_back_on(value: Secret) -> None:
        path.write_text(f"{path.read_text()}API_KEY={value.reveal()}\n")
        shutil.copy(path, running)

    reload = Reload(("cp", str(path), str(running)), timedelta(seconds=10))
    yield Case(
        issuer=EnvListIssuer("reserve", path, "API_KEYS", parse_format("base64"), ("API_KEY",), reload),
        standing=STANDING,
        mark=mark_of(STANDING),
        accepts=accepts,
        everything=lambda: {each: (each.stat().st_mode, each.read_bytes()) for each in path.parent.iterdir()},
        cut_off=lambda: shutil.rmtree(path.parent),
        fall_back_on=fall_back_on,
    )
