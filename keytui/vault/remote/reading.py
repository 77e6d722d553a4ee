"""Questions that write nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from keytui.domain.audit import AuditFilter
from keytui.domain.keys import Key
from keytui.domain.no_such_value import NoSuchValue
from keytui.domain.query import Query, Sort, written
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.domain.verdict import Assessment
from keytui.domain.verification import Check
from keytui.vault.model import AuditPage, Diagnosis, KeyDetail, Page, Proof, Rehearsal, RotationDetail, Rows
from keytui.vault.remote.parts import in_parts
from keytui.vault.remote.section import Section, key_path, rotation_path
from keytui.vault.standing import SealState, Standing
from keytui.vault.wanted import Wanted


class Reading(Section):
    """Filters, orders and pages are the server's work."""

    def standing(self) -> Standing:
        """The server says who we are and what waits; the profile and its guard are ours."""
        ground = self._ground
        told = self._line.get(Standing, "/admin/standing")
        seal = told.seal
        if seal is not SealState.UNSET:
            seal = SealState.OPEN if ground.passphrase.is_held(told.seal_epoch) else SealState.LOCKED
        return replace(
            told,
            profile=ground.profile.name,
            location=self._line.server.host,
            read_only=ground.profile.read_only,
            armed_until=ground.guard.armed_until,
            seal=seal,
        )

    def rows(self, query: Query, sort: Sort, offset: int, limit: int, wanted: Wanted | None = None) -> Rows:
        asked = _listing(query, sort)

        def part(at: int, most: int) -> Rows:
            parameters = {**asked, "offset": str(offset + at), "limit": str(most)}
            return self._line.get(Rows, "/admin/keys/rows", parameters, wanted=wanted)

        rows, last = in_parts(limit, part, lambda part: part.rows)
        return Rows(rows, offset, last.total)

    def count(self, query: Query, wanted: Wanted | None = None) -> int:
        return self._line.get(int, "/admin/keys/count", {"filter": written(query)}, wanted=wanted)

    def no_such_values(self, query: Query) -> tuple[NoSuchValue, ...]:
        return self._line.get(tuple[NoSuchValue, ...], "/admin/keys/no-such-values", {"filter": written(query)})

    def page(self, query: Query, sort: Sort, offset: int, limit: int) -> Page:
        asked = _listing(query, sort)

        def part(at: int, most: int) -> Page:
            return self._line.get(Page, "/admin/keys", {**asked, "offset": str(offset + at), "limit": str(most)})

        rows, last = in_parts(limit, part, lambda page: page.rows)
        return Page(rows, offset, last.total)

    def find(self, reference: str) -> Key:
        return self._line.get(Key, "/admin/keys/find", {"reference": reference})

    def detail(self, key_id: str) -> KeyDetail:
        return self._line.get(KeyDetail, key_path(key_id))

    def rehearse(self, key_id: str, plan: Plan) -> Rehearsal:
        return self._line.ask(Rehearsal, key_path(key_id, "/rehearsal"), {"plan": plan})

    def rotations(self, open_only: bool, offset: int, limit: int) -> tuple[Rotation, ...]:
        def part(at: int, most: int) -> tuple[Rotation, ...]:
            query = {"open_only": str(open_only).lower(), "offset": str(offset + at), "limit": str(most)}
            return self._line.get(tuple[Rotation, ...], "/admin/rotations", query)

        return in_parts(limit, part, lambda rotations: rotations)[0]

    def open_rotation(self, key_id: str) -> Rotation | None:
        return self._line.get(Rotation | None, key_path(key_id, "/rotation"))

    def rotation(self, rotation_id: int) -> RotationDetail:
        return self._line.get(RotationDetail, rotation_path(rotation_id))

    def verdict(self, rotation_id: int) -> Assessment:
        return self._line.get(Assessment, rotation_path(rotation_id, "/verdict"))

    def proof(self, rotation_id: int, old: Secret | None = None) -> Proof:
        return self._line.ask(Proof, rotation_path(rotation_id, "/proof"), {"old": old})

    def check(self, secret: Secret, scopes: Sequence[str], caller: Caller) -> Check:
        return self._line.ask(Check, "/admin/check", {"secret": secret, "scopes": tuple(scopes), "caller": caller})

    def diagnose(self, secret: Secret) -> Diagnosis:
        return self._line.ask(Diagnosis, "/admin/diagnose", {"secret": secret})

    def audit(self, which: AuditFilter, offset: int, limit: int) -> AuditPage:
        asked = _filter(which)

        def part(at: int, most: int) -> AuditPage:
            query = {**asked, "offset": str(offset + at), "limit": str(most)}
            return self._line.get(AuditPage, "/admin/audit-logs", query)

        entries, last = in_parts(limit, part, lambda page: page.entries)
        return AuditPage(entries, offset, last.total)


def _listing(query: Query, sort: Sort) -> Mapping[str, str]:
    return {"filter": written(query), "sort": f"{'-' if sort.descending else ''}{sort.field}"}


def _filter(which: AuditFilter) -> Mapping[str, str]:
    """Those of its fields that are set."""
    told: dict[str, str | int | datetime | None] = {
        "type": which.type,
        "key_id": which.key_id,
        "key_version": which.key_version,
        "actor": which.actor,
        "start_date": which.since,
        "end_date": which.until,
        "before": which.before,
    }
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in told.items()
        if value not in {"", None}
    }
