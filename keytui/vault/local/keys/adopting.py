"""Values that exist outside already, brought in by digest only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlmodel import col, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import BUILTIN, KeyDraft, KeySummary, Kind
from keytui.domain.secrets import Secret, format_of, parse_format
from keytui.vault.local.access.requests import Act, use_approval
from keytui.vault.local.access.tenancy import of_tenant, unbound
from keytui.vault.local.keys.drafts import checked_draft, checked_name, checked_word
from keytui.vault.local.keys.free_names import FreeNames
from keytui.vault.local.keys.minting import adopted_version, digest_of, new_key_id
from keytui.vault.local.keys.new_key import in_words, new_key
from keytui.vault.local.mapping import fingerprinted, summary_of
from keytui.vault.local.rows import key_row, repeat_versions
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import VersionRow
from keytui.vault.model import Found, ImportReport

FOREIGN: Final = "replace it where you found it, and ask a super_admin whose it is"


class Adopting(Section):
    """Imports."""

    def adopt(self, found: Sequence[Found], draft: KeyDraft) -> ImportReport:
        if not all(one.secret for one in found):
            raise Invalid("an empty value is no secret", "leave the variable out")
        if draft.kind is not Kind.API_KEY:
            raise Refused(f"a {draft.kind} is not imported by digest", "keep its value: keytui seal NAME")
        if draft.issuer != BUILTIN:
            raise Refused(
                "values are imported for keytui's own verifiers", f"`keytui sync {draft.issuer}` brings its keys in"
            )
        parse_format(draft.format)
        added: list[KeySummary] = []
        present: list[str] = []
        with self._writing(Operation.IMPORT) as write:
            draft = of_tenant(draft, write.principal)
            names = FreeNames(draft.tenant.strip(), draft.environment)
            for one in found:
                known = self._known(write, one.secret)
                if known is None:
                    added.append(self._add(write, one, draft, names))
                else:
                    present.append(seen_again(write, known, draft))
            if added:
                use_approval(write, draft.sensitive, _importing(added, draft))
            write.record(Event("vault.imported", details={"added": str(len(added)), "present": str(len(present))}))
            weak = tuple(summary.key.name for summary in added if summary.version.weak)
            return write.answered(ImportReport(tuple(added), tuple(present), weak))

    def _known(self, write: Write, secret: Secret) -> VersionRow | None:
        """The version that has this value, revoked ones among them: what was ended does not come back by import."""
        digest = digest_of(secret, self._ground.pepper)
        known = select(VersionRow).where(VersionRow.digest == digest, col(VersionRow.sealed).is_(None))
        row = write.session.exec(known).first()
        if row is None:
            with unbound(write.session):
                elsewhere = write.session.exec(known).first()
            if elsewhere is not None:
                raise Refused("one of the values cannot be imported: it opens a key that is not yours", FOREIGN)
        return row

    def _add(self, write: Write, one: Found, draft: KeyDraft, names: FreeNames) -> KeySummary:
        common = replace(draft, name=checked_name(one.name), format=format_of(one.secret, draft.format))
        checked = checked_draft(common, write.now)
        (name,) = names.give(write.session, [checked.name])
        row = new_key(write, replace(checked, name=name), new_key_id(self._randomness))
        version = adopted_version(row.id, one.secret, write.now, self._ground.pepper, draft.label)
        write.session.add(version)
        repeat_versions(write.session, row)
        details = {
            "env": row.environment,
            "variable": checked_word("variable", one.variable),
            **fingerprinted("new_fingerprint", version),
        }
        write.record(Event("key.imported", row.id, row.name, version.number, details=details))
        return summary_of(row, version, self._policies.of(row.environment), write.now)


def _importing(added: Sequence[KeySummary], draft: KeyDraft) -> Act:
    """One act, however many values: whoever approves reads all of the names."""
    names = [summary.key.name for summary in added]
    first = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    what = f"{', '.join(names)}: {in_words(draft)}"
    return Act(Operation.IMPORT, "", first, draft.environment, draft.tenant, what)


def seen_again(write: Write, known: VersionRow, draft: KeyDraft) -> str:
    """Nothing is added; but a value met in another environment or application is marked as shared. Gives its name."""
    row = key_row(write.session, known.key_id)
    elsewhere = draft.environment != row.environment or draft.tenant != row.tenant
    other_apps = tuple(app for app in draft.apps if app not in row.apps)
    if not elsewhere and not other_apps:
        return row.name
    if not elsewhere:
        row.apps = (*row.apps, *other_apps)
    if elsewhere or len(row.apps) > len(other_apps):
        known.shared = True
    repeat_versions(write.session, row)
    where = {"env": draft.environment, "apps": ", ".join(draft.apps)}
    write.record(Event("key.shared", row.id, row.name, known.number, details=where))
    return row.name
