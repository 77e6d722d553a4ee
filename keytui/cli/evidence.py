"""`keytui evidence`: a rotation's whole story in one file that others can verify without us."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from keytui.cli.output import remark
from keytui.cli.session import opened
from keytui.private_file import new_file


def evidence(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="An id, a name or a prefix.")],
    *,
    rotation: Annotated[int | None, typer.Option(min=1, metavar="N", help="Of the key; its newest without.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="A new file.")] = None,
    with_addresses: Annotated[bool, typer.Option("--with-addresses", help="Callers' addresses too.")] = False,
) -> None:
    """Write all that is known of a rotation, with the log's entries and signatures, for an auditor.

    docs/verify_evidence.py verifies the file offline. It holds no secret.
    """
    with opened(context) as vault:
        extract = vault.audit_extract(vault.find(key).id, rotation, with_addresses=with_addresses)
    file = {
        "document": json.loads(extract.document),
        "signature": extract.signature,
        "public_key": extract.public_key,
    }
    text = json.dumps(file, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    with new_file(output.expanduser().absolute()) as new:
        new.write(text.encode("ascii"))
    remark(f"wrote {output}; signed with the key {extract.public_key}")
