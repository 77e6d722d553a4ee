"""Many keys at once: exactly what the same keys would be that came one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import KeyDraft
from keytui.domain.query import Sort, parse
from keytui.domain.secrets import FORMATS, Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.vault.local import many_rows
from keytui.vault.local.vault import LocalVault
from keytui.vault.many_keys import MOST_AT_ONCE, NewKey, Origin, new_key
from keytui.vault.model import Found
from keytui.vault.profile import Profile
from tests.world import NOON, StoppedClock, repeatable_randomness

_STORED = {
    "keys": "id, created_at, version_created_at",
    "versions": "key_id, created_at, delivered_at",
    "key_counts": "",
}


def _drafts(dice: random.Random, number: int) -> list[tuple[KeyDraft, Secret]]:
    """Keys as files have them: strong and weak values, some twice, in several places and under several names."""
    values = [FORMATS[dice.choice(["tk", "hk", "base64"])].mint(dice.randbytes) for _ in range(number // 2)]
    values += [Secret(f"hunter{at}") for at in range(number // 6)]
    return [
        (
            KeyDraft(
                f" key-{at} ",
                dice.choice(["production", "staging"]),
                description=dice.choice(["", "for *orders*"]),
                owner=dice.choice(["", "payments", "Ünïcode"]),
                tenant=dice.choice(["", "acme"]),
                scopes=dice.choice([(), ("orders:read", "orders:write")]),
                apps=dice.choice([(), ("web",), ("web", "mobile")]),
                format=dice.choice(["tk", "acme_:base62:40"]),
                sensitive=dice.random() < 0.1,
                expires_at=dice.choice([None, NOON + timedelta(days=90)]),
                label=dice.choice(["", "first"]),
            ),
            dice.choice(values),
        )
        for at in range(number)
    ]


def _stored(vault: LocalVault) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, but for ids and for the times of the vault's own clock; what the log says of keys, in its order."""
    with vault._ground.database.reading() as session:
        connection = session.connection()
        found = {}
        for table, leave_out in _STORED.items():
            rows = connection.execute(text(f"SELECT * FROM {table}")).mappings()  # noqa: S608
            kept = [{k: v for k, v in row.items() if k not in leave_out.split(", ")} for row in rows]
            found[table] = sorted((tuple(row.items()) for row in kept), key=repr)
        log = "SELECT type, key_name, version, details, refused, actor, tenant FROM audit WHERE type LIKE 'key.%'"
        found["audit"] = [tuple(row) for row in connection.execute(text(f"{log} ORDER BY sequence"))]
        assert (
            connection.execute(
                text("SELECT count(*) FROM audit a LEFT JOIN keys k ON k.id = a.key_id WHERE type = 'key.imported'")
            ).scalar_one()
            == connection.execute(text("SELECT count(*) FROM keys")).scalar_one()
        )
    return found


def _opened(profile: Profile, name: str) -> LocalVault:
    return LocalVault.open(
        replace(profile, directory=profile.directory / name), StoppedClock(), repeatable_randomness()
    )


