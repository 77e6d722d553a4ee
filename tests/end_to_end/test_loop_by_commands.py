"""A rotation from an imported .env to its proof in the log, by commands alone and with real traffic."""

from __future__ import annotations

import json
from pathlib import Path

from keytui.domain.secrets import FORMATS, Randomness
from tests.end_to_end.home import Home
from tests.end_to_end.traffic import IN_FORCE_WITHIN, Service
from tests.world import repeatable_randomness


def write_env(path: Path, randomness: Randomness) -> str:
    """A .env as teams have them; the API key that stands in it."""
    secret = FORMATS["hk"].mint(randomness).reveal()
    path.write_text(f"DEBUG=false\nDATABASE_URL=postgres://app:pw@db/app\nBOOKINGS_API_KEY={secret}\n")
    return secret


def test_from_an_env_file_to_a_revoked_old_key(home: Home, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    old = home.know(write_env(env_file, repeatable_randomness()))

    imported = home.keytui("import", str(env_file), "--env", "production", "--owner", "payments")
    assert "DATABASE_URL" in imported.stderr, "what was left out is named"
    assert home.keytui("import", str(env_file), "--env", "production").stdout.startswith("0 added")
    (key,) = json.loads(home.keytui("list", "--json").stdout)
    name = key["name"]
    assert (key["owner"], key["version"], key["flags"]) == ("payments", 1, ["never-used"])

    with Service(home) as service:
        assert service.accepts(old, "web-1")
        rotated = home.keytui("rotate", name)
        new = home.know(rotated.stdout)
        assert rotated.stdout == rotated.stdout.strip(), "a pipe gets the secret and nothing else"
        assert service.seconds_until(new, accepted=True) < IN_FORCE_WITHIN
        assert service.accepts(old, "web-1"), "both are accepted during the overlap"

        not_safe = home.answer("verdict", name, code=3)
        assert not_safe["verdict"] == "NOT_SAFE"
        reasons = not_safe["reasons"]
        assert isinstance(reasons, list)
        assert any("web-1" in reason["detail"] and reason["verdict"] == "NOT_SAFE" for reason in reasons)
        assert all({"source", "detail", "as_of", "window"} <= reason.keys() for reason in reasons)
        assert "web-1" in home.keytui("retire", name, code=3).stderr, "without SAFE it stays, and the reason is told"
        assert service.accepts(old, "web-1")

        home.keytui("retire", name, "--force", "--note", "web-1 is being restarted")
        assert service.seconds_until(old, accepted=False) < IN_FORCE_WITHIN
        assert service.accepts(new, "web-1")

        home.keytui("complete", name, code=3)
        home.keytui("complete", name, "--force", "--note", "checked by hand")
        assert service.accepts(new, "web-1")
        assert not service.accepts(old, "web-1")

    assert home.answer("verify", stdin=old, code=1)["valid"] is False
    assert home.answer("verify", stdin=new)["version"] == 2
    shown = home.answer("show", name)
    assert (shown["id"], shown["name"], shown["version"], shown["rotation"]) == (key["id"], name, 2, None)
    callers = json.loads(home.keytui("callers", name, "--json").stdout)
    assert {(use["caller"], use["version"]) for use in callers if use["accepted"]} == {("web-1", 1), ("web-1", 2)}

    log = [json.loads(line) for line in home.keytui("audit", "--key", name, "--json").stdout.splitlines()]
    types = [entry["type"] for entry in reversed(log)]
    assert types[0] == "key.imported"
    assert [each for each in types if each.startswith("rotation.")][:3] == [
        "rotation.planned",
        "rotation.issued",
        "rotation.delivered",
    ]
    assert any("checked by hand" in json.dumps(entry["details"]) for entry in log)
    assert home.answer("audit", "verify")["whole"] is True


def test_a_rotation_that_nothing_speaks_against_is_still_unknown_at_first(home: Home) -> None:
    home.create("nightly")
    home.know(home.keytui("rotate", "nightly").stdout)
    unknown = home.answer("verdict", "nightly", code=4)
    assert unknown["verdict"] == "UNKNOWN"
    reasons = unknown["reasons"]
    assert isinstance(reasons, list)
    assert reasons
    assert "no recorder" not in {reason["source"] for reason in reasons}, "one that never was cannot be missed"
    assert "UNKNOWN" in home.keytui("retire", "nightly", code=4).stderr
