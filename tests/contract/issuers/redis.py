"""HyperCode's key store on a real redis-server, with keys as HyperCode was recorded to write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.issuers.fallback import Fallback
from keytui.issuers.redis import RedisIssuer
from keytui.redis_address import RedisAddress
from keytui.redis_line import RedisServer
from tests.contract.issuers.case import Case, mark_of
from tests.redis_server import RedisProcess, redis_server
from tests.world import StoppedClock

STANDING = Secret("hk_fkbeylrFQ8r4RuMarSdbpwTjL2rS9y9UGUsJRilEsgg")
RECORDED = (
    '{"key":"hk_fkbeylrFQ8r4RuMarSdbpwTjL2rS9y9UGUsJRilEsgg","created_at":"2026-11-20T23:14:34.308607+00:00",'
    '"revoked":false,"label":"2024-Q1-Rotation"}'
)


def nothing_named(reference: Reference) -> Secret:
    raise AssertionError(f"{reference} is not to be asked for")


def everything(server: RedisProcess) -> dict[bytes, object]:
    client = server.client
    return {
        name: sorted(client.smembers(name)) if client.type(name) == b"set" else client.get(name)
        for name in client.scan_iter()
    }


def redis(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    falls_back_on: list[Secret] = []
    with redis_server(directory) as server:
        server.client.sadd("api_keys:active", STANDING.reveal())
        server.client.set(f"api_key:{STANDING.reveal()}:meta", RECORDED)
        at = RedisServer(RedisAddress(path=str(server.path)), timeout=timedelta(seconds=5))
        fallback = Fallback("env:API_KEY", lambda: falls_back_on[-1] if falls_back_on else None)
        yield Case(
            issuer=RedisIssuer("hypercode", at, nothing_named, fallback, StoppedClock()),
            standing=STANDING,
            mark=mark_of(STANDING),
            accepts=lambda value: (
                bool(server.client.sismember("api_keys:active", value.reveal())) or value in falls_back_on
            ),
            everything=lambda: everything(server),
            cut_off=server.stop,
            fall_back_on=falls_back_on.append,
        )
