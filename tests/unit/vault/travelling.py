"""Everything that travels between a remote vault and its server, as a property test draws it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_type_hints

from hypothesis import strategies as st

from keytui.domain.recognition import Recogniser
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.domain.secrets import Secret
from keytui.vault.protocol import Auditing, Automating, Governing, Vault

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(int, st.integers(-(2**62), 2**62))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(Secret, TEXT.map(Secret))
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(timedelta, st.timedeltas(timedelta(), timedelta(days=4000)))
st.register_type_strategy(
    Plan,
    st.one_of(
        st.builds(Plan, st.just(Strategy.ROLLING), st.none(), st.just(Reason.SCHEDULED), TEXT, st.none(), TEXT),
        st.builds(Plan, st.just(Strategy.EMERGENCY), st.sampled_from(First), st.just(Reason.LEAVER)),
        st.builds(Plan, overlap=st.timedeltas(timedelta(seconds=1), timedelta(days=400))),
    ),
)


def answers() -> list[object]:
    """What the methods of the protocol answer with, each once."""
    found: list[object] = []
    for part in (Vault, Governing, Automating, Auditing):
        for name in dir(part):
            hints = get_type_hints(getattr(part, name)) if not name.startswith("_") else {}
            answer = hints.get("return", type(None))
            if answer not in (type(None), Recogniser) and answer not in found:
                found.append(answer)
    return found
