"""A vault beside a platform that makes its keys' values itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

import pytest

from keytui.connectors import build_connectors
from keytui.domain.keys import Key
from keytui.domain.policy import Policies
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.issuers.rest.configuration import preset
from keytui.issuers.rest.issuer import RestIssuer
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.doubles.faults import Faulty
from tests.doubles.reserve import ADMIN_KEY, Reserve
from tests.doubles.served import Stage
from tests.world import StoppedClock, repeatable_randomness

STANDING: Final = Secret("tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4")


@dataclass(frozen=True)
class There:
    """The platform, the line to it, and a vault that has it as its issuer."""

    platform: Reserve
    line: Faulty
    issuer: RestIssuer
    vault: LocalVault

    def brought_in(self, **changes: object) -> Key:
        """A key that was made there by hand."""
        self.platform.keys[self.platform.add("checkout", STANDING.reveal(), ["default"])].update(changes)
        (key,) = (key for key in self.vault.sync("platform").added if key.name == "checkout")
        return key


def without(*calls: str) -> Mapping[str, object]:
    """The platform's description, and in it none of these calls."""
    return {name: value for name, value in preset("reserve-admin").items() if name not in calls}


def a_vault(stage: Stage, profile: Profile, described: Mapping[str, object]) -> There:
    platform = Reserve()
    line = Faulty(platform)

    def resolve(_reference: Reference) -> Secret:
        return Secret(ADMIN_KEY)

    entry = {**described, "kind": "rest", "url": stage.serve(line), "credential": "env:KEY", "timeout": "1s"}
    issuers: Mapping[str, RestIssuer] = build_connectors("issuers", "config.toml", {"platform": entry}, resolve)
    return There(platform, line, issuers["platform"], opened(profile, issuers["platform"]))


def opened(profile: Profile, issuer: RestIssuer) -> LocalVault:
    return LocalVault.open(
        profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: {"platform": issuer}
    )


class Died(BaseException):
    """The process is gone."""


def killed(monkeypatch: pytest.MonkeyPatch, at: str, act: Callable[[], object]) -> None:
    """The platform has made a value, and the process that asked for it was killed in this function of its issuer."""
    with monkeypatch.context() as patched:
        patched.setattr(RestIssuer, at, died)
        with pytest.raises(Died):
            act()


def died(*_answer: object) -> NoReturn:
    raise Died
