"""`keytui import`: the API keys of a .env file, by their digests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from keytui.cli.options import AppsOption, JsonOption, OwnerOption, TenantOption
from keytui.cli.output import progress, remark, say, say_json
from keytui.cli.session import opened
from keytui.cli.shapes import Shape, import_shape
from keytui.clock import utc_now
from keytui.domain.errors import Invalid, NotFound
from keytui.domain.keys import KeyDraft
from keytui.vault.env_file import LeftOut, SortedOut, read_env_file, sort_out
from keytui.vault.many_keys import ENDINGS
from keytui.vault.model import ImportReport

_KNOWN_ENVIRONMENTS: Final = frozenset({"production", "staging", "development", "test"})


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .env file, or many keys as CSV or JSON lines.")],
    *,
    variables: Annotated[
        list[str] | None, typer.Option("--variable", metavar="NAME", help="Take this one and no other; repeat it.")
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option("--env", metavar="E", help="Else as in .env.staging, else production. It never changes."),
    ] = None,
    owner: OwnerOption = "",
    tenant: TenantOption = "",
    scopes: Annotated[list[str] | None, typer.Option("--scope", metavar="S", help="What they may do.")] = None,
    apps: AppsOption = None,
    prefix: Annotated[str, typer.Option(metavar="P", help="Begin every key's name with it.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Of many keys: say what would become of them, and write nothing.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Import the API keys of a .env file, or of a file with one key a line, by digest.

    The file stays the only place that holds the values. A value that is known adds nothing, so the same again goes on
    where it stopped. A .csv or .jsonl names its columns: name, environment, owner, expires, secret or digest, ...
    """
    common = KeyDraft(
        "", environment or "", owner=owner, tenant=tenant, scopes=tuple(scopes or ()), apps=tuple(apps or ())
    )
    if file.suffix.lower() in ENDINGS:
        from keytui.cli.importing_many import import_many

        if variables:
            raise Invalid("--variable is for .env files", "leave it away: a line of this file is a key")
        import_many(context, file, replace(common, name=prefix), check=check, json=json)
        return
    if check:
        raise Invalid("--check is for files of many keys", "leave it away")
    sorted_out = sort_out(read_env_file(file), variables or (), prefix)
    environment = environment or _environment_of(file)
    draft = replace(common, name=file.name, environment=environment)
    progress(f"{len(sorted_out.found)} values")
    report = ImportReport((), (), ())
    if sorted_out.found:
        with opened(context) as vault:
            report = vault.adopt(sorted_out.found, draft)
    for line in sorted_out.remarks:
        remark(line)
    if json:
        say_json(import_shape(report, [_left_out_shape(one) for one in sorted_out.left_out], utc_now()))
    else:
        _say_report(report, environment)
        _say_left_out(sorted_out)
    if not sorted_out.found:
        raise NotFound(f"{file} holds nothing that looks like an API key", "name a variable: --variable NAME")


def _environment_of(file: Path) -> str:
    ending = file.name.rpartition(".")[2].lower()
    return ending if ending in _KNOWN_ENVIRONMENTS else "production"


def _say_report(report: ImportReport, environment: str) -> None:
    say(f"{len(report.added)} added to {environment}, {len(report.present)} known already")
    for summary in report.added:
        weak = "  weak: it could be guessed" if summary.key.name in report.weak else ""
        say(f"  {summary.key.name}  {summary.version.prefix or '(no prefix shown)'}{weak}")
    for name in report.present:
        say(f"  {name}  known already")


def _say_left_out(sorted_out: SortedOut) -> None:
    """On standard error, one line a reason: a file of settings need not fill the screen."""
    by_reason: dict[str, list[LeftOut]] = {}
    for one in sorted_out.left_out:
        by_reason.setdefault(one.why, []).append(one)
    for why, several in by_reason.items():
        remark(f"left out, because {why}: {', '.join(one.variable for one in several)}")
        hows = dict.fromkeys(one.how for one in several if one.how)
        for how in hows:
            if not how.startswith("--variable"):
                remark(f"  {how}")
        if any(how.startswith("--variable") for how in hows):
            remark("  take one all the same with --variable NAME")


def _left_out_shape(one: LeftOut) -> Shape:
    return {"variable": one.variable, "why": one.why, "how": one.how}
