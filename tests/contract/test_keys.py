"""Keys: made, found, changed and ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import AlreadyDone, Ambiguous, Invalid, NotFound, Refused
from keytui.domain.keys import KeyDraft, KeyEdit, KeyState, Kind, VersionState
from keytui.domain.rotation import Plan, Reason, RotationState
from keytui.domain.secrets import fingerprint
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, created, handed_over, request
from tests.world import StoppedClock


def test_a_created_key_is_what_was_asked_for_and_its_secret_works(vault: Vault, clock: StoppedClock) -> None:
    draft = KeyDraft(
        "checkout-api",
        "production",
        description="pays",
        owner="payments",
        tenant="acme",
        scopes=("bookings:read", "bookings:write"),
        apps=("web",),
        expires_at=clock() + 90 * DAY,
        label="first",
    )

    issued = vault.create(draft, request())

    key = issued.key
    assert (key.name, key.environment, key.description, key.owner) == ("checkout-api", "production", "pays", "payments")
    assert (key.tenant, key.scopes, key.apps) == ("acme", ("bookings:read", "bookings:write"), ("web",))
    assert (key.sensitive, key.expires_at, key.created_at) == (False, clock() + 90 * DAY, clock())
    assert vault.edit(key.id, KeyEdit(sensitive=True)).sensitive
    assert (issued.version.number, issued.version.state) == (1, VersionState.ACTIVE)
    assert (issued.version.prefix, issued.version.label) == (issued.secret.prefix(), "first")
    answer = vault.check(issued.secret, ["bookings:read"], UNKNOWN_CALLER)
    assert (answer.valid, answer.key_id, answer.version) == (True, key.id, 1)
    assert vault.check(issued.secret, ["admin"], UNKNOWN_CALLER).reason is Outcome.SCOPE


def test_the_same_request_makes_one_key_and_tells_its_secret_once(vault: Vault) -> None:
    issued = vault.create(KeyDraft("checkout-api", "production"), "request-x")

    with pytest.raises(AlreadyDone) as repeated:
        vault.create(KeyDraft("checkout-api", "production"), "request-x")

    assert repeated.value.reference == issued.key.id
    assert vault.audit(AuditFilter(type="key.created"), 0, 10).total == 1


def test_a_request_is_known_for_a_week(vault: Vault, clock: StoppedClock) -> None:
    vault.create(KeyDraft("checkout-api", "production"), "request-x")
    clock.advance(6 * DAY)
    vault.tend()
    with pytest.raises(AlreadyDone):
        vault.create(KeyDraft("checkout-web", "production"), "request-x")

    clock.advance(DAY)
    vault.tend()

    assert vault.create(KeyDraft("checkout-web", "production"), "request-x").key.name == "checkout-web"


def test_a_name_is_taken_once_per_tenant_and_environment(vault: Vault) -> None:
    created(vault)

    created(vault, environment="staging")
    created(vault, tenant="acme")
    with pytest.raises(Refused, match="checkout-api"):
        created(vault)


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (KeyDraft("", "production"), "name"),
        (KeyDraft("two\nlines", "production"), "name"),
        (KeyDraft("n" * 200, "production"), "name"),
        (KeyDraft("key", "pro duction"), "environment"),
        (KeyDraft("key", ""), "environment"),
        (KeyDraft("key", "production", scopes=("",)), "scope"),
        (KeyDraft("key", "production", scopes=tuple(f"s{number}" for number in range(101))), "100 is the most"),
        (KeyDraft("key", "production", apps=tuple(f"a{number}" for number in range(101))), "101 applications"),
        (KeyDraft("key", "production", owner="\x1b[31mred"), "owner"),
        (KeyDraft("key", "production", format="short:hex:8"), "bits"),
    ],
)
def test_bad_input_is_named_and_makes_nothing(vault: Vault, draft: KeyDraft, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        vault.create(draft, request())

    assert refused.value.hint
    assert vault.audit(AuditFilter(type="key"), 0, 1).total == 0


def test_an_expiry_in_the_past_is_refused(vault: Vault, clock: StoppedClock) -> None:
    with pytest.raises(Invalid, match="past"):
        created(vault, expires_at=clock())


def test_a_token_is_not_issued_here(vault: Vault) -> None:
    with pytest.raises(Refused, match="not issued here"):
        created(vault, kind=Kind.TOKEN)


def test_a_key_is_found_by_id_name_and_prefix(vault: Vault) -> None:
    issued = created(vault)
    created(vault, "other")
    key, prefix = issued.key, issued.version.prefix

    assert prefix is not None
    for reference in (key.id, key.name, prefix, prefix[:8], key.id[:6]):
        assert vault.find(reference) == key


def test_a_name_that_is_nearly_right_is_told_with_those_that_are(vault: Vault) -> None:
    created(vault)
    vault.revoke(created(vault, "checkout-abi").key.id, None, Reason.LEAVER, "")
    for typed in ("chekout-api", "CHECKOUT", "checkout-apis"):
        with pytest.raises(NotFound) as missed:
            vault.find(typed)
        assert missed.value.hint == "did you mean checkout-api? list them: keytui list"
    with pytest.raises(NotFound) as missed:
        vault.find("unheard-of")
    assert missed.value.hint == "list them: keytui list"


def test_a_key_is_found_by_the_prefix_of_a_version_that_was_replaced(vault: Vault) -> None:
    first = created(vault)
    handed_over(vault, first.key.id)

    assert vault.find(first.version.prefix or "").id == first.key.id


def test_a_key_is_found_by_the_fingerprint_of_any_of_its_versions(vault: Vault) -> None:
    first = created(vault)
    created(vault, "other")
    _, second = handed_over(vault, first.key.id)

    assert first.version.fingerprint
    assert vault.find(first.version.fingerprint).id == first.key.id
    assert vault.find(fingerprint(second.secret.digest())).id == first.key.id
    with pytest.raises(NotFound):
        vault.find(f"sha256:{'0' * 16}")


def test_an_ambiguous_reference_lists_the_candidates(vault: Vault) -> None:
    ids = [created(vault, environment=environment).key.id for environment in ("production", "staging")]

    with pytest.raises(Ambiguous) as ambiguous:
        vault.find("checkout-api")
    assert ambiguous.value.candidates == (
        f"checkout-api (production, {ids[0]})",
        f"checkout-api (staging, {ids[1]})",
    ) or ambiguous.value.candidates == (
        f"checkout-api (staging, {ids[1]})",
        f"checkout-api (production, {ids[0]})",
    )
    with pytest.raises(Ambiguous):
        vault.find("tk_")


@pytest.mark.parametrize("reference", ["nobody", "", "%", "_", "tk%"])
def test_what_names_no_key_is_not_found(vault: Vault, reference: str) -> None:
    created(vault)

    with pytest.raises(NotFound):
        vault.find(reference)


def test_a_secret_typed_as_a_reference_is_not_repeated(vault: Vault) -> None:
    issued = created(vault)
    value = issued.secret.reveal()

    for typed in (value, value + "x", value[:20]):
        with pytest.raises(NotFound) as refused:
            vault.find(typed)
        assert typed[12:] not in refused.value.message + refused.value.hint


def test_an_edit_changes_what_is_named_and_nothing_else(vault: Vault, clock: StoppedClock) -> None:
    key = created(vault, owner="payments", scopes=("a",)).key

    edited = vault.edit(key.id, KeyEdit(name="checkout", owner="platform", scopes=("a", "b"), expires_at=clock() + DAY))

    assert edited == replace(key, name="checkout", owner="platform", scopes=("a", "b"), expires_at=clock() + DAY)
    assert vault.detail(key.id).summary.key == edited
    assert vault.edit(key.id, KeyEdit(never_expires=True)).expires_at is None
    details = vault.audit(AuditFilter(type="key.edited"), 1, 1).entries[0].event.details
    assert details["owner"] == "payments -> platform"


def test_an_edit_of_nothing_or_to_a_taken_name_is_refused(vault: Vault) -> None:
    key = created(vault).key
    created(vault, "other")

    with pytest.raises(Invalid):
        vault.edit(key.id, KeyEdit())
    with pytest.raises(Refused, match="other"):
        vault.edit(key.id, KeyEdit(name="other"))
    assert vault.find("checkout-api") == key


def test_a_disabled_key_refuses_and_comes_back(vault: Vault) -> None:
    issued = created(vault)

    assert vault.disable(issued.key.id, "leaver").state is not None
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).reason is Outcome.DISABLED
    with pytest.raises(Refused, match="disabled already"):
        vault.disable(issued.key.id, "")
    assert vault.enable(issued.key.id, "") == issued.key
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).valid
    with pytest.raises(Refused, match="not disabled"):
        vault.enable(issued.key.id, "")


def test_a_revocation_is_noted_as_at_length_as_anything_else(vault: Vault) -> None:
    key_id, note = created(vault).key.id, "ß" * 2_000
    with pytest.raises(Invalid, match="2000"):
        vault.revoke(key_id, None, Reason.OTHER, note + "!")
    vault.revoke(key_id, None, Reason.OTHER, note)
    (entry,) = vault.audit(AuditFilter("key.revoked"), 0, 9).entries
    assert entry.event.details["note"] == note


def test_a_revoked_key_is_final(vault: Vault, clock: StoppedClock) -> None:
    issued = created(vault)

    key = vault.revoke(issued.key.id, None, Reason.LEAVER, "gone")

    assert key.state(clock()) is KeyState.REVOKED
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    for act in (vault.disable, vault.enable):
        with pytest.raises(Refused, match="final"):
            act(key.id, "")
    with pytest.raises(Refused, match="final"):
        vault.plan(key.id, Plan(), request())
    with pytest.raises(Refused, match="final"):
        vault.revoke(key.id, None, Reason.LEAVER, "")


def test_revoking_a_key_ends_its_open_rotation_with_a_step(vault: Vault) -> None:
    key_id = created(vault).key.id
    rotation, issued = handed_over(vault, key_id)

    vault.revoke(key_id, None, Reason.COMPROMISE, "")

    detail = vault.rotation(rotation.id)
    assert detail.rotation.state is RotationState.ABANDONED
    assert detail.steps[-1].verb == "revoke"
    assert vault.open_rotation(key_id) is None
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED


def test_a_version_that_a_rotation_or_the_key_needs_is_not_revoked(vault: Vault) -> None:
    key_id = created(vault).key.id

    with pytest.raises(Refused, match="only version"):
        vault.revoke(key_id, 1, Reason.LEAVER, "")
    handed_over(vault, key_id)
    for number, names in ((1, "retire"), (2, "roll it back")):
        with pytest.raises(Refused) as refused:
            vault.revoke(key_id, number, Reason.LEAVER, "")
        assert names in refused.value.hint
    assert [version.state for version in vault.detail(key_id).versions] == [VersionState.ACTIVE, VersionState.OUTGOING]
    with pytest.raises(NotFound):
        vault.revoke(key_id, 7, Reason.LEAVER, "")


def test_a_secret_is_no_note_and_no_name(vault: Vault) -> None:
    issued = created(vault)
    value = issued.secret.reveal()
    rotation = vault.plan(issued.key.id, Plan(), request())

    for write in (
        lambda: vault.disable(issued.key.id, f"the key {value} leaked"),
        lambda: vault.disable(issued.key.id, f"it stood as API_KEY={value};"),
        lambda: vault.disable(issued.key.id, 'beside "sk_live_4eC39HqLyjWDarjtT1zdp7dcTT"'),
        lambda: vault.leave_note(rotation.id, value),
        lambda: vault.abandon(rotation.id, value),
        lambda: created(vault, value),
        lambda: vault.edit(issued.key.id, KeyEdit(description=f"was {value}")),
    ):
        with pytest.raises(Invalid, match="looks like a secret") as refused:
            write()
        assert value[:16] not in refused.value.message + refused.value.hint


def test_the_reason_other_needs_words(vault: Vault) -> None:
    key_id = created(vault).key.id

    with pytest.raises(Invalid):
        vault.revoke(key_id, None, Reason.OTHER, "")
