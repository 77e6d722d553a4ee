"""Keys that are made."""

from __future__ import annotations

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import KeytuiError, OutcomeUnknown, Refused
from keytui.domain.keys import BUILTIN, Key, KeyDraft, Kind, VersionState
from keytui.domain.secrets import Secret, parse_format
from keytui.issuers.issuer import Issuer, NewVersion
from keytui.issuers.placing import placing_of
from keytui.vault.local.access.requests import Act, approval_of, use_up
from keytui.vault.local.access.tenancy import of_tenant, refuse_anothers
from keytui.vault.local.issuing.asking import Issuing
from keytui.vault.local.issuing.calls import alone_with, begin_call
from keytui.vault.local.issuing.fitness import refuse_first
from keytui.vault.local.issuing.issuance import Begun, can_find_it, issued_by, taken_back_if_lost
from keytui.vault.local.issuing.pending import know_value, pending_version, tag_of
from keytui.vault.local.issuing.told import Call, Effect, end_call
from keytui.vault.local.keys.counts import count_revoked
from keytui.vault.local.keys.drafts import checked_draft, refuse_disallowed, refuse_unknown
from keytui.vault.local.keys.minting import mint_version, new_key_id
from keytui.vault.local.keys.new_key import in_words, new_key
from keytui.vault.local.keys.repeats import forget_request, refuse_repeat, remember_request
from keytui.vault.local.mapping import fingerprinted, key_of, version_of
from keytui.vault.local.rows import key_row, repeat_versions, version_row
from keytui.vault.local.section import Write
from keytui.vault.local.tables import KeyRow, VersionRow
from keytui.vault.model import Issued


class Creating(Issuing):
    """Keys that are made, here or at their issuer."""

    def create(self, draft: KeyDraft, request_id: str) -> Issued:
        if draft.kind is not Kind.API_KEY:
            raise Refused(f"a {draft.kind} is not issued here", "keep one that exists: keytui seal NAME")
        parse_format(draft.format)
        if draft.issuer != BUILTIN:
            return self._create_elsewhere(draft, request_id)
        with self._writing(Operation.CREATE) as write:
            row, approval = self._new(write, draft, request_id)
            use_up(write, approval)
            version, secret = mint_version(write.session, row, write.now, self._randomness, draft.label)
            return _created(write, row, version, secret)

    def _create_elsewhere(self, draft: KeyDraft, request_id: str) -> Issued:
        """The key is in the vault, refused, before its issuer is asked; what the issuer refuses is gone again."""
        issuer = self._issuer(draft.issuer)
        refuse_first(issuer)
        refuse_anothers(self._ground.principal, draft.issuer, placing_of(self._ground.issuers(), draft.issuer).tenant)
        with alone_with(request_id):
            return self._issue_first(issuer, draft, request_id)

    def _issue_first(self, issuer: Issuer, draft: KeyDraft, request_id: str) -> Issued:
        value = issuer.new_value(self._randomness) if issuer.abilities.takes_our_value else None
        with self._writing(Operation.CREATE) as write:
            row, approval = self._new(write, draft, request_id)
            version = pending_version(
                write.session, row, write.now, value, randomness=self._randomness, label=draft.label
            )
            repeat_versions(write.session, row)
            call = Call(Effect.ISSUE, row.id, 1, None)
            begin_call(write, row, call)
            begun = Begun(call, value, tag_of(version))
            key = key_of(row)
        with alone_with(key.id):
            try:
                new = self._first_issued(issuer, key, begun, request_id)
            except OutcomeUnknown:
                self._use_up(approval)
                raise
            with taken_back_if_lost(issuer, new, begun):
                return self._taken_in(key, new, approval)

    def _use_up(self, approval: int | None) -> None:
        """Of a key that may be there."""
        if approval is not None:
            with self._writing(Operation.CREATE) as write:
                use_up(write, approval)

    def _taken_in(self, key: Key, new: NewVersion, approval: int | None) -> Issued:
        with self._writing(Operation.CREATE) as write:
            use_up(write, approval)
            row, version = key_row(write.session, key.id), version_row(write.session, key.id, 1)
            know_value(version, new.secret, self._ground.pepper)
            version.state, version.reference = VersionState.ACTIVE, new.listed.mark.reference
            end_call(write, key.id, 1)
            return _created(write, row, version, new.secret)

    def _first_issued(self, issuer: Issuer, key: Key, begun: Begun, request_id: str) -> NewVersion:
        try:
            return issued_by(issuer, key, begun, None)
        except OutcomeUnknown as error:
            self._note_unknown(Operation.CREATE, begun.call, error)
            raise OutcomeUnknown(
                f"nobody knows whether {issuer.name} has {key.name} now: {error.message}",
                _way_on(issuer, key),
            ) from error
        except KeytuiError as error:
            with self._writing(Operation.CREATE) as write:
                _never_was(write, key.id, request_id)
                told = {"issuer": issuer.name, "said": error.message}
                write.record(Event("key.created", "", key.name, details=told, refused=True), key.tenant)
            raise

    def _new(self, write: Write, draft: KeyDraft, request_id: str) -> tuple[KeyRow, int | None]:
        """The key, without a version yet, and the approval that it takes: nobody is asked for one in vain."""
        refuse_repeat(write, request_id, "create")
        draft = of_tenant(checked_draft(draft, write.now), write.principal)
        refuse_unknown(draft.targets, self._ground.targets)
        refuse_disallowed(self._policies, draft.environment, draft.targets)
        row = new_key(write, draft, new_key_id(self._randomness))
        made = Act(Operation.CREATE, "", draft.name, draft.environment, draft.tenant, in_words(draft))
        approval = approval_of(write, draft.sensitive, made)
        remember_request(write, request_id, "create", row.id)
        return row, approval


def _way_on(issuer: Issuer, key: Key) -> str:
    another = f"`keytui rotate {key.id} --strategy immediate`"
    if issuer.abilities.takes_our_value or can_find_it(issuer):
        return f"{another} revokes what it may have, and issues another"
    return f"{another} issues another; `keytui sync {issuer.name}` brings in what it made: revoke that, nobody has it"


def _created(write: Write, row: KeyRow, version: VersionRow, secret: Secret) -> Issued:
    """The key with its first version, which is handed over by the answer."""
    version.delivered_at = write.now
    repeat_versions(write.session, row)
    issuer = {} if row.issuer == BUILTIN else {"issuer": row.issuer}
    details = {"env": row.environment, **issuer, **fingerprinted("new_fingerprint", version)}
    write.record(Event("key.created", row.id, row.name, version.number, details=details))
    return write.answered(Issued(key_of(row), version_of(version), secret))


def _never_was(write: Write, key_id: str, request_id: str) -> None:
    """Take a key out again that its issuer did not accept: its name and the request are free for another try."""
    row = key_row(write.session, key_id)
    end_call(write, key_id, 1)
    write.session.delete(version_row(write.session, key_id, 1))
    forget_request(write, request_id)
    write.session.flush()
    count_revoked(write.session, row)
    write.session.delete(row)
