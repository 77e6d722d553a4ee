"""Whatever a neighbour does, in whatever order: a tenant hears the same as before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain.access import Role
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.operators import OperatorDraft
from keytui.domain.reports import Report, SourceKind
from keytui.domain.rotation import Plan, Reason
from keytui.domain.usage import NO_KEY, Caller, Use
from keytui.vault.local.vault import LocalVault
from tests.unit.vault.access.methods import ASKED
from tests.unit.vault.access.two_tenants import TeamVault, Tenant
from tests.world import NOON

Act = Callable[[TeamVault, LocalVault, Tenant, str], object]
"""What a neighbour does: `word` makes it another thing each time."""

ACTS: Final[Mapping[str, Act]] = {
    "create": lambda team, vault, own, word: vault.create(KeyDraft(word, "production"), word),
    "edit": lambda team, vault, own, word: vault.edit(own.key_id, KeyEdit(owner=word)),
    "rotate": lambda team, vault, own, word: vault.plan(own.key_id, Plan(), word),
    "roll back": lambda team, vault, own, word: vault.rollback(own.rotation_id, word),
    "ask for approval": lambda team, vault, own, word: vault.revoke(own.sensitive_id, None, Reason.OTHER, word),
    "deny": lambda team, vault, own, word: vault.deny(own.approval_id, word),
    "disable": lambda team, vault, own, word: vault.disable(own.kept_id, word),
    "enable": lambda team, vault, own, word: vault.enable(own.kept_id, word),
    "acknowledge": lambda team, vault, own, word: vault.acknowledge(own.alert_id, word),
    "make an operator": lambda team, vault, own, word: vault.add_operator(OperatorDraft(word, Role.STAFF)),
    "use": lambda team, vault, own, word: team.flush(
        Use(own.key_id, 1, Caller.called("web-1"), NOON, NOON, NOON, accepted=3, refused=40),
        Use(NO_KEY, 0, Caller.undeclared("203.0.113.7"), NOON, NOON, NOON, refused=40),
    ),
    "tell of it": lambda team, vault, own, word: team.owner.witness(
        Report(f"log {word}", SourceKind.ACCESS_LOG, NOON, NOON, (_use(own),))
    ),
    "look for alerts": lambda team, vault, own, word: team.owner.tend(),
}
HEARD: Final = [method for method in ASKED if method not in {"verdict", "rotation", "tend"}]
"""The verdict hears of refusals that belong to no key, and that is meant so: see decision 15."""


def _use(own: Tenant) -> Use:
    return Use(own.key_id, 2, Caller.called("web-2"), NOON, NOON, NOON, accepted=9)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=6))
def test_a_tenant_hears_nothing_of_what_a_neighbour_does(together: TeamVault, acts: list[str]) -> None:
    acme, globex = (together.tenants[name] for name in ("acme", "globex"))
    before = _heard(together, acme)

    for act in acts:
        with suppress(KeytuiError):  # it may have done so already
            ACTS[act](together, together.as_(globex.admin), globex, f"word-{together.request()}")

    after = _heard(together, acme)
    assert [method for method in HEARD if after[method] != before[method]] == []


def _heard(team: TeamVault, own: Tenant) -> dict[str, str]:
    vault = team.owner.acting_as(own.admin)
    return {method: repr(ASKED[method](vault, own)) for method in HEARD}
