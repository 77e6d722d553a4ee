"""One path of a KV version 2 engine, in HashiCorp Vault or OpenBao: read, and merged into where nobody came between."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import requests
from hvac.adapters import RawAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError

from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.targets.exchange import MOST_BYTES, Patience, said

_CONNECTING: Final = 5.0
_PIECE: Final = 256
"""Bytes that are waited for at once: few, so that one that drips is left soon."""
_NO_ANSWER: Final = (requests.RequestException, OSError, ValueError)
_NO_MERGE_PATCH: Final = frozenset({403, 405, 415, 501})
"""How a store answers PATCH that does not know it, or a token that may update but not patch."""


@dataclass(frozen=True, slots=True)
class KvPlace:
    """Where a document is, and what opens it."""

    address: str
    mount: str
    path: str
    token: Reference
    namespace: str = ""
    certificates: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.address.rstrip("/"), self.namespace, self.mount, self.path) if part)


@dataclass(frozen=True, slots=True)
class Document:
    """What a path holds. `number` is the store's own version; 0 when there is none. Deleted, it holds nothing."""

    number: int
    data: Mapping[str, object]
    gone: bool = False


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: Mapping[str, object]

    @property
    def errors(self) -> str:
        """The store's own words, still as they came."""
        found = self.body.get("errors")
        return "; ".join(str(one) for one in found) if isinstance(found, list) else ""

    @property
    def sealed(self) -> bool:
        """Whether the store could not even look."""
        return self.status == 503 and "sealed" in self.errors


