"""The Payload CMS booking engine, as samples/payload-exchanges*.jsonl recorded it. One tenant."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Final
from urllib.parse import unquote

from tests.doubles.http import Double, Heard, Json, Said

NOT_ALLOWED: Final = Said(403, {"errors": [{"message": "You are not allowed to perform this action."}]})
_NOT_FOUND: Final = Said(404, {"errors": [{"message": "Not Found"}]})
_SCOPES: Final = {
    "full_access": ["bookings:read", "bookings:write", "settings:manage"],
    "read_only": ["bookings:read"],
    "booking_management": ["bookings:read", "bookings:write"],
}
_FIELDS: Final = (
    "name",
    "keyPrefix",
    "lastUsed",
    "createdAt",
    "isActive",
    "scopeType",
    "scopes",
    "expiresAt",
    "tenantId",
)


class Payload(Double):
    """`rotates`: whether its rotate route is mounted. `keys` are its documents by id, with their plaintext."""

    def __init__(self, *, rotates: bool = False) -> None:
        super().__init__()
        self.users = {"ta-alpha@example.test": "right horse battery"}
        self.keys: dict[int, Json] = {}
        self.told_plaintext = False
        """Whether a list has ever told the value of a key."""
        self.ignores = False
        """Whether it says yes to a change of a key and changes nothing."""
        self.forbids: set[str] = set()
        """Methods that its user may not use, as staff may not."""
        self._rotates = rotates
        self._sessions: set[str] = set()
        self._wrong: dict[str, int] = {}
        self._ids = count(1)

    def expire_sessions(self) -> None:
        self._sessions.clear()

    def add(self, name: str, key: str, **fields: object) -> int:
        """A key that somebody made by hand; its id."""
        number = next(self._ids)
        at = datetime(2026, 11, 20, 23, 20, number % 60, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        scope_type = str(fields.get("scopeType", "full_access"))
        self.keys[number] = {
            "id": number,
            "tenantId": 1,
            "name": name,
            "key": key,
            "keyPrefix": key[:12],
            "lastUsed": None,
            "lastRotatedAt": None,
            "isActive": fields.get("isActive", True),
            "scopeType": scope_type,
            "scopes": _SCOPES.get(scope_type, fields.get("scopes", [])),
            "expiresAt": fields.get("expiresAt"),
            "updatedAt": at,
            "createdAt": at,
        }
        return number

    def accepts(self, key: str) -> bool:
        return any(document["key"] == key and document["isActive"] is True for document in tuple(self.keys.values()))

    def answer(self, heard: Heard) -> Said:
        if "origin" in heard.headers:
            return NOT_ALLOWED
        route = (heard.method, heard.path)
        if route == ("POST", "/api/users/login"):
            return self._login(heard)
        if route == ("GET", "/api/users/me"):
            return Said(200, {"user": {"id": 2} if self._in_session(heard) else None, "message": "Account"})
        if heard.path.endswith("/rotate") and not self._rotates:
            return Said(404, {"message": f'Route not found "{heard.path}"'})
        if not (self._in_session(heard) or self.accepts(_header_key(heard))):
            return Said(403, {"error": "Unauthorized"}) if heard.path.endswith("/rotate") else NOT_ALLOWED
        if heard.method in self.forbids:
            return NOT_ALLOWED
        if route == ("GET", "/api/bookings"):
            return Said(200, {"docs": [], "totalDocs": 0})
        return self._on_keys(heard)

    def _on_keys(self, heard: Heard) -> Said:
        if heard.query.get("depth") != "0" and not heard.path.endswith(
            "/rotate"
        ):  # the real one answers, with the tenant's own API key in it
            return Said(400, {"errors": [{"message": "this double does not answer without depth=0"}]})
        if heard.path.endswith("/rotate"):
            return self._rotate(heard.path.split("/")[3])
        if heard.path == "/api/api-keys":
            return self._list(heard) if heard.method == "GET" else self._create(heard)
        reference = unquote(heard.path.removeprefix("/api/api-keys/"))
        document = self.keys.get(int(reference)) if reference.isdigit() else None
        if heard.method == "DELETE":
            return self._delete(document)
        if document is None:
            return _NOT_FOUND
        if not self.ignores:
            document.update(heard.body)
        return Said(200, {"doc": document, "message": "Updated successfully."})

    def _login(self, heard: Heard) -> Said:
        email, password = str(heard.body.get("email", "")), heard.body.get("password")
        if not email:
            return Said(400, {"errors": [{"message": "The following field is invalid: email"}]})
        if self._wrong.get(email, 0) >= 5:
            return Said(
                401, {"errors": [{"message": "This user is locked due to having too many failed login attempts."}]}
            )
        if self.users.get(email) != password:
            self._wrong[email] = self._wrong.get(email, 0) + 1
            return Said(401, {"errors": [{"message": "The email or password provided is incorrect."}]})
        token = f"session-{len(self.heard)}"
        self._sessions.add(token)
        cookie = f"payload-token={token}; Expires=Fri, 27 Nov 2099 23:22:33 GMT; Path=/; HttpOnly=true; SameSite=Lax"
        return Said(200, {"message": "Authentication Passed", "token": token}, {"Set-Cookie": cookie})

    def _in_session(self, heard: Heard) -> bool:
        return heard.cookies.get("payload-token") in self._sessions

    def _list(self, heard: Heard) -> Said:
        page, limit = heard.query.get("page", "1"), heard.query.get("limit", "10")
        if not page.isdigit() or int(page) < 1 or not limit.isdigit() or "offset" in heard.query:
            return Said(400, {"errors": [{"message": "The following path cannot be queried: page"}]})
        selected = [name[len("select[") : -1] for name in heard.query if name.startswith("select[")]
        self.told_plaintext = self.told_plaintext or not selected or "key" in selected
        at, size = int(page), int(limit) or len(self.keys)
        documents = sorted(self.keys.values(), key=lambda document: str(document["createdAt"]))
        shown = documents[(at - 1) * size : at * size]
        more = at * size < len(documents)
        docs = [{name: document[name] for name in ("id", *(selected or (*_FIELDS, "key")))} for document in shown]
        return Said(200, {"docs": docs, "hasNextPage": more, "nextPage": at + 1 if more else None, "page": at})

    def _create(self, heard: Heard) -> Said:
        if not heard.body.get("name"):
            return Said(400, {"errors": [{"message": "The following field is invalid: Name"}]})
        key = str(heard.body.get("key") or f"tk_{len(self.heard):032}")
        if any(document["key"] == key for document in self.keys.values()):
            told = [{"message": f"no second {key}", "path": "key"}]  # the real one does not repeat it
            return Said(400, {"errors": [{"data": {"errors": told}, "message": "The following field is invalid: key"}]})
        rest = {name: value for name, value in heard.body.items() if name not in {"name", "key"}}
        number = self.add(str(heard.body["name"]), key, **rest)
        return Said(201, {"doc": self.keys[number], "message": "Api Key successfully created."})

    def _rotate(self, reference: str) -> Said:
        document = self.keys.get(int(reference)) if reference.isdigit() else None
        if document is None:
            return Said(500, {"error": "Failed to rotate API key"})
        key = f"tk_{len(self.heard):04}rlcczf0qtg4rhm4cwn4iish2y043"
        document |= {"key": key, "keyPrefix": key[:12], "lastUsed": None}
        told = ("id", "name", "key", "keyPrefix", "scopeType", "scopes", "expiresAt", "isActive", "createdAt")
        return Said(200, {name: document[name] for name in told})

    def _delete(self, document: Json | None) -> Said:
        if document is None:
            return NOT_ALLOWED
        del self.keys[int(str(document["id"]))]
        return Said(200, {"doc": document, "message": "Deleted successfully."})


def _header_key(heard: Heard) -> str:
    return heard.headers.get("x-api-key") or heard.headers.get("authorization", "").removeprefix("Bearer ")
