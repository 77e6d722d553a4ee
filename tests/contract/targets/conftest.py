"""The targets that the contract holds for. A new kind is one more maker in a module of its own, and one line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import openbao, redis_server, secrets_manager
from tests.contract.own_connectors import own_target
from tests.contract.targets import local, stores
from tests.contract.targets.case import Case, Maker

MAKERS: Mapping[str, Maker] = {
    "file": local.file,
    "file with every option": local.followed_file,
    "dotenv": local.dotenv,
    "dotenv in two files": local.dotenv_in_two_files,
    "sealed-file": local.sealed_file,
    "command": local.command,
    "command that only takes": local.command_that_only_takes,
    "hashicorp": stores.hashicorp,
    "aws": stores.aws,
    "aws, a field": stores.aws_field,
    "github": stores.github_actions,
    "redis": stores.redis,
    "redis, a field": stores.redis_field,
    "webhook": stores.webhook,
    "the guide's": own_target,
}


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openbao.OpenBao]:
    """A KV engine that the tests share; each has a path of its own."""
    with openbao.openbao(tmp_path_factory.mktemp("openbao")) as server:
        yield server


@pytest.fixture(scope="module")
def aws_server() -> Iterator[secrets_manager.SecretsManager]:
    """A Secrets Manager that the tests share; each has a secret of its own."""
    with secrets_manager.secrets_manager() as server:
        yield server


@pytest.fixture(scope="module")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.RedisProcess]:
    """A Redis that the tests share; each has names of its own."""
    with redis_server.redis_server(tmp_path_factory.mktemp("redis"), port=redis_server.free_port()) as process:
        yield process


@pytest.fixture(params=list(MAKERS))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    """A target of each kind."""
    yield from MAKERS[request.param](tmp_path, request)
