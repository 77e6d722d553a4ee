"""The issuers that the contract holds for. A new kind is one more maker in a module of its own, and one line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.contract.issuers import envlist, redis, rest
from tests.contract.issuers.case import Case, Maker
from tests.contract.own_connectors import own_issuer
from tests.doubles.served import Stage

MAKERS: Mapping[str, Maker] = {
    "redis": redis.redis,
    "envlist": envlist.envlist,
    "payload-by-login": rest.payload_by_login,
    "payload-by-key": rest.payload_by_key,
    "reserve-admin": rest.reserve_admin,
    "in place": rest.in_place,
    "keytui-server": rest.keytui_server,
    "made-up": rest.parcel,
    "the guide's": own_issuer,
}


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """This process's one server for doubles."""
    with Stage() as stage:
        yield stage


@pytest.fixture(params=list(MAKERS))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    """An issuer of each kind."""
    yield from MAKERS[request.param](tmp_path, request)
