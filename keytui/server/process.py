"""One process of a server: its vault, what it holds in memory, and the application that it serves."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from keytui.clock import utc_now
from keytui.domain.errors import KeytuiError
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.open import open_feed, open_local_vault
from keytui.server.addresses import ClientAddresses
from keytui.server.app import build
from keytui.server.asgi import Service
from keytui.server.background import Background, Job
from keytui.server.described import describe_services
from keytui.server.events import Broadcaster
from keytui.server.failed_logins import FailedLogins
from keytui.server.following import Following
from keytui.server.front import Front, Limits
from keytui.server.health import MetricsPage, Ready, live
from keytui.server.jobs import JobSettings, server_jobs
from keytui.server.limits import Rate, WrongTokens
from keytui.server.metrics import Metrics
from keytui.server.reporting import Reporting
from keytui.server.request_log import RequestLog
from keytui.server.settings import ServerSettings
from keytui.server.supplying import Supplying
from keytui.server.token_book import TokenBook
from keytui.server.verifying import Verifying
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile, configuration_path
from keytui.vault.sealed_references import with_sealed
from keytui.vault.verifier_feed import CREDENTIALS_PATH, SERVERS, USAGE_PATH
from keytui.verify.asgi import App
from keytui.verify.verifier import Verifier

_REFUSALS_EVERY: Final = 60.0
_LAST_ROUNDS: Final = 3.0
"""Seconds that work beside the requests has to end in."""

_log = logging.getLogger("keytui.server")


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """Everything that one process holds open, in the order of its making."""

    app: App
    vault: LocalVault
    feed: LocalFeed
    verifier: Verifier
    events: Broadcaster
    following: Following
    background: Background
    failed_logins: FailedLogins
    log: RequestLog

    @classmethod
    def begin(cls, profile: Profile, settings: ServerSettings) -> Self:
        """Open the vault and begin to follow it. Unreachable when it cannot be read, Invalid for a configuration.

        What it was told to do is read first: a verifier that has begun and ends uncleanly leaves a gap in the evidence.
        """

        def resolve(reference: Reference) -> Secret:
            return with_sealed(vault)(reference)

        configured = JobSettings.load(configuration_path(), resolve)
        with ExitStack() as opened:
            vault = open_local_vault(profile)
            opened.callback(vault.close)
            feed = open_feed(profile)
            verifier = Verifier(feed, feed, name=SERVERS)
            opened.callback(verifier.close)
            process = cls._around(vault, feed, verifier, settings, configured)
            process.following.start()
            process.background.start()
            opened.pop_all()
        return process

    @classmethod
    def _around(
        cls, vault: LocalVault, feed: LocalFeed, verifier: Verifier, settings: ServerSettings, configured: JobSettings
    ) -> Self:
        """The rest of a process, which has not begun yet to follow the vault."""
        book, metrics, log = TokenBook(vault, utc_now), Metrics(), RequestLog()
        events = Broadcaster(vault, book, metrics, utc_now)
        services: dict[tuple[str, str], Service] = {
            ("POST", "/v1/verify"): Verifying(verifier, book, metrics),
            ("POST", USAGE_PATH): Reporting(feed, vault, book),
            ("GET", CREDENTIALS_PATH): Supplying(feed, book, lambda: events.position),
            **dict.fromkeys((("GET", "/live"), ("HEAD", "/live")), live),
            **dict.fromkeys((("GET", "/ready"), ("HEAD", "/ready")), Ready(book, lambda: events.closing)),
            ("GET", "/metrics"): MetricsPage(metrics, book),
        }
        limits = Limits(
            Rate(settings.requests_per_token),
            Rate(settings.requests_per_address),
            WrongTokens(settings.failed_logins),
            FailedLogins(vault.note_failed_logins),
        )
        limits.failed_logins.start()
        addresses = ClientAddresses(settings.trusted_proxies, encrypted=settings.tls_cert is not None)
        app = Front(
            services,
            events=events,
            api=describe_services(build(vault)),
            book=book,
            addresses=addresses,
            limits=limits,
            metrics=metrics,
            log=log,
            note_refusal=vault.note_refusal,
        )
        following = Following(vault, book, [events.hear])
        background = Background(
            vault,
            [
                *server_jobs(vault, configured, settings.sync_every),
                Job("refusals", _REFUSALS_EVERY, vault.tell_refusals, in_each=True),
            ],
        )
        return cls(app, vault, feed, verifier, events, following, background, limits.failed_logins, log)

    def close(self) -> None:
        """Hand over what was counted, and let go of everything, with a clean end, also while the database is away."""
        in_order = (
            self.vault.give_up_waiting,
            self.feed.give_up_waiting,
            self.events.close,
            self.verifier.close,
            self.following.close,
            partial(self.background.close, _LAST_ROUNDS),
            self.failed_logins.close,
            self.vault.close,
            self.log.close,
        )
        try:
            with ExitStack() as last:
                for close in reversed(in_order):
                    last.callback(close)
        except KeytuiError as error:
            _log.warning("the end is not a clean one: %s", error.message)
