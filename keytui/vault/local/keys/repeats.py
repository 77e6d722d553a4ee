"""Requests that were carried out, told apart from new ones by the id that whoever asks gives them."""

from __future__ import annotations

from keytui.domain.errors import AlreadyDone, Invalid, Refused
from keytui.vault.local.section import Write
from keytui.vault.local.tables import IdempotencyRow


def refuse_repeat(write: Write, request_id: str, operation: str) -> None:
    """AlreadyDone when this request was carried out before; Refused when its id was another operation's."""
    if not request_id:
        raise Invalid("a request needs an id of its own", "give a random one, and the same again to repeat it")
    done = write.session.get(IdempotencyRow, _own(write, request_id))
    if done is not None and done.operation != operation:
        raise Refused("this request id was used for something else", "give each request a random one of its own")
    if done is not None:
        raise AlreadyDone(
            f"this request was carried out at {done.at:%Y-%m-%d %H:%M:%SZ}; its secret is not told twice",
            f"see what it made ({done.reference}){_if_lost(done)}",
            done.reference,
        )


def _if_lost(done: IdempotencyRow) -> str:
    """At once, because nobody has what is lost; and of a key that its issuer was only asked for nothing else works."""
    if done.operation != "create":
        return ""
    return f"; if the secret is lost, `keytui rotate {done.reference} --strategy immediate` issues another"


def remember_request(write: Write, request_id: str, operation: str, reference: str) -> None:
    """So that a repeat is recognised."""
    own = _own(write, request_id)
    write.session.add(IdempotencyRow(request_id=own, operation=operation, reference=reference, at=write.now))


def forget_request(write: Write, request_id: str) -> None:
    """So that it can be carried out after all."""
    write.session.delete(write.session.get_one(IdempotencyRow, _own(write, request_id)))


def _own(write: Write, request_id: str) -> str:
    """The id as the tenant's own, so that nobody learns of another's by choosing the same."""
    tenant = write.principal.tenant
    return request_id if tenant is None else f"{tenant}\n{request_id}"