@pytest.mark.parametrize("seed", range(2))
def test_a_batch_gives_what_one_by_one_gives(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    profile = Profile("test", tmp_path_factory.mktemp("adding"), Actor("ada", "bastion-2"))
    together, singly = _opened(profile, "together"), _opened(profile, "singly")
    keys = _drafts(random.Random(seed), 40)  # noqa: S311

    new = [new_key(draft.name, draft, secret, f"line {at}") for at, (draft, secret) in enumerate(keys)]
    rehearsed = together.add_keys(new[:15], Origin.IMPORTED, rehearse=True)
    told = [together.add_keys(part, Origin.IMPORTED) for part in (new[:15], new[10:])]
    for at, (draft, secret) in enumerate(keys[:15] + keys[10:]):
        singly.adopt([Found(draft.name, f"line {at if at < 15 else at - 5}", secret)], draft)

    assert _stored(together) == _stored(singly)
    assert rehearsed == told[0]
    assert sum(one.added for one in told) == together.page(parse(""), Sort(), 0, 1).total
    assert sum(one.added + one.present for one in told) == 45
    assert not any(one.left_out for one in told)
    assert together.verify_audit().broken_at is None
    for word in ("key-1", "ünïcode", "payments"):
        assert _names(together, word) == _names(singly, word) != []
    together.close()
    singly.close()


def _names(vault: LocalVault, query: str) -> Sequence[str]:
    return [row.key.name for row in vault.page(parse(query), Sort(), 0, 100).rows]


def test_more_than_a_statement_holds_goes_in_whole_on_either_database(on_either: Profile) -> None:
    vault = LocalVault.open(on_either)
    new = [NewKey(f"worker-{at}", KeyDraft("", "production"), f"{at:064x}", "tk_123") for at in range(1_600)]
    clash = NewKey("worker-7", KeyDraft("", "production"), "f" * 64)

    first = vault.add_keys(new[:100], Origin.MADE)
    again = vault.add_keys(new, Origin.MADE)
    with pytest.raises(Refused, match="production has a key called worker-7 already"):
        vault.add_keys([NewKey("fresh", KeyDraft("", "production"), "e" * 64), clash], Origin.MADE)
    left_out = vault.add_keys([clash, new[3]], Origin.IMPORTED)

    assert (first.added, again.added, again.present) == (100, 1_500, 100)
    assert [(one.place, one.hint) for one in left_out.left_out] == [
        (0, "choose another name, or rename that one first: keytui edit --name")
    ]
    assert (left_out.present, vault.page(parse(""), Sort(), 0, 1).total) == (1, 1_600)
    assert vault.audit(AuditFilter(type="key.created"), 0, 1).total == 1_600
    assert vault.verify_audit().broken_at is None
    vault.close()


def test_only_many_keys_get_more_room_and_for_some_seconds(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = LocalVault.open(profile, StoppedClock())

    def kept() -> list[object]:
        with vault._ground.database.writing() as session:
            asked = ("cache_size", "wal_autocheckpoint")
            return [session.connection().exec_driver_sql(f"PRAGMA {one}").scalar_one() for one in asked]

    before = kept()
    vault.add_keys([NewKey("one", KeyDraft("", "production"), "a" * 64)], Origin.IMPORTED)
    assert kept() == before
    many = [NewKey(f"key-{number}", KeyDraft("", "production"), f"{number:064x}") for number in range(500)]
    vault.add_keys(many, Origin.IMPORTED)
    assert kept() == [-65536, 20000], "the next part finds the pages that it touches, too"
    monkeypatch.setattr(many_rows, "_ROOM_FOR", -1.0)  # no part came for long
    assert kept() == before
    vault.close()


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        ({"name": ""}, "a key needs a name"),
        ({"name": "two\nlines"}, "characters that do not print"),
        ({"name": FORMATS["tk"].mint(repeatable_randomness()).reveal()}, "looks like a secret"),
        ({"environment": "no such"}, "cannot be an environment"),
        ({"expires_at": NOON - timedelta(days=1)}, "the expiry lies in the past"),
        ({"issuer": "redis"}, "keytui's own verifiers"),
        ({"format": "?"}, "no such format"),
    ],
)
def test_what_one_key_may_not_be_none_of_many_may_be(profile: Profile, spoiled: dict[str, Any], why: str) -> None:
    vault = LocalVault.open(profile, StoppedClock())
    good = NewKey("good", KeyDraft("", "production"), "a" * 64)
    draft = replace(KeyDraft("bad", "production"), **spoiled)
    bad = NewKey(draft.name, draft, "b" * 64)

    told = vault.add_keys([bad, good], Origin.IMPORTED)

    assert told.added == 1
    (left_out,) = told.left_out
    assert (left_out.place, why in left_out.why) == (0, True)
    vault.close()


def test_values_are_checked_and_their_number_is_bounded(profile: Profile) -> None:
    vault = LocalVault.open(profile, StoppedClock())
    draft = KeyDraft("one", "production")
    pasted = FORMATS["tk"].mint(repeatable_randomness()).reveal()
    bad = [
        NewKey("one", draft, "A" * 64),
        NewKey("one", draft, "a" * 64, "p" * 13),
        NewKey("one", draft, "a" * 64, "\x1b[31m"),
        *(NewKey("one", draft, "a" * 64, variable=said) for said in ("V" * 100_000, "\x1b[31m", pasted)),
    ]

    told = vault.add_keys(
        [*bad, NewKey("one", draft, value=Secret("")), new_key("one", draft, Secret("weak"))], Origin.IMPORTED
    )
    with pytest.raises(Invalid, match="is the most"):
        vault.add_keys([NewKey("one", draft, "a" * 64)] * (MOST_AT_ONCE + 1), Origin.IMPORTED)

    assert [one.place for one in told.left_out] == list(range(7))
    assert (told.added, told.weak) == (1, 1)
    assert vault.check(Secret("weak"), [], UNKNOWN_CALLER).valid
    for said in ("V" * 100_000, "\x1b[31m", pasted):
        with pytest.raises(Invalid, match="variable"):
            vault.adopt([Found("two", said, Secret("another"))], draft)
    vault.close()
