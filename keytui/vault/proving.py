"""Asking the systems themselves: is this version let in, or refused, as the vault says, and after how long?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from keytui.connectors import build_connectors
from keytui.domain.errors import KeytuiError, NotFound, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key, Version
from keytui.domain.references import Resolve
from keytui.domain.rotation import OLD_REFUSED, Rotation, RotationState, Verb, allowed
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.probes.configuration import key_probe_tables
from keytui.probes.key_probe import Answer, KeyProbe, Outcome
from keytui.targets.target import CarriesBoth, KeepsFormer, Target
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import names_lines
from keytui.vault.model import KeyDetail
from keytui.vault.probed import Probed
from keytui.vault.progress import ShutOut, StillAccepted
from keytui.vault.protocol import Vault
from keytui.vault.recognising import how_known, version_of
from keytui.vault.references import from_here

_CONCERNS: Final = ("keys", "environments")
"""What any key probe's table may say beside the fields of its kind."""
WITHIN: Final = timedelta(seconds=10)
"""How long a system may take to hear of a change, where nobody says otherwise."""
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


@names_lines
def load_key_probes(path: Path, resolve: Resolve = from_here) -> Mapping[str, KeyProbe]:
    """The probes of a `config.toml` that ask with a key, by name. Invalid names file, table and field."""
    tables = key_probe_tables(table(path, "probes"))
    for name, entry in tables.items():
        _concerned(path, name, entry)
    return _built(path, tables, resolve)


@names_lines
def key_probes_of(path: Path, key: Key, resolve: Resolve = from_here) -> Mapping[str, KeyProbe]:
    """Those of them whose tables name the key: a secret is sent unasked to no system that is not said to be its own.

    [probes.ready]
    kind = "http"
    url = "https://api.example.com/ready"
    keys = ["checkout"]              # ids or names
    environments = ["production"]    # of these only; of any, if this is not there
    """
    tables = key_probe_tables(table(path, "probes"))
    return _built(path, {name: entry for name, entry in tables.items() if _concerns(path, name, entry, key)}, resolve)


def asking(path: Path, resolve: Resolve = from_here) -> Callable[[Key], Sequence[KeyProbe]]:
    """The probes of a key, for whoever comes across keys one by one."""
    return lambda key: tuple(key_probes_of(path, key, resolve).values())


def _built(path: Path, tables: Mapping[str, Mapping[str, object]], resolve: Resolve) -> Mapping[str, KeyProbe]:
    own = {
        name: {field: value for field, value in entry.items() if field not in _CONCERNS}
        for name, entry in tables.items()
    }
    return build_connectors("probes", str(path), own, resolve, _CONCERNS)


def _concerned(path: Path, name: str, entry: Mapping[str, object]) -> tuple[Sequence[str], Sequence[str]]:
    """The keys and the environments that a table names."""
    fields = Fields(f"{path}: [probes.{harmless(name)}]", entry)
    return fields.texts("keys"), fields.texts("environments")


def _concerns(path: Path, name: str, entry: Mapping[str, object], key: Key) -> bool:
    keys, environments = _concerned(path, name, entry)
    named = key.id in keys or key.name in keys
    return named and (not environments or key.environment in environments)


def versions_of(detail: KeyDetail, secrets: Sequence[Secret]) -> Mapping[int, Secret]:
    """The secrets by the version that each is. Refused for one that is none of the key's: it is asked nowhere."""
    found: dict[int, Secret] = {}
    for secret in secrets:
        version = version_of(detail.versions, secret)
        if version is None:
            raise Refused(
                f"what was given is no version of {detail.summary.key.name}, and is sent nowhere",
                "give the secret of one of its versions; of a weak one nobody can tell which it is",
            )
        found[version.number] = secret
    return found


def asked_unbidden(detail: KeyDetail, held: Mapping[int, Secret], now: datetime) -> Mapping[int, Secret]:
    """What may be asked with of all that targets hold, where nobody names a version: the newest that is let in, and
    what is over. A request with one that is about to be retired would count as its use.
    """
    let_in = {one.number for one in detail.versions if detail.summary.key.accepts(one, now)}
    newest = max(let_in & held.keys(), default=0)
    return {number: secret for number, secret in held.items() if number == newest or number not in let_in}


def held_by(targets: Sequence[Target], detail: KeyDetail) -> Iterator[Secret]:
    """What the key's targets hold of it, and what they held before, where they tell that.

    Those that cannot be read are passed over, and so is what is not the key's.
    """
    for target in targets:
        for read in _readings(target):
            try:
                stands = read(detail.summary.key)
            except KeytuiError:
                continue
            if stands is not None and version_of(detail.versions, stands) is not None:
                yield stands


