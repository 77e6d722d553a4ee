"""The made-up platform of docs/guide/issuer-rest.md: pages by cursor, states in words, values of its own making."""

from __future__ import annotations

from typing import Final

from tests.doubles.http import Double, Heard, Json, Said

TOKEN: Final = "parcel-admin-token-6f0c2d1e9a"
_PAGE: Final = 2


class Parcel(Double):
    """`keys` are its credentials by uid, `values` their secrets."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, Json] = {}
        self.values: dict[str, str] = {}

    def add(self, title: str, value: str, grants: object = ()) -> str:
        uid = f"cr/{len(self.keys)}"
        self.values[uid] = value
        self.keys[uid] = {
            "uid": uid,
            "title": title,
            "status": "live",
            "grants": grants,
            "made": 1795821634,
            "stats": {"lastSeen": None},
        }
        return uid

    def accepts(self, value: str) -> bool:
        return any(own == value and self.keys[uid]["status"] == "live" for uid, own in self.values.items())

    def answer(self, heard: Heard) -> Said:
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return Said(401, {"problem": {"text": f"who is {heard.headers.get('authorization')}?"}})
        if heard.path == "/v2/credentials":
            return self._list(heard) if heard.method == "GET" else self._create(heard.body)
        uid, slash, status = heard.path.removeprefix("/v2/credentials/").rpartition("/status")
        document = self.keys.get(uid if slash else status)
        if document is None:
            return Said(404, {"problem": {"text": "no such credential"}})
        document["status"] = heard.body["status"] if heard.method == "PUT" else "withdrawn"
        return Said(200, {})

    def _list(self, heard: Heard) -> Said:
        at = int(heard.query.get("cursor", "from-0").removeprefix("from-"))
        more = at + _PAGE < len(self.keys)
        shown = list(self.keys.values())[at : at + _PAGE]
        return Said(200, {"data": shown, "next": f"from-{at + _PAGE}" if more else None})

    def _create(self, body: Json) -> Said:
        if not body.get("title"):
            return Said(422, {"problem": {"text": "a credential needs a title"}})
        uid = self.add(str(body["title"]), f"pc{len(self.heard):030}", body.get("grants", []))
        return Said(201, {"credential": {"uid": uid}, "secret": self.values[uid]})
