"""How many keys a page says there are: what was counted as keys came and went is what is there."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain.keys import KeyDraft
from keytui.domain.query import Sort, parse
from keytui.domain.rotation import Reason
from tests.contract.acts import request
from tests.contract.conftest import House

ENVIRONMENTS = ("production", "Production", "staging")
_STEPS = st.lists(st.tuples(st.sampled_from(ENVIRONMENTS), st.booleans()), max_size=6)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_a_total_is_as_many_as_there_are(standing_house: House, steps: list[tuple[str, bool]]) -> None:
    vault = standing_house.vault
    for environment, stays in steps:
        key = vault.create(KeyDraft(f"key-{request()}", environment), request()).key
        if not stays:
            vault.revoke(key.id, None, Reason.LEAVER, "")
    for words in ("", "env:production", "-env:production", "env:staging tenant:none", "env:production flag:never-used"):
        page = vault.page(parse(words), Sort(), 0, 1000)
        assert page.total == len(page.rows), words
