"""`[issuers.NAME] kind = "rest"`: what a site writes, and what it reads when it is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from keytui.domain.errors import Invalid
from keytui.issuers.issuer import Abilities
from keytui.issuers.rest.configuration import PRESETS
from keytui.issuers.rest.description import CookieLogin, HeaderCredential
from tests.unit.issuers.described import described

LIST = {"path": "/keys", "items": "/items", "id": "/id"}
SILENT = {"method": "POST", "path": "/keys", "id": "/id"}
CREATE = {**SILENT, "returns": "/secret"}
SMALLEST: Mapping[str, object] = {
    "url": "https://api.example.com",
    "list": LIST,
}


def laid_over(changes: Mapping[str, object]) -> dict[str, object]:
    return {**SMALLEST, **changes}


def test_what_is_left_out_it_cannot_do() -> None:
    abilities = described(SMALLEST, {}).abilities
    assert abilities == Abilities(
        lists=True,
        issues=False,
        takes_our_value=False,
        overlaps=False,
        suspends=False,
        tells_last_use=False,
        holds_metadata=False,
        keeps_plaintext=False,
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_needs_an_address_and_a_credential_and_no_more(name: str) -> None:
    issuer = described({"preset": name, "url": "https://a.example/", "credential": "env:KEY"}, {})
    abilities = issuer.abilities
    assert (abilities.issues, abilities.overlaps, abilities.suspends, abilities.tells_last_use) == (True,) * 4
    assert abilities.takes_our_value == abilities.keeps_plaintext == (name == "payload")
    assert isinstance(issuer.description.access, HeaderCredential)
    assert issuer.description.url == "https://a.example"


def test_a_site_writes_over_what_is_different_with_it() -> None:
    mine = {"list": {"paging": {"size": 20}, "query": {"where[tenantId][equals]": "7"}}, "timeout": "1m"}
    access = {"user": "env:EMAIL", "password": "keyring:payload"}
    description = described({"preset": "payload", "url": "https://a.example", **access, **mine}, {}).description
    assert description.listing.paging is not None
    assert (description.listing.paging.size, description.listing.paging.parameter) == (20, "page")
    assert description.listing.query["where[tenantId][equals]"] == "7"
    assert description.listing.query["depth"] == "0"
    assert description.timeout.total_seconds() == 60
    assert isinstance(description.access, CookieLogin)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"url": "http://api.example.com"}, "url is not an https:// address"),
        ({"url": "https://u:p@api.example.com"}, "url holds a credential"),
        ({"url": "https://api.example.com/?a=1"}, "url has parameters"),
        ({"timeout": "2m"}, r"\[issuers.platform\] timeout is not between 1 second and 1 minute"),
        ({"colour": "red"}, "has no field 'colour'"),
        ({"preset": "vault"}, "preset is missing or none that there is"),
        ({"list": "/keys"}, "list is a table"),
        ({"list": {"path": "keys", "items": "/items", "id": "/id"}}, r"\.list\] path is a path from the url on"),
        ({"list": {"path": "/keys?a=1", "items": "/items", "id": "/id"}}, r"\.list\] path is a path from the url on"),
        ({"list": {"path": "/keys", "items": "items", "id": "/id"}}, r"\.list\] items is a JSON pointer"),
        ({"list": {"path": "/keys", "items": "/items"}}, r"\.list\] id is missing"),
        ({"list": {**CREATE, "items": "/items"}}, r"\.list\] has no field 'method'"),
        ({"credential": "tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4"}, "credential: a secret is named and never written down"),
        ({"credential": "env:A", "user": "env:B"}, "credential and user are two ways in"),
        ({"header": "X-Api-Key"}, "credential is missing"),
        ({"header": "X Api"}, "credential is missing"),
        ({"header": "X Api", "credential": "env:A"}, "header is the name of a header"),
        ({"login": {"path": "/login", "user": "/u", "password": "/p"}}, "credential is missing"),
        ({"user": "env:B", "password": "env:C"}, r"\.login\] path is missing"),
        ({"user": "env:B", "login": {"path": "/login", "user": "/u", "password": "/p"}}, "password is missing"),
        ({"create": {**CREATE, "method": "GET"}}, r"\.create\] method is missing or none that there is"),
        ({"create": {**CREATE, "path": "/keys/{id}"}}, r"\.create\] path names a key that is not there yet"),
        ({"create": {**CREATE, "put": {"/name": "nom"}}}, r"\.create\] put puts a word that is none"),
        ({"create": {**CREATE, "put": {"name": "label"}}}, r"\.create\] put says where by JSON pointers"),
        ({"create": {**CREATE, "put": {"/key": "value"}}}, "format is missing"),
        ({"create": {**CREATE, "put": {"/key": "value"}}, "format": "acme_live_:base62:40"}, "format leaves too few"),
        ({"create": {**CREATE, "put": {"/key": "value"}}, "format": "acme"}, "format: no such format"),
        ({"create": {**CREATE, "body": {"a": float("inf")}}}, r"\.create\] body is a table of what JSON can say"),
        ({"create": SILENT}, r"\.create\] returns is missing"),
        ({"create": {**SILENT, "returns": "secret"}}, r"\.create\] returns is a JSON pointer"),
        ({"list": {**LIST, "revoked": {"at": "/off", "is": 1.5}}}, r"is is a text, a whole number, or true or false"),
        ({"suspend": {"method": "POST", "path": "/keys/off"}}, r"\.suspend\] path does not say of which key"),
        ({"unknown_id": ["200"]}, "unknown_id is a list of statuses"),
        ({"revoke": {"method": "POST", "path": "/keys/{id}", "then": {}}}, r"\.revoke\] has no field 'then'"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_table_and_field(entry: Mapping[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as wrong:
        described(laid_over(entry), {})
    assert "config.toml: [issuers.platform" in wrong.value.message
    assert "j1yCOormd" not in f"{wrong.value} {wrong.value.hint}"


@pytest.mark.parametrize(
    ("paging", "complaint"),
    [
        ({"by": "chance", "parameter": "page"}, r"\.list\.paging\] by is missing or none that there is"),
        ({"by": "page"}, r"\.list\.paging\] parameter is missing"),
        ({"by": "next", "parameter": "page"}, r"\.list\.paging\] next is missing"),
        ({"by": "page", "parameter": "page", "size": 0}, r"\.list\.paging\] size is a whole number from 1"),
        ({"by": "page", "parameter": "page", "size": True}, r"\.list\.paging\] size is a whole number from 1"),
    ],
)
def test_paging_is_checked_too(paging: Mapping[str, object], complaint: str) -> None:
    listing = {"path": "/keys", "items": "/items", "id": "/id", "paging": paging}
    with pytest.raises(Invalid, match=complaint):
        described(laid_over({"list": listing}), {})
