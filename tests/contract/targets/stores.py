"""Targets elsewhere: real servers on this machine, each behind a line that can be cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from keytui.domain.fields import Fields
from keytui.domain.references import Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.targets.aws import aws_target
from keytui.targets.github import github_target
from keytui.targets.hashicorp import hashicorp_target
from keytui.targets.redis import redis_target
from keytui.targets.target import Target
from keytui.targets.webhook_target import webhook_target
from tests.contract.targets.case import OLD, Case
from tests.faulty_line import FaultyLine
from tests.github_double import REPOSITORY, TOKEN, github
from tests.openbao import ROOT_TOKEN, OpenBao
from tests.redis_server import RedisProcess
from tests.secrets_manager import REGION, SecretsManager
from tests.webhook_receiver import PATH, SECRET, receiving

_CREDENTIALS: Final = {"T": ROOT_TOKEN, "A": "testing", "G": TOKEN, "S": SECRET}


def hashicorp(directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    bao = request.getfixturevalue("bao")
    assert isinstance(bao, OpenBao)
    path = f"{directory.parent.name}/{directory.name}/checkout"
    bao.put(path, {"API_KEY": OLD.reveal(), "OWNER": "ops"})

    def consumed() -> Secret | None:
        assert bao.data(path)["OWNER"] == "ops", "what stands beside it is left as it is"
        return Secret(bao.data(path)["API_KEY"])

    with FaultyLine(bao.port) as line:
        table = {"address": line.url, "path": path.replace("checkout", "{name}"), "field": "API_KEY", "token": "env:T"}
        target = _built(hashicorp_target, table)
        yield Case(target, consumed, lambda: (bao.number(path), bao.data(path)), line.cut_off)


def aws(directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    yield from _aws(directory, request, OLD.reveal(), {})


def aws_field(directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    """One field of a secret that is a JSON object."""
    yield from _aws(directory, request, f'{{"OWNER": "ops", "API_KEY": "{OLD.reveal()}"}}', {"field": "API_KEY"})


def _aws(directory: Path, request: pytest.FixtureRequest, content: str, more: Mapping[str, str]) -> Iterator[Case]:
    server = request.getfixturevalue("aws_server")
    assert isinstance(server, SecretsManager)
    name = f"{directory.parent.name}/{directory.name}/checkout"
    server.create(name, content)
    table = {
        "region": REGION,
        "secret_id": name.replace("checkout", "{name}"),
        "access_key_id": "env:A",
        "secret_access_key": "env:A",
        **more,
    }
    with FaultyLine(server.port) as line:
        target = _built(aws_target, {**table, "endpoint_url": line.url})
        yield Case(
            target,
            lambda: Secret(_field(server.content(name), more.get("field"))),
            lambda: (server.labels(name), server.content(name)),
            line.cut_off,
        )


def github_actions(_directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    with github() as hub, FaultyLine(hub.port) as line:
        hub.secrets["", "API_KEY"] = OLD.reveal()
        table = {"repository": REPOSITORY, "secret": "API_KEY", "token": "env:G", "url": line.url}
        target = _built(github_target, table)
        yield Case(
            target,
            lambda: Secret(hub.secrets["", "API_KEY"]),
            lambda: dict(hub.secrets),
            line.cut_off,
            knows_order=False,
        )


def redis(directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    yield from _redis(directory, request, {})


def redis_field(directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    """One field of a hash."""
    yield from _redis(directory, request, {"field": "API_KEY"})


def _redis(directory: Path, request: pytest.FixtureRequest, more: Mapping[str, str]) -> Iterator[Case]:
    server = request.getfixturevalue("redis_process")
    assert isinstance(server, RedisProcess)
    name = f"{directory.name}:checkout"
    with server.client as client, FaultyLine(server.port) as line:
        if more:
            client.hset(name, "API_KEY", OLD.reveal())
        else:
            client.set(name, OLD.reveal())

        def consumed() -> Secret | None:
            found = client.hget(name, "API_KEY") if more else client.get(name)
            return Secret(found.decode()) if isinstance(found, bytes) else None

        table = {"url": f"redis://127.0.0.1:{line.port}", "key": f"{directory.name}:{{name}}", **more}
        yield Case(
            _built(redis_target, table),
            consumed,
            lambda: {key: client.dump(key) for key in client.scan_iter(f"{directory.name}:*")},
            line.cut_off,
        )


def webhook(_directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    """Its receiver leaves out what it has, by the message's id."""
    with receiving() as receiver, FaultyLine(receiver.port) as line:
        table = {"url": line.url + PATH, "secret": "env:S", "allow_private": True}
        target = _built(webhook_target, table)
        yield Case(
            target,
            lambda: Secret(json.loads(receiver.bodies[-1])["data"]["secret"]) if receiver.bodies else None,
            lambda: dict(zip(receiver.ids, (json.loads(body)["data"] for body in receiver.bodies), strict=True)),
            line.cut_off,
            knows_order=False,
        )


def _field(content: str, name: str | None) -> str:
    """The field of a JSON object, beside which everything is as it was; all of what is none."""
    if name is None:
        return content
    found: dict[str, str] = json.loads(content)
    assert found["OWNER"] == "ops"
    return found[name]


def _built(make: Callable[[str, Fields, Resolve], Target], table: Mapping[str, object]) -> Target:
    def resolve(reference: Reference) -> Secret:
        return Secret(_CREDENTIALS[reference.name])

    return make("there", Fields("config.toml: [targets.there]", {"kind": "a kind", **table}), resolve)
