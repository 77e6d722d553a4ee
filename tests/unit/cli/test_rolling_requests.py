"""No request fails while a key of another issuer is rotated, however its consumers and its service read it.

With 10,000 requests for each: `python -m tests.benchmarks.rolling`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rolling import SERVICES, key_to_rotate, rotated_under_requests
from tests.unit.cli.conftest import Commands


@pytest.mark.parametrize("kind", list(SERVICES))
def test_no_request_fails_during_a_rolling_rotation(keytui: Commands, tmp_path: Path, kind: str) -> None:
    with SERVICES[kind](tmp_path) as service:
        keytui.home.mkdir(mode=0o700)
        config = keytui.home / "config.toml"
        config.touch(0o600)
        config.write_text(service.tables)
        keytui("sync")
        key = key_to_rotate([str(one["name"]) for one in keytui("list", "--json").items])
        keytui("edit", key, "--target", "consumers")

        requests = rotated_under_requests(keytui, service, key, each=25)

        assert requests.failed == []
        old, new = requests.asked
        assert requests.count >= 100
        assert not service.lets_in(old)
        assert service.lets_in(new)
        keytui("drift", key)
        keytui("sync")
