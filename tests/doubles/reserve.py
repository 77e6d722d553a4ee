"""The Reserve Platform's API, as samples/reserve-platform.txt recorded it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from itertools import count
from types import MappingProxyType
from typing import Final

from tests.doubles.http import Double, Heard, Json, Said

ADMIN_KEY: Final = "dev-local-key"
_NO_SUCH_ID: Final = Said(500, {"error": {"code": "INTERNAL_ERROR", "message": "Internal server error", "details": {}}})
_CREATE_FIELDS: Final = frozenset({"name", "scopes", "rateLimitPerMin", "burstLimit", "monthlyCap"})
IN_PLACE: Final = MappingProxyType(
    {
        "header": "x-api-key",
        "list": {
            "path": "/v1/admin/api-keys",
            "items": "/items",
            "id": "/id",
            "label": "/name",
            "prefix": "/tokenPreview",
            "revoked": {"at": "/isActive", "is": "false"},
        },
        "rotate": {"method": "POST", "path": "/v1/admin/api-keys/{id}/rotate", "returns": "/plaintextKey"},
        "revoke": {"method": "POST", "path": "/v1/admin/api-keys/{id}/disable"},
    }
)
"""A description with nothing of it that makes a key: it gives one another value, under the same id."""


class Reserve(Double):
    """`keys` are its records by id; `values` their plaintext, which it never tells again."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, Json] = {}
        self.values: dict[str, str] = {}
        self.now = "2026-11-20T23:24:21.000Z"
        self.loses: set[str] = set()
        """Ids that vanish just before the next change of them."""
        self.database = True
        self._numbers = count(1)
        self.add("Development Console", ADMIN_KEY, ["default", "admin"])

    def start(self, api_keys: str) -> None:
        """Start again with this `API_KEYS`: what is in it is written into the database, what is not stays there."""
        for value in filter(None, api_keys.split(",")):
            if value not in self.values.values():
                self.add("Bootstrap API Key", value, ["default"])

    def accepts(self, value: str) -> bool:
        return self._caller(value) is not None

    def stored(self) -> str:
        """Everything but when a key was used last."""
        return json.dumps([{**key, "lastUsedAt": None} for key in self.keys.values()]) + json.dumps(self.values)

    def add(self, name: str, value: str, scopes: object) -> str:
        number = next(self._numbers)
        id_ = f"cmwplv4hs{number:04}iy7d"
        self.values[id_] = value
        self.keys[id_] = {
            "id": id_,
            "tenantId": "tenant-demo",
            "name": name,
            "isActive": True,
            "createdAt": f"2026-11-20T23:23:{number % 60:02}.733Z",
            "lastUsedAt": None,
            "rateLimitPerMin": 60,
            "tokenPreview": f"{value[:6]}…{value[-4:]}",
            "scopes": scopes,
        }
        return id_

    def answer(self, heard: Heard) -> Said:
        value = heard.headers.get("x-api-key")
        caller = self._caller(value)
        if value is not None and caller is None:
            return _error(401, "UNAUTHORIZED", "Invalid API key")
        if heard.path == "/ready":
            return self._ready()
        if caller is None:
            return _error(401, "UNAUTHORIZED", "Missing x-api-key")
        caller["lastUsedAt"] = self.now
        if heard.path == "/whoami":
            return Said(200, {"tenantId": "tenant-demo"})
        if not heard.path.startswith("/v1/admin/api-keys"):
            return _error(404, "NOT_FOUND", f"Cannot {heard.method} {heard.path}")
        if "admin" not in str(caller["scopes"]):
            return _error(403, "FORBIDDEN", "Admin scope required")
        return self._admin(heard)

    def _caller(self, value: str | None) -> Json | None:
        found = [id_ for id_, own in self.values.items() if own == value and self.keys[id_]["isActive"]]
        return self.keys[found[0]] if found else None

    def _ready(self) -> Said:
        if self.database:
            return Said(200, {"status": "ok", "dependencies": {"database": "ok"}})
        details = {"database": "fail"}
        return Said(
            503, {"error": {"code": "INTERNAL_ERROR", "message": "Database connection failed", "details": details}}
        )

    def _admin(self, heard: Heard) -> Said:
        if heard.query:
            return _error(400, "VALIDATION_ERROR", "the list has no pages")
        if heard.path == "/v1/admin/api-keys":
            if heard.method == "GET":
                return Said(200, {"items": list(reversed(self.keys.values()))})
            return self._create(heard.body)
        id_, _, verb = heard.path.removeprefix("/v1/admin/api-keys/").partition("/")
        if id_ in self.loses:
            self.values.pop(id_, None)
            self.keys.pop(id_, None)
        match (heard.method, verb):
            case ("PATCH", ""):
                return self._patch(id_, heard.body)
            case ("POST", "disable"):
                return self._disable(id_)
            case ("POST", "rotate"):
                return self._rotate(id_)
        return _error(404, "NOT_FOUND", f"Cannot {heard.method} {heard.path}")

    def _create(self, body: Json) -> Said:
        unknown = [f"property {name} should not exist" for name in body if name not in _CREATE_FIELDS]
        if unknown or not body.get("name"):
            return _error(400, "VALIDATION_ERROR", "Bad Request", [*unknown, "name should not be empty"])
        id_ = self.add(str(body["name"]), self._new_value(), body.get("scopes", ["default"]))
        return Said(201, {"key": self.keys[id_], "plaintextKey": self.values[id_]})

    def _patch(self, id_: str, body: Json) -> Said:
        if id_ not in self.keys:
            return _NO_SUCH_ID
        self.keys[id_].update(body)
        return Said(200, {"key": self.keys[id_]})

    def _disable(self, id_: str) -> Said:
        if id_ not in self.keys:
            return _NO_SUCH_ID
        self.keys[id_]["isActive"] = False
        return Said(201, {"key": self.keys[id_]})

    def _rotate(self, id_: str) -> Said:
        if id_ not in self.keys:
            return _NO_SUCH_ID
        value = self.values[id_] = self._new_value()
        self.keys[id_]["tokenPreview"] = f"{value[:6]}…{value[-4:]}"
        return Said(201, {"key": self.keys[id_], "plaintextKey": value})

    def _new_value(self) -> str:
        return "rk_" + urlsafe_b64encode(sha256(str(len(self.heard)).encode()).digest()[:24]).decode()


def _error(status: int, code: str, message: str, details: object = None) -> Said:
    return Said(status, {"error": {"code": code, "message": message, "details": details or {"request_id": "b75718a6"}}})
