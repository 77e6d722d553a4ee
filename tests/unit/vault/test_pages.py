"""Pages of the key list: each way to the rows leads to the same ones, and the index of words follows every change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.query import Sort, SortField, parse
from keytui.domain.rotation import Reason
from keytui.vault.local.keys import pages
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

NAMES = [f"{noun}-{role}-{n}" for noun in ("mail", "orders") for role in ("api", "cron") for n in range(8)]
OWNERS = ("payments", "web", "")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalVault]:
    """32 keys of three owners, a fourth of them in another environment; every seventh is revoked."""
    opened = LocalVault.open(Profile("test", tmp_path_factory.mktemp("pages") / "vault", Actor("ada")))
    _fill(opened)
    yield opened
    opened.close()


def _fill(vault: LocalVault) -> None:
    for at, name in enumerate(NAMES):
        draft = KeyDraft(name, "staging" if at % 4 == 0 else "production", owner=OWNERS[at % 3])
        made = vault.create(draft, name)
        if at % 7 == 0:
            vault.revoke(made.key.id, None, Reason.LEAVER, "")


def names(vault: LocalVault, query: str, sort: Sort = Sort(), offset: int = 0, limit: int = 100) -> list[str]:  # noqa: B008  # frozen
    page = vault.page(parse(query), sort, offset, limit)
    whole = vault.page(parse(query), sort, 0, 1000)
    told = vault.rows(parse(query), sort, offset, limit)
    assert page.total == len(whole.rows) == vault.count(parse(query))
    assert (told.rows, told.offset) == (page.rows, offset)
    assert told.total in {None, page.total}
    return [row.key.name for row in page.rows]


@pytest.mark.parametrize(
    "far",
    [(0, 0, 0), (0, 0, 10_000), (0, 10_000, 0), (5, 10_000, 0), (1000, 0, 0)],
    ids="few {0[0]} near {0[1]} held {0[2]}".format,
)
@pytest.mark.parametrize(
    "word", ["mail", "api", "pay", "ma", "a", "-7", "7", "web", "s-c", "tk_", "tk", "zzz", "mail api", '"']
)
def test_every_way_to_the_rows_finds_what_the_words_say(
    vault: LocalVault, monkeypatch: pytest.MonkeyPatch, far: tuple[int, int, int], word: str
) -> None:
    everything = vault.page(parse(""), Sort(), 0, 1000).rows
    wanted = [
        row.key.name
        for row in everything
        if all(
            part in row.key.name or part in row.key.owner or (row.version.prefix or "").startswith(part)
            for part in word.split()
        )
    ]
    for name, keys in zip(("FEW", "DENSE", "_NEAR", "_HELD"), (far[0], *far), strict=True):
        monkeypatch.setattr(pages, name, keys)

    text = f"'{word}'" if word in ('"', "-7") else word
    found = names(vault, text.replace("'-7'", "name:-7"))

    assert found == wanted


@pytest.mark.parametrize("sort", [Sort(field, down) for field in SortField for down in (False, True)], ids=str)
@pytest.mark.parametrize("query", ["", "env:production", "mail"])
@pytest.mark.parametrize("held", [0, 1_000])
def test_pages_from_the_end_are_those_from_the_beginning(
    vault: LocalVault, monkeypatch: pytest.MonkeyPatch, sort: Sort, query: str, held: int
) -> None:
    monkeypatch.setattr(pages, "_NEAR", 0)
    monkeypatch.setattr(pages, "_HELD", held)
    monkeypatch.setattr(pages, "FEW", 0)
    whole = [row.key.id for row in vault.page(parse(query), sort, 0, 1000).rows]

    tiles = [vault.page(parse(query), sort, offset, 5).rows for offset in range(0, 40, 5)]

    assert [row.key.id for tile in tiles for row in tile] == whole


def test_the_index_of_words_follows_every_change(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    key = vault.create(KeyDraft("checkout-api", "production", owner="payments"), "checkout")

    vault.edit(key.key.id, KeyEdit(name="till-api", owner="shop"))
    assert (names(vault, "checkout"), names(vault, "till"), names(vault, "shop")) == ([], ["till-api"], ["till-api"])

    vault.revoke(key.key.id, None, Reason.LEAVER, "")
    assert (names(vault, "till"), names(vault, "till state:revoked")) == ([], ["till-api"])
    vault.close()


@pytest.mark.parametrize(
    "query",
    [
        "mail",
        "a",
        "api",
        "-mail",
        "-7",
        "owner:pay",
        "owner:payments",
        "flag:leaked",
        "state:revoked",
        "mail flag:idle",
    ],
)
@pytest.mark.parametrize(("near", "sparse"), [(0, 0), (0, 1000), (10_000, 8)])
def test_rows_and_their_number_are_the_same_whichever_comes_first(
    vault: LocalVault, monkeypatch: pytest.MonkeyPatch, near: int, sparse: int, query: str
) -> None:
    everything = names(vault, query)
    monkeypatch.setattr(pages, "_NEAR", near)
    monkeypatch.setattr(pages, "_SPARSE", sparse)
    monkeypatch.setattr(pages, "FEW", 0)

    found = [name for offset in range(0, 40, 10) for name in names(vault, query, offset=offset, limit=10)]

    assert found == everything


def test_the_index_still_leads_to_its_keys_after_the_file_was_made_smaller(profile: Profile) -> None:
    made = LocalVault.open(profile)
    for name in ("gone", "mail-api", "orders-cron", "orders-7"):
        made.create(KeyDraft(name, "production"), name)
    made.close()
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        # As after a key that its issuer did not accept: its row is gone, and rowids have a hole.
        database.execute("DELETE FROM versions WHERE key_id = (SELECT id FROM keys WHERE name = 'gone')")
        database.execute("DELETE FROM keys WHERE name = 'gone'")
        database.commit()
        database.execute("VACUUM")

    vault = LocalVault.open(profile)

    assert [names(vault, word) for word in ("mail", "orders", "7")] == [
        ["mail-api"],
        ["orders-7", "orders-cron"],
        ["orders-7"],
    ]
    vault.close()
