"""What a handler is given: the vault as whoever asks has it, and parameters that are in their bounds."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Depends, Header, Path, Query, Request

from keytui.domain.access import Principal
from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret
from keytui.server.door import PRINCIPAL, stranger
from keytui.vault.local.access.refusals import Concerning
from keytui.vault.local.vault import LocalVault
from keytui.vault.wire import encode

MOST_ROWS: Final = 1_000
LARGEST: Final = 2**31 - 1
"""Of numbers in an address: what every database takes for an id or an offset."""
_RANDOM_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43,128}={0,2}")
REPEAT_HEADER: Final = "Idempotency-Key"

KeyId = Annotated[str, Path(min_length=1, max_length=64, description="A key's id.", examples=["k3v9x0q1m2n4b5c6"])]
RotationId = Annotated[int, Path(ge=1, le=LARGEST, description="A rotation's number.", examples=[7])]
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Offset = Annotated[int, Query(ge=0, le=LARGEST, description="Rows to leave out.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows at most.")]
Word = Annotated[str, Query(max_length=256)]
Version = Annotated[int | None, Query(ge=1, le=LARGEST, description="The number of one version.")]


def principal_of(request: Request) -> Principal:
    """Whoever the door has let in. A path that the door does not guard has nobody, and is refused."""
    principal = request.scope.get(PRINCIPAL)
    if not isinstance(principal, Principal):
        raise stranger()
    return principal


async def vault_of(request: Request) -> LocalVault:
    """The vault as the principal has it. It waits for nothing: in a thread of its own it would only cost one."""
    vault: LocalVault = request.app.state.vault
    return vault.acting_as(principal_of(request)).concerning(_named(request.path_params))


def _named(path: Mapping[str, str]) -> Concerning:
    """What a path names, for the log of what is refused."""

    def number(name: str) -> int | None:
        given = path.get(name, "")
        return int(given) if re.fullmatch(r"[0-9]{1,9}", given) else None

    return Concerning(path.get("key_id", "")[:64], number("rotation_id"), number("approval_id"))


async def _asked_for(request: Request) -> bytes:
    """All of what a request asks, as one text: the same again is a repeat, anything else is another request."""
    body = await request.body()
    if body not in {b"", b"{}"} and getattr(request.scope.get("route"), "body_field", None) is None:
        raise Invalid("this request takes no body", "send it without one")
    return b"\n".join((request.method.encode(), request.url.path.encode(), request.scope["query_string"], body))


class Repeat:
    """One change, and whether its answer may be asked for again."""

    def __init__(
        self,
        request: Request,
        asked_for: Annotated[bytes, Depends(_asked_for)],
        key: Annotated[
            str | None,
            Header(
                alias=REPEAT_HEADER,
                max_length=130,
                description="256 random bits in base64url: the same again within 10 minutes gets the same answer.",
            ),
        ] = None,
    ) -> None:
        if key is not None and (not _RANDOM_KEY.fullmatch(key) or len(request.headers.getlist(REPEAT_HEADER)) > 1):
            raise Invalid(
                f"{REPEAT_HEADER} is one value of 43 or more characters of base64url",
                "make a random one: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='",
            )
        self.key = None if key is None else Secret(key)
        self.request_id = secrets.token_urlsafe(32) if self.key is None else f"request {self.key.digest()}"
        """Under which the vault remembers what a change in several transactions has begun."""
        self._asked_for = asked_for

    def of(self, vault: LocalVault) -> LocalVault:
        """The vault for this one change. Raises Repeated when it was carried out already."""
        return vault if self.key is None else vault.repeatable(self.key, self._asked_for, encode)


def changing(vault: Annotated[LocalVault, Depends(vault_of)], repeat: Annotated[Repeat, Depends()]) -> LocalVault:
    """The vault for a change whose answer may be asked for again."""
    return repeat.of(vault)


Asked = Annotated[LocalVault, Depends(vault_of)]
"""The vault, for a question."""
Changed = Annotated[LocalVault, Depends(changing)]
"""The vault, for a change in one transaction."""
