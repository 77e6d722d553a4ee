"""AWS Secrets Manager as moto has it: a server on a free port of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import boto3

REGION: Final = "eu-central-1"


class SecretsManager:
    """What a site does there by hand."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._client = boto3.client(
            "secretsmanager",
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def create(self, name: str, content: str) -> None:
        self._client.create_secret(Name=name, SecretString=content)

    def create_empty(self, name: str) -> None:
        self._client.create_secret(Name=name)

    def put(self, name: str, content: str) -> str:
        """Somebody else makes a version the one in use; its id. By its label: moto forgets the others' otherwise."""
        version = self.begin(name, content)
        current = self._client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")["VersionId"]
        for label, ends in (
            ("AWSCURRENT", {"MoveToVersionId": version, "RemoveFromVersionId": current}),
            ("AWSPENDING", {"RemoveFromVersionId": version}),
        ):
            self._client.update_secret_version_stage(SecretId=name, VersionStage=label, **ends)
        return version

    def begin(self, name: str, content: str) -> str:
        """A version of somebody else's that nobody reads yet; its id."""
        made: str = self._client.put_secret_value(SecretId=name, SecretString=content, VersionStages=["AWSPENDING"])[
            "VersionId"
        ]
        return made

    def content(self, name: str, label: str = "AWSCURRENT") -> str:
        """What a consumer reads."""
        found: str = self._client.get_secret_value(SecretId=name, VersionStage=label)["SecretString"]
        return found

    def labels(self, name: str) -> Mapping[str, frozenset[str]]:
        """The labels of each version that has any."""
        found = self._client.describe_secret(SecretId=name)["VersionIdsToStages"]
        return {version: frozenset(labels) for version, labels in found.items() if labels}

    def delete(self, name: str) -> None:
        self._client.delete_secret(SecretId=name)


@contextmanager
def secrets_manager() -> Iterator[SecretsManager]:
    """A server until the end of the block."""
    from moto.server import ThreadedMotoServer  # here: it takes seconds, and every process collects every test

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield SecretsManager(server.get_host_and_port()[1])
    finally:
        server.stop()
