"""`keytui create-many`: the keys of a file, each with a secret that is written out before the key counts."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.options import AppsOption, JsonOption, TargetsOption, TenantOption
from keytui.cli.output import remark, say, say_json
from keytui.cli.session import opened
from keytui.cli.times import expiry
from keytui.clock import utc_now
from keytui.domain.errors import AlreadyDone, Invalid, KeytuiError, Refused
from keytui.domain.keys import KeyDraft
from keytui.domain.secrets import PREFIX_LENGTH, parse_format
from keytui.vault.many_keys import NewKey, Origin

if TYPE_CHECKING:
    from keytui.cli.key_course import Arriving, Tally
    from keytui.cli.key_fields import Fields
    from keytui.cli.key_file import KeyFile, Line
    from keytui.cli.secrets_file import SecretsOut, Written
    from keytui.cli.stopping import Stop
    from keytui.vault.protocol import Vault


def create_many(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One key a line, as CSV or JSON lines; no secrets.")],
    *,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="A new file for the secrets; the same again goes on.")
    ] = None,
    environment: Annotated[str, typer.Option("--env", metavar="E", help="Where a line names none.")] = "",
    owner: Annotated[str, typer.Option("--owner", metavar="O", help="Where a line names none.")] = "",
    scopes: Annotated[list[str] | None, typer.Option("--scope", metavar="S", help="Where a line names none.")] = None,
    tenant: TenantOption = "",
    apps: AppsOption = None,
    targets: TargetsOption = None,
    expires: Annotated[str, typer.Option(metavar="D", help="90d, a date, or never.")] = "never",
    format_: Annotated[
        str, typer.Option("--format", metavar="F", help="tk, hk, base64, or PREFIX:ALPHABET:LENGTH.")
    ] = "tk",
    prefix: Annotated[str, typer.Option(metavar="P", help="Begin every key's name with it.")] = "",
    skip: Annotated[
        int, typer.Option(min=0, metavar="N", help="Leave the first lines out: they were made before.")
    ] = 0,
    json: JsonOption = False,
) -> None:
    """Make many keys. Their secrets go to a file that only you can read, or into a pipe, one JSON object a line.

    A secret is written out before its key counts. Nothing is delivered to targets.
    """
    from keytui.cli.key_course import Tally, check_lines
    from keytui.cli.key_fields import Fields
    from keytui.cli.key_file import KeyFile
    from keytui.cli.progress_line import ProgressLine
    from keytui.cli.secrets_file import SecretsFile, SecretsPipe
    from keytui.cli.stopping import stopped_cleanly

    if json and to is None:
        raise Invalid("--json tells what became of the keys, and the output has their secrets", "say --to FILE too")
    now = utc_now()
    common = KeyDraft(
        prefix,
        environment,
        owner=owner,
        tenant=tenant,
        scopes=tuple(scopes or ()),
        apps=tuple(apps or ()),
        targets=tuple(targets or ()),
        format=parse_format(format_).name,
        expires_at=expiry(expires, now),
    )
    source, fields = KeyFile(file), Fields(common, now, with_values=False)
    with stopped_cleanly() as stop:
        lines = check_lines(source, fields, stop) - skip
        out: SecretsOut = SecretsPipe() if to is None else SecretsFile(to)
        with closing(out), ProgressLine(source.name, lines, quiet=json) as progress:
            tally = Tally(source, lines, progress, skipped=None if out.takes_back else skip)
            try:
                with opened(context) as vault:
                    _carry_out(vault, _keys(source, fields, out, skip), out, tally, stop)
            except (KeytuiError, KeyboardInterrupt) as error:
                tally.interrupted(error)
                raise
        _say(tally, stop, out, json=json)
        tally.end(stop)


def _carry_out(vault: Vault, keys: Iterator[Arriving], out: SecretsOut, tally: Tally, stop: Stop) -> None:
    from keytui.cli.key_course import Rests, parts_of

    rests = Rests()
    for part in parts_of(keys):
        if not out.takes_back:
            _refuse_left_out(vault, part, tally)
        out.write(part)
        try:
            told = vault.add_keys([one.new for one in part], Origin.MADE)
        except AlreadyDone:
            raise  # whoever hears that has made them
        except (Refused, Invalid):
            out.take_back()
            _refuse_left_out(vault, part, tally)
            raise
        except BaseException:
            out.leave()
            raise
        tally.take(part, told)
        if stop.code is not None:
            break
        rests.between()


def _refuse_left_out(vault: Vault, part: list[Arriving], tally: Tally) -> None:
    told = vault.add_keys([one.new for one in part], Origin.MADE, rehearse=True)
    tally.leave_out(part, told)
    if told.left_out:
        raise Refused(
            "these lines cannot be made, nor any after them before they are mended", "mend them, then the same"
        )


def _keys(file: KeyFile, fields: Fields, out: SecretsOut, skip: int) -> Iterator[Arriving]:
    """Each line's key with the secret that an earlier run wrote for it, else with a new one."""
    from keytui.cli.key_course import Arriving

    written = out.written()
    for line in islice(file.lines(), skip, None):
        name, draft = fields.named(line)
        before = next(written, None)
        if before is not None:
            _refuse_another(file, line, before, (name.strip(), draft.environment, draft.tenant))
        secret = parse_format(draft.format).mint(secrets.token_bytes) if before is None else before.secret
        new = NewKey(name, draft, secret.digest(), secret.reveal()[:PREFIX_LENGTH])
        yield Arriving(line.number, new, secret if before is None else None)
    if next(written, None) is not None:
        raise Refused(f"the secrets' file has more lines than {file.name}", "name the file that it was begun with")


def _refuse_another(file: KeyFile, line: Line, before: Written, asked: tuple[str, str, str]) -> None:
    if (before.name.strip(), before.environment, before.tenant) != asked:
        raise Refused(
            f"{file.name} line {line.number} is another key than the secrets' file has there",
            "name the file that it was begun with, or a new one for the secrets",
        )


def _say(tally: Tally, stop: Stop, out: SecretsOut, *, json: bool) -> None:
    from keytui.cli.secrets_file import SecretsFile

    if not isinstance(out, SecretsFile):
        remark(tally.counts())
        return
    if json:
        say_json({**tally.shape(stop), "secrets": str(out.path) if tally.done else None})
    else:
        say(tally.counts() + (f"; the secrets are in {out.path}" if tally.done else ""))