def _readings(target: Target) -> Iterator[Callable[[Key], Secret | None]]:
    if target.abilities.reads_back:
        yield target.read_back
    if target.abilities.carries_both and isinstance(target, CarriesBoth):
        yield target.read_previous
    if target.abilities.keeps_former and isinstance(target, KeepsFormer):
        yield target.read_former


def prove(
    detail: KeyDetail,
    secrets: Mapping[int, Secret],
    probes: Sequence[KeyProbe],
    now: datetime,
    within: timedelta | None = None,
    *,
    asking: Callable[[str, int], None] = lambda _probe, _version: None,
    seconds: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Proven]:
    """Ask each probe with each secret, newest version first, until the answer is what the vault says or time is up.

    `detail` is as the vault has it now; `within` is WITHIN unless said; `asking` hears the probe and the version before
    each question.
    NotFound when there is nothing to ask with, Refused by a probe that lets in what is no key.
    """
    if not secrets:
        raise NotFound("there is no secret to ask with", "give --secret, or a target that can be read")
    for probe in probes:
        probe.rehearse(Secret(token_urlsafe(32)))
    versions = {version.number: version for version in detail.versions}
    patience = (WITHIN if within is None else within).total_seconds()
    for number in sorted(secrets, reverse=True):
        expected = _expected(detail, versions[number], now)
        for probe in probes:
            asking(probe.name, number)
            began = seconds()
            while True:
                answer = probe.ask(secrets[number])
                after = seconds() - began
                if answer.outcome is expected or after >= patience:
                    break
                wait(PAUSE)
            yield Proven(probe.name, number, expected, _remarked(answer, versions[number]), timedelta(seconds=after))


def _remarked(answer: Answer, version: Version) -> Answer:
    """The answer, beside how the secret was known for this version where that leaves a doubt."""
    doubt = how_known(version)
    return replace(answer, said=f"{answer.said}; {doubt}") if doubt else answer


def _expected(detail: KeyDetail, version: Version, now: datetime) -> Outcome:
    return Outcome.ACCEPTED if detail.summary.key.accepts(version, now) else Outcome.REFUSED


def noted(vault: Vault, rotation_id: int, found: Iterable[Proven]) -> Iterator[Proven]:
    """The same answers, each kept in the vault's log as it passes. What was said was said, whether it can be kept."""
    for each in found:
        told = Probed(each.probe, each.version, each.expected, each.answer.outcome, each.answer.said, each.after)
        with suppress(KeytuiError):
            vault.note_probed(rotation_id, told)
        yield each


def refuse_still_accepted(found: Sequence[Proven], key: Key) -> None:
    """Raise StillAccepted where a system lets in a version that is over."""
    still = [each for each in found if each.still_accepted]
    if still:
        where = ", ".join(dict.fromkeys(each.probe for each in still))
        raise StillAccepted(
            f"v{still[0].version} of {key.name} is STILL ACCEPTED at {where}, although it is over",
            "see what else lets it in there (a cache, a second list, a fallback), then do this again",
        )


def refuse_unfinished(rotation: Rotation, found: Sequence[Proven], key: Key) -> None:
    """Raise StillAccepted where a hand-over has left its rotation `proving`: a system lets in what was revoked."""
    if rotation.state is not RotationState.PROVING:
        return
    open_, again = "the rotation is not completed", f"`keytui complete {key.id} --old -` asks again"
    try:
        refuse_still_accepted(found, key)
    except StillAccepted as error:
        raise StillAccepted(f"{error.message}: {open_}", f"see what else lets it in there; then {again}") from None
    raise StillAccepted(f"v{rotation.old_version} of {key.name} was STILL ACCEPTED when last asked: {open_}", again)


def complete_once_refused(
    vault: Vault, rotation: Rotation, override: str, probes: Sequence[KeyProbe], ask_old: Callable[[], None]
) -> Rotation:
    """Complete a rotation whose old version every system refuses by now.

    Where nothing suspends the old version it is revoked first, and the rotation stays open, as `proving`, while
    `ask_old` raises: a system that still lets it in is no end of a rotation.
    """
    if probes and {Verb.REVOKE_OLD, Verb.COMPLETE} <= set(allowed(rotation)):
        rotation, override = vault.revoke_old(rotation.id, override), ""
    if rotation.state in OLD_REFUSED:
        ask_old()
    return vault.complete(rotation.id, override)


def refuse_shut_out(found: Sequence[Proven], key: Key) -> None:
    """Raise ShutOut where a system refuses a version that is in force. One that cannot say is no reason."""
    out = [each for each in found if each.expected is Outcome.ACCEPTED and each.answer.outcome is Outcome.REFUSED]
    if out:
        where = ", ".join(dict.fromkeys(each.probe for each in out))
        raise ShutOut(
            f"v{out[0].version} of {key.name} is refused at {where}, although it is in force",
            "see why it is not let in there before the old version goes",
        )
