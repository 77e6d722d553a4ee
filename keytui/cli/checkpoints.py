"""Checkpoints of the audit log as files: what `keytui audit checkpoint` prints and `verify` reads."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from keytui.cli.times import iso
from keytui.domain.errors import Invalid
from keytui.vault.model import Checkpoint

_MOST_BYTES: Final = 64 * 1024


def checkpoint_shape(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "sequence": checkpoint.sequence,
        "hash": checkpoint.hash,
        "at": iso(checkpoint.at),
        "signature": checkpoint.signature.hex(),
        "public_key": checkpoint.public_key.hex(),
    }


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file. Invalid when it holds none."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MOST_BYTES))
        return Checkpoint(
            int(told["sequence"]),
            str(told["hash"]),
            datetime.fromisoformat(told["at"]),
            bytes.fromhex(told["signature"]),
            bytes.fromhex(told["public_key"]),
        )
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", "name a file that can be") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Invalid(f"{path} holds no checkpoint", "make one: keytui audit checkpoint > FILE") from None
