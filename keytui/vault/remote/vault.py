"""The remote vault: a team's server, as one operator has it open."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Self

from keytui.clock import Clock, utc_now
from keytui.domain.secrets import Randomness
from keytui.vault.guard import WriteGuard
from keytui.vault.held import Held
from keytui.vault.profile import Profile
from keytui.vault.remote.alerting import Alerting
from keytui.vault.remote.auditing import Auditing
from keytui.vault.remote.automating import Automating
from keytui.vault.remote.exchange import Patience
from keytui.vault.remote.following import Following
from keytui.vault.remote.governing import Governing
from keytui.vault.remote.keeping import Keeping
from keytui.vault.remote.line import Line
from keytui.vault.remote.monitoring import Monitoring
from keytui.vault.remote.reading import Reading
from keytui.vault.remote.responding import Responding
from keytui.vault.remote.reviewing import Reviewing
from keytui.vault.remote.rotating import Rotating
from keytui.vault.remote.sealing import Sealing
from keytui.vault.remote.section import Ground
from keytui.vault.remote.stream import Stream
from keytui.vault.remote.syncing import Syncing
from keytui.vault.remote.witnessing import Witnessing
from keytui.vault.team_server import TeamServer


class RemoteVault(
    Reading,
    Monitoring,
    Following,
    Keeping,
    Rotating,
    Sealing,
    Witnessing,
    Alerting,
    Responding,
    Governing,
    Automating,
    Syncing,
    Auditing,
    Reviewing,
):
    """A vault behind a server. Safe to share between threads. Roles, approvals and the log are the server's."""

    @classmethod
    def open(
        cls,
        profile: Profile,
        server: TeamServer,
        clock: Clock = utc_now,
        randomness: Randomness = secrets.token_bytes,
        patience: Patience = Patience(),  # noqa: B008  # frozen
    ) -> Self:
        """Nothing is asked yet: the first question tells whether the server answers."""
        line = Line(server, randomness, patience)
        return cls(Ground(profile, line, WriteGuard(profile, clock), clock, Held(clock), Stream(line)))

    def arm(self, typed_profile: str) -> datetime:
        return self._ground.guard.arm(typed_profile)

    def close(self) -> None:
        self._ground.passphrase.drop()
        self._line.close()
        self._ground.stream.close()
