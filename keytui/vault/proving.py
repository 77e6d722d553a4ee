"""Asking the systems themselves: is this version let in, or refused, as the vault says, and after how long?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from keytui.connectors import build_connectors
from keytui.domain.errors import KeytuiError, NotFound, Refused
from keytui.domain.keys import Version
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret, fingerprint
from keytui.probes.configuration import key_probe_tables
from keytui.probes.key_probe import Answer, KeyProbe, Outcome
from keytui.targets.target import Target
from keytui.vault.configuration import table
from keytui.vault.model import KeyDetail
from keytui.vault.references import from_here

PAUSE: Final = 0.5
"""Seconds before a system is asked again that did not answer as expected."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What one probe said of one version in the end."""

    probe: str
    version: int
    expected: Outcome
    answer: Answer
    after: timedelta
    """From the first question until this answer."""

    @property
    def holds(self) -> bool:
        """Whether the system does as the vault says."""
        return self.answer.outcome is self.expected

    @property
    def still_accepted(self) -> bool:
        """Whether the system lets in what is over."""
        return not self.holds and self.answer.outcome is Outcome.ACCEPTED


def load_key_probes(path: Path, resolve: Resolve = from_here) -> Mapping[str, KeyProbe]:
    """The probes of a `config.toml` that ask with a key, by name. Invalid names file, table and field."""
    return build_connectors("probes", str(path), key_probe_tables(table(path, "probes")), resolve)


def versions_of(detail: KeyDetail, secrets: Sequence[Secret]) -> Mapping[int, Secret]:
    """The secrets by the version that each is. Refused for one that is none of the key's: it is asked nowhere."""
    known = {version.fingerprint: version.number for version in detail.versions if version.fingerprint is not None}
    found: dict[int, Secret] = {}
    for secret in secrets:
        number = known.get(fingerprint(secret.digest()))
        if number is None:
            raise Refused(
                f"what was given is no version of {detail.summary.key.name}, and is sent nowhere",
                "give the secret of one of its versions; of a weak one nobody can tell which it is",
            )
        found[number] = secret
    return found


def held_by(targets: Sequence[Target], detail: KeyDetail) -> Iterator[Secret]:
    """What the key's targets hold of it; those that cannot be read are passed over, and so is what is not the key's."""
    prints = {version.fingerprint for version in detail.versions}
    for target in targets:
        try:
            stands = target.read_back(detail.summary.key) if target.abilities.reads_back else None
        except KeytuiError:
            continue
        if stands is not None and fingerprint(stands.digest()) in prints:
            yield stands


def prove(
    detail: KeyDetail,
    secrets: Mapping[int, Secret],
    probes: Sequence[KeyProbe],
    now: datetime,
    within: timedelta,
    *,
    seconds: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Proven]:
    """Ask each probe with each secret, newest version first, until the answer is what the vault says or time is up.

    NotFound when there is nothing to ask with, Refused by a probe that lets in what is no key.
    """
    if not secrets:
        raise NotFound("there is no secret to ask with", "give --secret, or a target that can be read")
    for probe in probes:
        probe.rehearse(Secret(token_urlsafe(32)))
    versions = {version.number: version for version in detail.versions}
    for number in sorted(secrets, reverse=True):
        expected = _expected(detail, versions[number], now)
        for probe in probes:
            began = seconds()
            while True:
                answer = probe.ask(secrets[number])
                after = seconds() - began
                if answer.outcome is expected or after >= within.total_seconds():
                    break
                wait(PAUSE)
            yield Proven(probe.name, number, expected, answer, timedelta(seconds=after))


def _expected(detail: KeyDetail, version: Version, now: datetime) -> Outcome:
    return Outcome.ACCEPTED if detail.summary.key.accepts(version, now) else Outcome.REFUSED
