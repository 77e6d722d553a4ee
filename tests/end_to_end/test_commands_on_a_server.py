"""The README's commands on a team's server, beside the same commands on the vault that it serves: they agree."""

from __future__ import annotations

import json
import re
from pathlib import Path

from keytui.domain.access import Role
from keytui.domain.operators import OperatorDraft
from keytui.domain.secrets import Secret
from keytui.private_file import write_new_file
from tests.end_to_end.home import Home
from tests.end_to_end.team_server import TeamServer, service_token, team_server, token, verify
from tests.end_to_end.test_loop_by_commands import write_env
from tests.world import eventually, repeatable_randomness

_OF_THE_MOMENT = frozenset(
    {"as_of", "window", "points", "old", "new", "assumption", "count", "seen_at"}
    | {"per_second", "refused_per_second", "old_per_second", "new_per_second", "per_minute"}
)
"""What two looks at the same vault tell differently, because they are two."""
_DURATION = re.compile(r"\d+ [dhms]\b( \d+ [dhms]\b)?")
CREATE = ("create", "checkout-api", "--env", "production", "--owner", "payments", "--scope", "read")


class Operator:
    """Somebody with a profile of the server, `team`, on the machine that the vault is on, where it is `default`."""

    def __init__(self, home: Home, server: TeamServer, presented: str) -> None:
        self._home = home
        place = write_new_file(home.directory.parent / "ada.token", Secret(presented))
        home.keytui("profiles", "add", "team", server.url, "--token-file", str(place))

    def run(self, *words: str, stdin: str = "", code: int = 0) -> str:
        """Run a command on the server; what it says."""
        return self._home.keytui("--profile", "team", *words, stdin=stdin, code=code).stdout

    def refused(self, *words: str, code: int) -> str:
        """Run a command that is refused; the reason, which is the local vault's to the letter."""
        told = (self._home.keytui(*profile, *words, code=code).stderr for profile in (("--profile", "team"), ()))
        remote, local = (_lasting([line for line in one.splitlines() if "as of" not in line]) for one in told)
        assert remote == local, words
        return str(remote)

    def agreed(self, *words: str, stdin: str = "", code: int = 0) -> object:
        """What a question is answered on the server, which is what it is answered on the vault's own machine."""
        local, remote = (
            _read(self._home.keytui(*profile, *words, "--json", stdin=stdin, code=code).stdout)
            for profile in ((), ("--profile", "team"))
        )
        assert remote == local, words
        return remote


def _read(told: str) -> object:
    """One document, or one a line; without what belongs to the moment."""
    try:
        return _lasting(json.loads(told))
    except json.JSONDecodeError:
        return [_lasting(json.loads(line)) for line in told.splitlines()]


def _lasting(told: object) -> object:
    if isinstance(told, dict):
        return {name: _lasting(inner) for name, inner in told.items() if name not in _OF_THE_MOMENT}
    if isinstance(told, list):
        return [_lasting(inner) for inner in told]
    return _DURATION.sub("…", told) if isinstance(told, str) else told


def names(found: object, field: str = "name") -> list[object]:
    assert isinstance(found, list)
    return [one[field] for one in found]


def test_the_commands_of_the_readme(home: Home, tmp_path: Path) -> None:
    server_home = home.vault_home
    server_home.mkdir()
    ada = home.know(token(server_home, OperatorDraft("ada", Role.SUPER_ADMIN)))
    service = home.know(service_token(server_home, "gateway"))
    with team_server(server_home) as server:
        operator = Operator(home, server, ada)
        env_file = tmp_path / ".env"
        imported = home.know(write_env(env_file, repeatable_randomness()))
        operator.run("import", str(env_file), "--env", "production", "--owner", "payments")
        old = home.know(operator.run(*CREATE))
        assert "checkout-api" in names(operator.agreed("list", "owner:payments env:production"))
        assert len(names(operator.agreed("list"))) == 2
        assert "accepted" in str(operator.agreed("verify", stdin=imported))

        assert verify(server, service, old, caller={"name": "web-1"}).json()["valid"]
        new = home.know(operator.run("rotate", "checkout-api"))
        assert new == new.strip(), "a pipe gets the secret and nothing else"
        assert "an open rotation already" in operator.refused("rotate", "checkout-api", code=1)
        eventually(lambda: "web-1" in operator.run("callers", "checkout-api"), within=30)
        assert "NOT_SAFE" in str(operator.agreed("verdict", "checkout-api", code=3))
        assert "web-1" in operator.refused("retire", "checkout-api", code=3)
        operator.run("retire", "checkout-api", "--force", "--note", "web-1 is gone")
        eventually(lambda: not verify(server, service, old).json()["valid"])
        assert verify(server, service, new).json()["valid"]
        assert names(operator.agreed("rotations"), "state") == ["suspended"]

        assert "nobody" in operator.refused("show", "nobody", code=1)
        assert "checkout-api" in str(operator.agreed("show", "checkout-api"))
        assert "web-1" in str(operator.agreed("callers", "checkout-api"))
        assert "checkout-api" in str(operator.agreed("usage"))
        assert operator.agreed("alerts") == []
        log = operator.agreed("audit", "--key", "checkout-api")
        assert {"key.created", "rotation.issued", "rotation.retired"} <= set(names(log, "type"))
        assert operator.agreed("audit", "verify") == json.loads(operator.run("audit", "verify", "--json"))
        home.keytui("--profile", "team", "complete", "checkout-api", "--force", "--note", "seen by hand")
        assert not verify(server, service, old).json()["valid"]
        assert [version.state for version in home.detail("checkout-api").versions] == ["active", "revoked"]
