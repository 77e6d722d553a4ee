"""Who may come in, and what a second operator must agree to."""

from __future__ import annotations

from typing import Protocol

from keytui.domain.access import Principal
from keytui.domain.approvals import Approval
from keytui.domain.operators import Operator, OperatorDraft
from keytui.vault.model import DisabledUser, NewOperator


class Governing(Protocol):
    """Who may come in, and what a second operator must agree to."""

    def principal(self) -> Principal:
        """Who is asking, as this vault knows them."""
        ...

    def add_operator(self, draft: OperatorDraft) -> NewOperator:
        """An operator or service with a new token, told this once. Refused when the name is taken."""
        ...

    def operators(self) -> tuple[Operator, ...]:
        """Everybody with a token that this principal may see, revoked ones last, by name."""
        ...

    def revoke_operator(self, name: str, note: str) -> Operator:
        """End a token at once, whatever it is doing."""
        ...

    def disable_user(self, user: str, note: str) -> DisabledUser:
        """Disable every key that `user` owns and revoke every token of that name. NotFound when there is neither."""
        ...

    def approvals(self, *, decided: bool = False) -> tuple[Approval, ...]:
        """Requests that wait for an answer, oldest first; with `decided` those of the last 30 days too."""
        ...

    def approve(self, approval_id: int, note: str) -> Approval:
        """Agree to it. Forbidden to whoever requested it; Refused once it is decided or expired."""
        ...

    def deny(self, approval_id: int, note: str) -> Approval:
        """Say no. Whoever requested it may take it back so."""
        ...
