"""A verifier whose vault a team's server has: keys come from there, usage goes there."""

from __future__ import annotations

from keytui.domain.usage import Flush
from keytui.domain.verification import Credential
from keytui.vault.remote.line import Line
from keytui.vault.verifier_feed import (
    CREDENTIALS_PATH,
    USAGE_PATH,
    KnownVersion,
    KnownVersions,
    Registration,
    UsageReport,
)
from keytui.verify.source import CredentialChanges, CredentialSet


class RemoteFeed:
    """Source and Sink over https. The usage appears under the name of the token, whatever the verifier calls itself."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def credentials(self) -> CredentialSet:
        found = self._line.get(KnownVersions, CREDENTIALS_PATH)
        return CredentialSet(found.position, _credentials(found.versions), b"")

    def credential_changes(self, after: int, timeout: float) -> CredentialChanges:
        query = {"after": str(after), "timeout": f"{timeout:.3f}"}
        found = self._line.get(KnownVersions, CREDENTIALS_PATH, query, timeout)
        return CredentialChanges(found.position, found.key_ids, _credentials(found.versions))

    def register(self, recorder: str, name: str, host: str, pid: int) -> None:  # the token's name counts
        self._tell(UsageReport(register=Registration(recorder, host, pid)))

    def record(self, flush: Flush) -> None:
        self._tell(UsageReport(flush=flush))

    def close(self) -> None:
        self._line.close()

    def _tell(self, report: UsageReport) -> None:
        """Twice does no harm: a flush has its number, and a registration its id."""
        self._line.ask(type(None), USAGE_PATH, {"register": report.register, "flush": report.flush})


def _credentials(versions: tuple[KnownVersion, ...]) -> tuple[Credential, ...]:
    return tuple(Credential(known.digest, False, known.key, known.version) for known in versions)
