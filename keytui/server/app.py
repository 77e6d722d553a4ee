"""The management API: FastAPI over a local vault. Handlers are plain functions, and run in FastAPI's thread pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from threading import Lock
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from keytui.server.description import CREDENTIALS, REFUSALS, Api
from keytui.server.door import Admit, Door, by_vault
from keytui.server.intake import Intake
from keytui.server.problems import Unfailing, add_problems
from keytui.server.route import repeated
from keytui.server.routes.access import access
from keytui.server.routes.alerts import alerts
from keytui.server.routes.audit import audit
from keytui.server.routes.auto_rotation import auto_rotation
from keytui.server.routes.changes import changes
from keytui.server.routes.evidence import evidence
from keytui.server.routes.incidents import incidents
from keytui.server.routes.issuers import issuers
from keytui.server.routes.key_rotation import key_rotation
from keytui.server.routes.keys import keys
from keytui.server.routes.reviews import reviews
from keytui.server.routes.rotations import rotations
from keytui.server.routes.sealing import sealing
from keytui.server.routes.usage import usage
from keytui.server.turns import Turns
from keytui.vault.local.answers import Repeated
from keytui.vault.local.vault import LocalVault

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
ROUTERS: Final = (
    auto_rotation,  # before the keys, whose ids stand where its name does
    keys,
    key_rotation,
    rotations,
    sealing,
    usage,
    changes,
    evidence,
    issuers,
    alerts,
    incidents,
    audit,
    reviews,
    access,
)


def build(
    vault: LocalVault,
    *,
    admit: Admit | None = None,
    routers: Sequence[APIRouter] = (),
    middleware: Sequence[Middleware] = (),
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The API over one vault, which stays the caller's to close.

    `admit` says whose request it is (by default the vault does), `routers` are more paths, and `middleware` stands
    around the door, within the layer that makes a problem of every failure.
    """
    app = Api(
        title="keytui",
        summary="Keys, their rotations, and the proof that an old one can go.",
        version="1",
        openapi_url=None,
        redirect_slashes=False,  # a redirect would name whatever host the client has named
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},  # bodies hold secrets
        middleware=[
            Middleware(Unfailing),
            *middleware,
            Middleware(Door, admit=admit or by_vault(vault)),
            Middleware(Intake),
        ],
    )
    app.state.vault = vault
    app.state.tries = Turns()
    app.add_exception_handler(Repeated, repeated)
    add_problems(app)
    app.add_route("/openapi.json", _Description(app).tell)
    for router in ROUTERS:
        app.include_router(router, dependencies=CREDENTIALS, responses=REFUSALS)
    for router in routers:
        app.include_router(router)
    return app


class _Description:
    """`GET /openapi.json`, which strangers may ask for too: made once, and never while the event loop waits for it."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._making = Lock()
        self._made = b""

    def tell(self, _request: Request) -> Response:
        """Runs in a thread: making it takes a second."""
        with self._making:
            if not self._made:
                self._made = bytes(JSONResponse(self._app.openapi()).body)
        return Response(self._made, media_type="application/json")
