"""How a server's process begins, and what it leaves behind when it cannot."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.domain.errors import Invalid
from keytui.server.process import ServerProcess
from keytui.server.settings import ServerSettings
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile


def test_a_target_that_is_wrong_puts_no_gap_into_the_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read before anything is recorded: a worker that is begun again and again leaves one gap each time."""
    configuration, profile = tmp_path / "config.toml", Profile("test", tmp_path / "vault", Actor("ada"))
    configuration.write_text('[targets.env]\nkind = "fiel"\n')
    configuration.chmod(0o600)
    monkeypatch.setenv("KEYTUI_CONFIG", str(configuration))

    with pytest.raises(Invalid):
        ServerProcess.begin(profile, ServerSettings())

    with closing(LocalVault.open(profile)) as vault:
        assert vault.sources() == ()
