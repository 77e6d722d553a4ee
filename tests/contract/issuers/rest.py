"""The rest issuer by each of its presets: before doubles of the recorded platforms, and a real keytui server."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from keytui.connectors import build_connectors
from keytui.domain.access import Role
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.domain.policy import Policies
from keytui.domain.query import parse, parse_sort
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.issuers.issuer import Issuer, Mark
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.issuers.case import Case
from tests.contract.served import serve, stop_serving
from tests.doubles.parcel import TOKEN, Parcel
from tests.doubles.payload import Payload
from tests.doubles.reserve import ADMIN_KEY, IN_PLACE, Reserve
from tests.doubles.served import Stage
from tests.world import StoppedClock, repeatable_randomness

STANDING: Final = Secret("tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4")


def rest_issuer(entry: Mapping[str, object], secrets: Mapping[str, str]) -> Issuer:
    """What the configuration makes of a table; its references name these secrets."""

    def resolve(reference: Reference) -> Secret:
        return Secret(secrets[reference.name])

    built: dict[str, Issuer] = dict(
        build_connectors("issuers", "config.toml", {"platform": {"kind": "rest", **entry}}, resolve)
    )
    return built["platform"]


def payload_by_login(_directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    access = {"user": "env:EMAIL", "password": "env:PASSWORD"}
    yield _payload(request, access, {"EMAIL": "ta-alpha@example.test", "PASSWORD": "right horse battery"})


def payload_by_key(_directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    yield _payload(request, {"credential": "env:KEY"}, {"KEY": "tk_bdgzvpji29cedw5wzbrpifm2y04370fs"})


def _payload(request: pytest.FixtureRequest, access: Mapping[str, object], known: Mapping[str, str]) -> Case:
    stage: Stage = request.getfixturevalue("stage")
    payload = Payload()
    payload.add("ours", "tk_bdgzvpji29cedw5wzbrpifm2y04370fs")
    number = payload.add("checkout", STANDING.reveal(), scopeType="read_only")
    issuer = rest_issuer({"preset": "payload", "url": stage.serve(payload), **access}, known)
    return Case(
        issuer=issuer,
        standing=STANDING,
        mark=Mark(STANDING.digest(), STANDING.prefix(), str(number)),
        accepts=lambda value: payload.accepts(value.reveal()),
        everything=lambda: json.dumps(payload.keys),
        cut_off=stage.stop,
    )


def reserve_admin(_directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    yield _reserve(request, {"preset": "reserve-admin"})


def in_place(_directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    """A platform that gives a key another value, and makes no second one beside it."""
    yield _reserve(request, IN_PLACE)


def _reserve(request: pytest.FixtureRequest, entry: Mapping[str, object]) -> Case:
    stage: Stage = request.getfixturevalue("stage")
    reserve = Reserve()
    id_ = reserve.add("checkout", STANDING.reveal(), ["default"])
    issuer = rest_issuer({**entry, "url": stage.serve(reserve), "credential": "env:KEY"}, {"KEY": ADMIN_KEY})
    return Case(
        issuer=issuer,
        standing=STANDING,
        mark=Mark(STANDING.digest(), STANDING.prefix(), id_),
        accepts=lambda value: reserve.accepts(value.reveal()),
        everything=reserve.stored,
        cut_off=stage.stop,
    )


def keytui_server(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    profile = Profile("there", directory / "vault", Actor("ada", "bastion-2"))
    vault = LocalVault.open(profile, StoppedClock(), repeatable_randomness(3), Policies())
    token = vault.add_operator(OperatorDraft("another-keytui", Role.SUPER_ADMIN)).token
    standing = vault.create(KeyDraft("checkout", "production", owner="payments"), "by-hand")
    issuer = rest_issuer(
        {"preset": "keytui", "url": serve(vault).url, "credential": "env:TOKEN"}, {"TOKEN": token.reveal()}
    )
    yield Case(
        issuer=issuer,
        standing=standing.secret,
        mark=Mark(standing.secret.digest(), standing.secret.prefix(), standing.key.id),
        accepts=lambda value: vault.check(value, (), UNKNOWN_CALLER).valid,
        everything=lambda: vault.page(parse(""), parse_sort("name"), 0, 1000),
        cut_off=stop_serving,
    )
    vault.close()


def parcel(_directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    """A platform that a site describes itself, with the description that the guide shows."""
    stage: Stage = request.getfixturevalue("stage")
    platform = Parcel()
    for title in ("billing", "search"):
        platform.add(title, f"pc-{title}-0123456789abcdef")
    uid = platform.add("checkout", STANDING.reveal(), ["parcels:read"])
    page = Path(__file__).parents[3] / "docs" / "guide" / "issuer-rest.md"
    shown = tomllib.loads(page.read_text().split("```toml\n")[1].split("```")[0])["issuers"]["parcel"]
    issuer = rest_issuer({**shown, "url": f"{stage.serve(platform)}/v2"}, {"PARCEL_ADMIN_TOKEN": TOKEN})
    yield Case(
        issuer=issuer,
        standing=STANDING,
        mark=Mark(STANDING.digest(), STANDING.prefix(), uid),
        accepts=lambda value: platform.accepts(value.reveal()),
        everything=lambda: json.dumps([platform.keys, platform.values]),
        cut_off=stage.stop,
    )
