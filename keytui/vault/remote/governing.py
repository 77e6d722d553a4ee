"""Who may come in, and what a second operator must agree to."""

from __future__ import annotations

from urllib.parse import quote

from keytui.domain.access import Principal
from keytui.domain.approvals import Approval
from keytui.domain.errors import NotFound
from keytui.domain.operators import Operator, OperatorDraft
from keytui.domain.secrets import Secret
from keytui.vault.model import DisabledUser, NewOperator
from keytui.vault.remote.section import Section


class Governing(Section):
    """Operators and approvals."""

    def principal(self) -> Principal:
        return self._line.get(Principal, "/admin/principal")

    def present(self, token: Secret) -> None:
        self._line.present(token)

    def add_operator(self, draft: OperatorDraft) -> NewOperator:
        return self._change(NewOperator, "/admin/operators", {"draft": draft}, look="keytui operators list")

    def operators(self) -> tuple[Operator, ...]:
        return self._line.get(tuple[Operator, ...], "/admin/operators")

    def revoke_operator(self, name: str, note: str) -> Operator:
        body = {"name": name, "note": note}
        return self._change(Operator, "/admin/operators/revoke", body, look="keytui operators list")

    def disable_user(self, user: str, note: str) -> DisabledUser:
        if "/" in user or user in {"", ".", ".."}:
            raise NotFound(f"no key and no token is {user!r}'s", "`keytui operators list` names those with a token")
        path = f"/admin/users/{quote(user, safe='')}/keys/disable"
        return self._change(DisabledUser, path, {"note": note}, look="keytui operators list")

    def approvals(self, *, decided: bool = False) -> tuple[Approval, ...]:
        return self._line.get(tuple[Approval, ...], "/admin/approvals", {"decided": str(decided).lower()})

    def approve(self, approval_id: int, note: str) -> Approval:
        return self._decided(approval_id, "approve", note)

    def deny(self, approval_id: int, note: str) -> Approval:
        return self._decided(approval_id, "deny", note)

    def _decided(self, approval_id: int, verb: str, note: str) -> Approval:
        return self._change(
            Approval, f"/admin/approvals/{approval_id}/{verb}", {"note": note}, look="keytui approvals --decided"
        )
