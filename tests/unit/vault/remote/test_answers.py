"""What else stands at the other end: garbage, silence, strangers, and a server that knows the token no longer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpcore import NetworkStream, SyncBackend

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import (
    Invalid,
    IssuerAway,
    KeytuiError,
    NotFound,
    OutcomeUnknown,
    ReadOnly,
    Unauthenticated,
    Unreachable,
)
from keytui.domain.keys import KeyDraft
from keytui.domain.query import Query
from keytui.domain.references import Place, Reference
from keytui.domain.secrets import Secret
from keytui.vault.many_keys import NewKey, Origin
from keytui.vault.remote.exchange import Answer, Dropped, Exchange, Patience, Request
from keytui.vault.standing import SealState
from keytui.vault.team_server import TeamServer
from keytui.vault.wanted import Unwanted, Wanted
from tests.serving import Serving
from tests.unit.vault.remote.conftest import Team
from tests.world import eventually

SHORT = Patience(connect=1, silence=0.4, answer=0.8, unknown=0.4, pause=0.01)
DRAFT = KeyDraft("checkout", "production")
HTML = b"<html><h1>502 Bad Gateway</h1></html>"
REFERENCE = Reference(Place.ENV, "T")


def answer(status: str, body: bytes, media_type: str = "application/json", length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length or len(body)}\r\n"
    return head.encode() + b"Location: https://elsewhere.example\r\nConnection: close\r\n\r\n" + body


@contextmanager
def saying(answer_with: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of something that takes every connection and is no keytui server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        connection.recv(65536)
                        answer_with(connection)
                    except OSError:
                        pass  # the other side has had enough

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    assert not thread.is_alive()


GARBAGE = {
    "a proxy's page for 502": answer("502 Bad Gateway", HTML, "text/html"),
    "a page": answer("200 OK", HTML, "text/html"),
    "another's JSON": answer("200 OK", b'{"hello":"world"}'),
    "JSON that ends too early": answer("200 OK", b'{"profile":"prod",', length=4000),
    "a problem without words": answer("500 Internal Server Error", b"{", "application/problem+json"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("said", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_no_answer_and_no_proof_that_nothing_was_done(team: Team, said: bytes) -> None:
    with saying(lambda connection: connection.sendall(said)) as url:
        vault = team.remote(url, SHORT)
        with pytest.raises(Unreachable):
            vault.standing()
        with pytest.raises(OutcomeUnknown):
            vault.create(DRAFT, "r")


@pytest.mark.parametrize(("kind", "named"), [(OutcomeUnknown, b"outcome-unknown"), (IssuerAway, b"issuer-away")])
def test_what_became_of_an_issuers_question_is_told_in_its_words_and_not_done_again(
    team: Team, kind: type[KeytuiError], named: bytes
) -> None:
    lost = b'{"type": "urn:keytui:problem:' + named + b'", "title": "So", "status": 503,'
    lost += b' "detail": "whether v2 was revoked at booking", "hint": "look there"}'
    said = answer("503 Service Unavailable", lost, "application/problem+json")
    asked: list[int] = []

    def say(connection: socket.socket) -> None:
        asked.append(1)
        connection.sendall(said)

    with saying(say) as url, pytest.raises(kind, match="whether v2 was revoked at booking") as told:
        team.remote(url).create(DRAFT, "r")
    assert (told.value.hint, len(asked)) == ("look there", 1)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (answer("302 Found", b""), "elsewhere"),
        (answer("404 Not Found", HTML, "text/html"), "404"),
        (answer("413 Too Large", HTML, "text/html"), "413"),
    ],
)
def test_a_stranger_that_carried_nothing_out_is_told_as_one(team: Team, said: bytes, names: str) -> None:
    with saying(lambda connection: connection.sendall(said)) as url:
        vault = team.remote(url, SHORT)
        for ask in (vault.standing, lambda: vault.create(DRAFT, "r")):
            with pytest.raises(Unreachable, match=names) as told:
                ask()
            assert not isinstance(told.value, OutcomeUnknown)


def test_many_keys_at_once_may_take_longer_than_one(team: Team) -> None:
    said = answer("200 OK", b'{"added": 1, "present": 0, "shared": 0, "weak": 0, "left_out": []}')
    asked: list[int] = []

    def say_late(connection: socket.socket) -> None:
        asked.append(1)
        time.sleep(2 * SHORT.silence)
        connection.sendall(said)

    with saying(say_late) as url:
        told = team.remote(url, SHORT).add_keys([NewKey("checkout", DRAFT, "a" * 64)], Origin.IMPORTED)
    assert (told.added, len(asked)) == (1, 1)


def test_a_connection_that_is_taken_and_never_answered_is_left(team: Team) -> None:
    with saying(lambda connection: time.sleep(1)) as url:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            team.remote(url, SHORT).standing()
    assert time.monotonic() - began < 10


def test_an_answer_that_trickles_in_is_left(team: Team) -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(answer("200 OK", b"", length=10_000))
        while True:
            connection.sendall(b" ")
            time.sleep(0.1)

    with saying(trickle) as url:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            team.remote(url, SHORT).standing()
    assert time.monotonic() - began < 10


def test_an_answer_that_nobody_waits_for_is_not_read_to_its_end(team: Team) -> None:
    wanted = Wanted()

    def trickle(connection: socket.socket) -> None:
        connection.sendall(answer("200 OK", b"", length=10_000))
        wanted.drop()
        connection.recv(1)  # until the other end hangs up

    with saying(trickle) as url, pytest.raises(Unwanted):
        team.remote(url).count(Query(), wanted)


def test_a_server_that_is_not_there_is_told_at_once_and_nothing_is_unknown(team: Team) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable, match="cannot be reached") as told:
        team.remote(url, SHORT).create(DRAFT, "r")
    assert not isinstance(told.value, OutcomeUnknown)


def test_a_server_that_went_away_and_came_back_is_asked_again(team: Team) -> None:
    from keytui.server.app import build

    with Serving(build(team.vault)) as serving:
        vault = team.remote(serving.url)
        assert vault.standing().profile == "prod"
        serving.stop()
        with pytest.raises(Unreachable):
            vault.standing()
        serving.start()
        assert vault.create(DRAFT, "r").version.number == 1


def test_a_token_that_is_not_known_says_how_to_renew_it(team: Team) -> None:
    team.put_token("kto_" + "x" * 40)
    with pytest.raises(Unauthenticated) as told:
        team.remote().standing()
    assert f"file:{team.token}" in told.value.message
    assert "keytui operators add" in told.value.hint
    assert "x" * 40 not in told.value.message + told.value.hint


def test_a_token_that_was_refused_is_not_sent_again_and_again(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = list[Request]()
    ask = Exchange.ask

    def counted(exchange: Exchange, request: Request, *rest: Any) -> Answer:
        sent.append(request)
        return ask(exchange, request, *rest)

    monkeypatch.setattr(Exchange, "ask", counted)
    team.put_token("kto_" + "x" * 40)
    vault = team.remote()
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            vault.standing()
    assert len(sent) == 1, "the address would be slowed for everybody on it"
    monkeypatch.setattr("keytui.vault.remote.token._READ_AGAIN_AFTER", 0.0)
    team.put_token(team.new_token("grace"))
    assert vault.standing().actor.startswith("grace@")


def test_a_token_that_was_renewed_where_it_stands_is_taken_without_a_word(team: Team) -> None:
    vault = team.remote()
    vault.standing()
    team.put_token(team.new_token("grace"))
    team.vault.revoke_operator("ada", "")
    assert vault.standing().actor.startswith("grace@")


def test_another_token_can_be_presented(team: Team) -> None:
    vault = team.remote()
    with pytest.raises(Unauthenticated):
        vault.present(Secret("kto_" + "y" * 40))
    assert vault.standing().actor.startswith("ada@")
    vault.present(Secret(team.new_token("grace")))
    assert vault.standing().actor.startswith("grace@")


@pytest.mark.parametrize("token", ["two words", "kto_ä", "kto_a\nX-Other: 1"])
def test_what_could_not_stand_in_a_header_is_no_token(team: Team, token: str) -> None:
    team.put_token(token)
    with pytest.raises(Invalid) as told:
        team.remote().standing()
    assert token not in told.value.message


def test_a_read_only_profile_sends_no_change(team: Team) -> None:
    entries = team.vault.audit(AuditFilter(), 0, 1).total
    vault = team.remote(read_only=True)
    with pytest.raises(ReadOnly):
        vault.create(DRAFT, "r")
    assert team.vault.audit(AuditFilter(), 0, 1).total == entries
    vault.arm("prod")
    assert vault.create(DRAFT, "r").key.name == "checkout"


@pytest.mark.parametrize("key_id", ["..", "../operators", "a/b", "", "a?b", "a b", "é"])
def test_what_is_no_id_leads_nowhere_else(team: Team, key_id: str) -> None:
    with pytest.raises(NotFound):
        team.remote().detail(key_id)


def test_two_clocks_that_differ_change_nothing(team: Team) -> None:
    vault = team.remote()
    vault.set_passphrase(Secret("correct horse battery"))
    team.clock.advance(timedelta(minutes=9))
    assert vault.standing().seal is SealState.OPEN
    team.clock.advance(timedelta(minutes=2))
    assert vault.standing().seal is SealState.LOCKED


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://keys.example.com", "not an https:// address"),
        ("http://127.0.0.1.example.com", "not an https:// address"),
        ("https://ada:pw@keys.example.com", "holds a credential"),
        ("https://keys.example.com/?a=b", "goes on after its path"),
        ("ftp://keys.example.com", "not an https:// address"),
    ],
)
def test_only_https_or_this_machine(url: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        TeamServer(url, REFERENCE)


def test_a_server_may_stand_below_a_path() -> None:
    server = TeamServer("https://keys.example.com:8443/keytui/", REFERENCE)
    assert (server.url, server.host) == ("https://keys.example.com:8443/keytui", "keys.example.com:8443")


def test_a_proxy_that_cannot_be_used_is_told(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")
    with pytest.raises(Unreachable, match="proxy"):
        team.remote("https://keys.example.com", SHORT)
    assert team.remote().standing().actor.startswith("ada@")  # loopback is asked without one


@pytest.mark.parametrize("host", ["xn--a.example.com", "x" * 70, "a..b"])
def test_a_host_that_has_no_name_is_told(team: Team, host: str) -> None:
    with pytest.raises(Invalid, match="name of no server"):
        team.remote(f"https://{host}", SHORT)


def test_certificates_that_are_none_are_named(team: Team, tmp_path: Path) -> None:
    from keytui.vault.remote.exchange import Exchange

    (tmp_path / "team.pem").write_text("no certificate")
    with pytest.raises(Invalid, match=r"team\.pem"):
        Exchange(TeamServer("https://keys.example.com", REFERENCE, str(tmp_path / "team.pem")), SHORT)


@pytest.mark.parametrize("streams", [False, True])
def test_a_connection_that_is_made_while_the_vault_is_closed_does_not_stay(
    monkeypatch: pytest.MonkeyPatch, streams: bool
) -> None:
    kept = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 2\r\n\r\n{}"
    left: list[bytes] = []

    def say(connection: socket.socket) -> None:
        connection.sendall(kept)
        left.append(connection.recv(1))

    connect = SyncBackend.connect_tcp
    with saying(say) as url:
        exchange = Exchange(TeamServer(url, REFERENCE), SHORT)

        def late(*to: Any, **how: Any) -> NetworkStream:
            exchange.close()
            return connect(*to, **how)

        monkeypatch.setattr(SyncBackend, "connect_tcp", late)
        asked = Request("GET", "/")
        with pytest.raises(Dropped, match="the vault is closed"):
            list(exchange.events(asked, Secret("t"))) if streams else exchange.ask(asked, Secret("t"), {})
        eventually(lambda: left == [b""])