class KvPath:
    """An exchange about one document. Errors begin with `whose`, and never repeat the token or a value."""

    def __init__(self, whose: str, place: KvPlace, token: Secret, patience: Patience) -> None:
        if place.certificates and not Path(place.certificates).is_file():
            raise Invalid(f"{whose}: there is no file {harmless(place.certificates)}", "correct certificates")
        self._whose = whose
        self._place = place
        self._token = token
        self._patience = patience
        self._session = requests.Session()
        # From the environment only a proxy towards https: no .netrc, and on loopback nothing that would see the token.
        self._session.trust_env = False
        if place.address.startswith("https:"):
            self._session.proxies.update(get_environ_proxies(place.address))
        self._session.verify = place.certificates or True
        self._adapter = RawAdapter(
            base_uri=place.address,
            token=token.reveal(),
            namespace=place.namespace or None,
            allow_redirects=False,
            session=self._session,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.close()

    def read(self, number: int | None = None) -> Document:
        """The document as it stands, or as it was in a version; `gone` when that was deleted or is not kept."""
        at = "" if number is None else f"?version={number}"
        reply = self._asked("get", f"data/{self._place.path}{at}")
        if reply.status not in (200, 404):
            raise self._refusal(reply)
        if reply.status == 404 and reply.errors:
            raise NotFound(
                f"{self._whose}: there is no KV engine at {self._place.mount!r}: {self._said(reply)}",
                "correct mount; it is listed by `vault secrets list`",
            )
        if reply.status == 404 and reply.body.get("errors") == []:
            return Document(0, {}, gone=True)
        outer = reply.body.get("data")
        if isinstance(outer, dict):
            metadata, data = outer.get("metadata"), outer.get("data")
            version = metadata.get("version") if isinstance(metadata, dict) else None
            if isinstance(version, int) and (data is None or isinstance(data, dict)):
                return Document(version, data or {}, gone=data is None)
        raise Unreachable(
            f"{self._whose}: it answers something that is no KV version 2 document", "check address and mount"
        )

    def merge(self, document: Document, changes: Mapping[str, str | None]) -> bool:
        """Put fields into the document, or take them out with None; the others stay as they are.

        False when the document is not what it was by now: nothing was written.
        """
        reply = self._written("patch", document, changes) if document.data else None
        if reply is None or reply.status in _NO_MERGE_PATCH:
            merged = {**document.data, **changes}
            whole = {name: value for name, value in merged.items() if value is not None}
            reply = self._written("post", document, whole)
        if reply.status == 404 or (reply.status == 400 and "check-and-set" in reply.errors):
            return False  # written meanwhile, or deleted: then nothing of it may come back
        if reply.status >= 300:
            raise self._refusal(reply)
        if not isinstance(reply.body.get("data"), dict):
            raise self._unknown("it answers something that is no KV version 2 answer")
        return True

    def check_engine(self) -> None:
        """Refused when the mount says that it is no KV engine of version 2, which would take anything for a value."""
        reply = self._asked("get", f"sys/internal/ui/mounts/{self._place.mount}", below_mount=False)
        found = reply.body.get("data")
        options = found.get("options") if isinstance(found, dict) else None
        if reply.status == 200 and (not isinstance(options, dict) or options.get("version") != "2"):
            raise Refused(
                f"{self._whose}: {self._place.mount!r} is no KV engine of version 2", "name one that is, or upgrade it"
            )

    def capabilities(self) -> frozenset[str]:
        """What the token may do with the document; empty when it may not even ask that."""
        path = f"{self._place.mount}/data/{self._place.path}"
        reply = self._asked("post", "sys/capabilities-self", {"paths": [path]}, below_mount=False)
        found = reply.body.get("capabilities")
        return frozenset(map(str, found)) if reply.status == 200 and isinstance(found, list) else frozenset()

    def _written(self, method: str, document: Document, data: Mapping[str, object]) -> _Reply:
        body = {"options": {"cas": document.number}, "data": data}
        return self._asked(method, f"data/{self._place.path}", body, writes=True)

    def _asked(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        writes: bool = False,
        below_mount: bool = True,
    ) -> _Reply:
        url = f"/v1/{self._place.mount}/{path}" if below_mount else f"/v1/{path}"
        try:
            status, content = self._patience.call(lambda: self._answer(method, url, body))
        except _NO_ANSWER as error:
            why = f"it does not answer: {type(error).__name__}"  # its text may hold more than it should
            if writes and not _never_sent(error):
                raise self._unknown(why) from None
            raise Unreachable(f"{self._whose}: {why}", "see whether it runs, and its address; try again") from None
        reply = _Reply(status, _parsed(content))
        if writes and status >= 500 and status != 501 and not reply.sealed:
            raise self._unknown(f"it has trouble of its own ({status})")
        return reply

    def _answer(self, method: str, url: str, body: Mapping[str, object] | None) -> tuple[int, bytes]:
        """Status and body. Raises what requests does, and ValueError for an answer that is too long or too slow."""
        content = bytearray()
        with self._adapter.request(
            method,
            url,
            headers={"Content-Type": "application/merge-patch+json"} if method == "patch" else None,
            raise_exception=False,  # hvac's exceptions hold the whole answer, and so the values in it
            json=body,
            stream=True,
            timeout=(_CONNECTING, self._patience.left),
        ) as response:
            for piece in response.iter_content(_PIECE):
                content += piece
                if len(content) > MOST_BYTES or self._patience.over:
                    raise ValueError("the answer is too long")
            return response.status_code, bytes(content)

    def _unknown(self, why: str) -> OutcomeUnknown:
        return OutcomeUnknown(f"{self._whose}: {why}", "see what it holds before you do it again")

    def _said(self, reply: _Reply) -> str:
        return said(reply.errors, self._token)

    def _refusal(self, reply: _Reply) -> KeytuiError:
        if reply.status == 403:
            return Refused(
                f"{self._whose}: {self._place.token} may not do that at {self._place} (403)",
                "renew the token, or let its policy read, create, update and patch there",
            )
        if 300 <= reply.status < 400:
            return Refused(f"{self._whose}: it sends us elsewhere ({reply.status})", "name the active node as address")
        if reply.sealed:
            return Unreachable(f"{self._whose}: the store is sealed (503)", "unseal it, then try again")
        if reply.status in (412, 429) or reply.status >= 500:  # 412: a standby that is not up to date yet
            return Unreachable(f"{self._whose}: it has trouble of its own ({reply.status})", "try again later")
        # It may say back a value of the document: what it says of a question it does not take is not shown.
        return Invalid(f"{self._whose}: it does not take the question ({reply.status})", "correct mount and path")


def _never_sent(error: Exception) -> bool:
    """Whether the connection did not even come about."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(reason, SSLError) and reason.args:
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _parsed(content: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
