"""The small services in the API's description: FastAPI does not see them, and whoever reads it should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI

Described = Mapping[str, object]

_TEXT: Final = {"type": "string"}
_PROBLEM: Final = {"application/problem+json": {"schema": {"type": "object"}}}
_REFUSALS: Final = {
    "401": {"description": "No valid token", "content": _PROBLEM},
    "403": {"description": "The token may not", "content": _PROBLEM},
    "422": {"description": "Not understood; the problem names the field", "content": _PROBLEM},
    "429": {"description": "Too often; Retry-After says when to come back", "content": _PROBLEM},
    "503": {"description": "No contact with the database", "content": _PROBLEM},
}
_QUESTION: Final = {
    "type": "object",
    "required": ["secret"],
    "additionalProperties": False,
    "properties": {
        "secret": {**_TEXT, "minLength": 1, "maxLength": 8192},
        "scopes": {"type": "array", "items": _TEXT, "maxItems": 100},
        "caller": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"name": _TEXT, "address": _TEXT, "agent": _TEXT},
        },
        "route": _TEXT,
    },
    "example": {"secret": "tk_…", "scopes": ["read"], "caller": {"name": "web"}, "route": "/orders/17"},
}
_ANSWER: Final = {
    "type": "object",
    "required": ["valid", "outcome", "key_id", "key_name", "version", "scopes"],
    "properties": {
        "valid": {"type": "boolean"},
        "outcome": {
            "enum": ["accepted", "unknown", "revoked", "suspended", "expired", "disabled", "scope"],
            "description": "For the service: whoever presented the secret learns yes or no.",
        },
        "key_id": {"type": ["string", "null"]},
        "key_name": {"type": ["string", "null"]},
        "version": {"type": ["integer", "null"]},
        "scopes": {"type": "array", "items": _TEXT},
    },
    "example": {
        "valid": True,
        "outcome": "accepted",
        "key_id": "k3v9x0q1m2n4b5c6",
        "key_name": "orders",
        "version": 2,
        "scopes": ["read"],
    },
}
_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": 10**9}
_TIME: Final = {**_TEXT, "format": "date-time"}
_SPAN: Final = {**_TEXT, "format": "duration"}
_USE: Final = {
    "type": "object",
    "required": ["key_id", "version", "caller", "minute", "first_at", "last_at"],
    "properties": {
        "key_id": {**_TEXT, "description": "Empty, with version 0, for a secret that belongs to no key."},
        "version": _COUNT,
        "caller": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": _TEXT, "declared": {"type": "boolean"}, "address": _TEXT, "agent": _TEXT},
        },
        **dict.fromkeys(("minute", "first_at", "last_at"), _TIME),
        **dict.fromkeys(("accepted", "refused"), _COUNT),
        "longest_gap": {**_SPAN, "description": "The longest pause between two accepted requests."},
        "probe": {"type": "boolean"},
    },
}
_ROUTE: Final = {
    "type": "object",
    "required": ["key_id", "route", "minute"],
    "properties": {"key_id": _TEXT, "route": _TEXT, "minute": _TIME, "accepted": _COUNT, "refused": _COUNT},
}
_REPORT: Final = {
    "type": "object",
    "properties": {
        "register": {
            "type": ["object", "null"],
            "description": "A process begins.",
            "required": ["recorder", "host", "pid"],
            "properties": {"recorder": _TEXT, "host": _TEXT, "pid": {"type": "integer"}},
        },
        "flush": {
            "type": ["object", "null"],
            "description": "What it counted since its last one.",
            "required": ["recorder", "sequence", "at"],
            "properties": {
                "recorder": _TEXT,
                "sequence": {**_COUNT, "minimum": 1},
                "at": _TIME,
                "uses": {"type": "array", "items": _USE},
                "routes": {"type": "array", "items": _ROUTE},
                "dropped": _COUNT,
                "acknowledged": {"type": "integer", "minimum": 0},
                "closing": {"type": "boolean"},
            },
        },
    },
    "example": {
        "flush": {
            "recorder": "9f2c4e6a8b0d1f35",
            "sequence": 1,
            "at": "2026-11-20T12:00:00.5Z",
            "uses": [
                {
                    "key_id": "k3v9x0q1m2n4b5c6",
                    "version": 1,
                    "caller": {
                        "name": "nightly-report",
                        "declared": True,
                        "address": "203.0.113.7",
                        "agent": "curl/8.9",
                    },
                    "minute": "2026-11-20T12:00:00Z",
                    "first_at": "2026-11-20T12:00:00Z",
                    "last_at": "2026-11-20T12:00:00.4Z",
                    "accepted": 12,
                    "refused": 0,
                    "longest_gap": "PT0.1S",
                }
            ],
            "routes": [
                {
                    "key_id": "k3v9x0q1m2n4b5c6",
                    "route": "/orders/*",
                    "minute": "2026-11-20T12:00:00Z",
                    "accepted": 12,
                }
            ],
            "dropped": 0,
            "acknowledged": 81,
            "closing": False,
        }
    },
}
_READY: Final = {
    "type": "object",
    "properties": {"status": _TEXT, "dependencies": {"type": "object", "properties": {"database": _TEXT}}},
    "example": {"status": "ready", "dependencies": {"database": "ok"}},
}


def _json(schema: Described) -> Described:
    return {"application/json": {"schema": schema}}


def _operation(summary: str, answer: Described, *, body: Described | None = None, refused: bool = True) -> Described:
    told: dict[str, object] = {"tags": ["services"], "summary": summary}
    if body is not None:
        told["requestBody"] = {"required": True, "content": _json(body)}
    return {**told, "responses": {**answer, **(_REFUSALS if refused else {})}}


def _query(name: str, kind: str, text: str) -> Described:
    return {"name": name, "in": "query", "schema": {"type": kind}, "description": text}


_AFTER: Final = _query("after", "integer", "A position of the change feed.")
PATHS: Final[Mapping[str, Mapping[str, Described]]] = {
    "/v1/verify": {
        "post": _operation(
            "Ask about one secret", {"200": {"description": "The answer", "content": _json(_ANSWER)}}, body=_QUESTION
        ),
    },
    "/v1/usage": {
        "post": _operation("Report usage from elsewhere", {"204": {"description": "Taken"}}, body=_REPORT),
    },
    "/v1/credentials": {
        "get": {
            **_operation("Digests of the tenant's keys", {"200": {"description": "Those that changed"}}),
            "parameters": [_AFTER, _query("timeout", "number", "Seconds to wait for a change.")],
        },
    },
    "/admin/events": {
        "get": {
            **_operation("What moves, as it moves", {"200": {"description": "text/event-stream"}}),
            "parameters": [_AFTER],
        },
    },
    "/metrics": {"get": _operation("For Prometheus", {"200": {"description": "text/plain"}})},
    "/ready": {
        "get": _operation(
            "Whether requests can be served",
            {code: {"description": text, "content": _json(_READY)} for code, text in (("200", "Yes"), ("503", "No"))},
            refused=False,
        ),
    },
    "/live": {"get": _operation("Whether the process answers", {"200": {"description": "Yes"}}, refused=False)},
}


def describe_services(app: FastAPI) -> FastAPI:
    """The app, whose description has the services that stand before it too."""
    described = app.openapi

    def with_services() -> dict[str, object]:
        whole = described()
        whole["paths"].update(PATHS)
        return whole

    app.openapi = with_services  # type: ignore[method-assign]  # FastAPI's own way to change its description
    return app
