"""A rest issuer as a site's configuration makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from keytui.connectors import build_connectors
from keytui.domain.keys import Key
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Mark
from keytui.issuers.rest.issuer import RestIssuer
from tests.world import NOON

KEY: Final = Key("k1", "checkout", "production", NOON)
EMAIL: Final = "ta-alpha@example.test"
PASSWORD: Final = "right horse battery"
LOGIN: Final = {"preset": "payload", "user": "env:EMAIL", "password": "env:PASSWORD"}
STANDING: Final = Secret("tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4")


def described(entry: Mapping[str, object], secrets: Mapping[str, str]) -> RestIssuer:
    """What `[issuers.platform]` makes; references name these secrets, as they stand when they are asked for."""

    def resolve(reference: Reference) -> Secret:
        return Secret(secrets[reference.name])

    tables = {"platform": {"kind": "rest", **entry}}
    built: Mapping[str, RestIssuer] = build_connectors("issuers", "config.toml", tables, resolve)
    return built["platform"]


def mark_of(value: Secret, reference: object = "") -> Mark:
    return Mark(value.digest(), value.prefix(), str(reference))
