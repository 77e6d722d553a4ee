"""`keytui probe`: asks the servers that the configuration names who uses which key, and hands that to the vault."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.exits import Exit, report
from keytui.cli.options import JsonOption
from keytui.cli.output import as_json, say, say_json_array
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.cli.streams import flush_output
from keytui.cli.times import iso, minute
from keytui.clock import utc_now
from keytui.domain.durations import parse_duration
from keytui.domain.errors import Forbidden, Invalid, KeytuiError, NotFound, Unreachable
from keytui.domain.gaps import Gap
from keytui.domain.keys import VersionState
from keytui.domain.references import Resolve
from keytui.domain.reports import Report
from keytui.probes.configuration import Settings, read_settings
from keytui.probes.coverage import Coverage
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import naming_lines
from keytui.vault.profile import configuration_path
from keytui.vault.protocol import Vault
from keytui.vault.sealed_references import with_sealed

if TYPE_CHECKING:
    from keytui.probes.probe import Probe

_SHOWN_GAPS = 3
"""Gaps that a line names; it counts the rest."""


@dataclass(slots=True)
class Answer:
    """What one probe said in one round, its reports together. `error` is why it said no more."""

    source: str
    as_of: datetime | None = None
    accepted: int = 0
    refused: int = 0
    versions: set[tuple[str, int]] = field(default_factory=set)
    gaps: dict[tuple[str, datetime], Gap] = field(default_factory=dict)
    error: KeytuiError | None = None

    def add(self, said: Report) -> None:
        self.as_of = said.as_of
        self.accepted += sum(use.accepted for use in said.uses)
        self.refused += sum(use.refused for use in said.uses)
        self.versions.update((use.key_id, use.version) for use in said.uses)
        self.gaps.update(((gap.kind, gap.start), gap) for gap in said.gaps)


def probe(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Probes of config.toml; all of them without one.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="D", help="Ask again and again, so far apart (30s), until ctrl+c.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Ask servers who uses which key: Prometheus, last-used fields, refusal counters.

    What they say becomes evidence. Exit code 7 when some did not answer, 1 or 5 when none did.
    """
    pause = parse_duration(every).total_seconds() if every is not None else None
    path = configuration_path()
    with naming_lines(path):
        configured = read_settings(str(path), table(path, "probes"))
    chosen = _chosen(configured, names or (), path)
    with opened(context) as vault:
        builder = _builder(with_sealed(vault))
        try:
            while True:
                answers = []
                for settings in chosen:
                    answers.append(_ask(vault, settings, builder))
                    if not json:
                        _say(answers[-1])
                if json and pause is None:
                    say_json_array(map(_shape, answers))
                elif json:
                    _say_lines(answers)
                if pause is None:
                    raise typer.Exit(_code(answers))
                flush_output()
                time.sleep(pause)
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None


def _chosen(configured: Sequence[Settings], names: Sequence[str], path: Path) -> Sequence[Settings]:
    if not configured:
        raise Invalid("no probe is configured", f"describe one in {path}, as [probes.NAME]")
    by_name = {settings.name: settings for settings in configured}
    for name in names:
        if name not in by_name:
            raise NotFound(f"no probe is called {name!r}", f"{path} has {', '.join(by_name)}")
    return [by_name[name] for name in dict.fromkeys(names)] or configured


Builder = Callable[[Settings, Coverage], "Probe"]


def _builder(resolve: Resolve) -> Builder:
    """Builds probes from their settings; Invalid without the libraries that ask servers."""
    try:
        from keytui.probes.building import build
    except ModuleNotFoundError as error:
        raise Invalid(
            f"asking servers needs {error.name}, which is not installed", "pip install 'keytui[prometheus]'"
        ) from None
    return lambda settings, coverage: build(settings, coverage, resolve)


def _ask(vault: Vault, settings: Settings, builder: Builder) -> Answer:
    """One probe, asked; its reports go to the vault as they come. A vault that takes none in is no probe's failure."""
    answer = Answer(settings.source)
    try:
        asked = builder(settings, _coverage(vault, settings))
        for said in asked.ask(vault.recogniser(), vault.bookmarks(asked.source), utc_now()):
            vault.witness(said)
            answer.add(said)
    except Forbidden:
        raise
    except KeytuiError as error:
        answer.error = error
    return answer


def _coverage(vault: Vault, settings: Settings) -> Coverage:
    """The keys that a probe names, as the vault knows them now."""
    aliased = (meant.rpartition(":")[0] for meant in (settings.aliases or {}).values())
    ids = {name: vault.find(name).id for name in {*settings.keys, *aliased} if name}
    covered = {ids[name] for name in settings.keys}
    living = _Living(vault)
    return Coverage(ids, {key_id: living.versions(key_id) for key_id in sorted(covered)}, living.ended)


class _Living:
    """Which versions of a key have not ended, looked up once a round."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[str, tuple[int, ...]] = {}

    def versions(self, key_id: str) -> tuple[int, ...]:
        if key_id not in self._known:
            self._known[key_id] = self._looked_up(key_id)
        return self._known[key_id]

    def ended(self, key_id: str, version: int) -> bool:
        return version not in self.versions(key_id)

    def _looked_up(self, key_id: str) -> tuple[int, ...]:
        try:
            versions = self._vault.detail(key_id).versions
        except NotFound:
            return ()
        return tuple(version.number for version in versions if version.state is not VersionState.REVOKED)


def _code(answers: Sequence[Answer]) -> Exit:
    errors = [answer.error for answer in answers if answer.error is not None]
    if not errors:
        return Exit.DONE
    if len(errors) < len(answers):
        return Exit.PARTLY
    return Exit.UNREACHABLE if all(isinstance(error, Unreachable) for error in errors) else Exit.REFUSED


def _say(answer: Answer) -> None:
    if answer.as_of is not None:
        said = [f"{answer.source}: as of {minute(answer.as_of)}", _news(answer), *_gaps(answer.gaps.values())]
        say(", ".join(said))
    elif answer.error is None:
        say(f"{answer.source}: nothing of these keys there yet")
    if answer.error is not None:
        report(KeytuiError(f"{answer.source}: {answer.error.message}", answer.error.hint))


def _news(answer: Answer) -> str:
    if not answer.versions:
        return "no use"
    refused = f" and {answer.refused} refused" if answer.refused else ""
    keyed = {version for version in answer.versions if version[0]}
    return f"{answer.accepted} accepted{refused}" + (f" of {len(keyed)} versions" if keyed else "")


def _gaps(gaps: Iterable[Gap]) -> list[str]:
    """Gaps as a line names them, open ones first, then the latest."""
    ordered = sorted(gaps, key=lambda gap: (gap.end is not None, -gap.start.timestamp()))
    told = [f"gap: {gap.kind} from {minute(gap.start)} to {minute(gap.end, 'now')}" for gap in ordered[:_SHOWN_GAPS]]
    more = len(ordered) - len(told)
    return [*told, f"{more} more gaps"] if more else told


def _say_lines(answers: Iterable[Answer]) -> None:
    for answer in answers:
        say(as_json(_shape(answer)))


def _shape(answer: Answer) -> Shape:
    error = answer.error
    return {
        "source": answer.source,
        "as_of": iso(answer.as_of),
        "accepted": answer.accepted,
        "refused": answer.refused,
        "versions": [{"key": key_id, "version": version} for key_id, version in sorted(answer.versions)],
        "gaps": [{"kind": gap.kind, "start": iso(gap.start), "end": iso(gap.end)} for gap in answer.gaps.values()],
        "error": {"message": error.message, "hint": error.hint} if error else None,
    }
