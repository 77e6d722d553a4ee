"""`keytui alerts --send`: a place that takes nothing does not hold everything else up."""

from __future__ import annotations

import json
from pathlib import Path

from keytui.cli.exits import Exit
from keytui.clock import utc_now
from tests.unit.cli.conftest import Commands


def test_a_place_that_takes_nothing_is_left_alone_until_the_next_look(keytui: Commands, tmp_path: Path) -> None:
    secrets = [keytui.created(f"key-{number}") for number in range(5)]
    lines = [json.dumps({"t": utc_now().isoformat(), "s": 200, "u": f"/?key={secret}"}) for secret in secrets]
    log = tmp_path / "edge.log"
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    keytui("ingest", str(log))
    configuration = keytui.home / "config.toml"
    configuration.write_text('[alerts]\ncommand = ["false"]\n', encoding="utf-8")
    configuration.chmod(0o600)

    tried = [keytui("alerts", "--send", code=Exit.PARTLY).err.count("was not sent") for _ in range(2)]

    assert tried == [3, 2]
