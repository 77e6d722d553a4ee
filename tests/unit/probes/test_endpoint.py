"""One address on a server: answers are bounded, headers are checked, and no secret is repeated."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from socket import socket

import httpx
import pytest

from keytui.domain.errors import Invalid, KeytuiError, Unreachable
from keytui.domain.references import Place, Reference
from keytui.domain.secrets import Secret
from keytui.probes.configuration import Server
from keytui.probes.endpoint import Endpoint
from tests.dripping import dripping

REFERENCE = Reference(Place.ENV, "TOKEN")
SERVER = Server("https://a.example/api?depth=0", REFERENCE)


def endpoint(
    handler: httpx.MockTransport | None, value: str = "token", server: Server = SERVER, most: int = 1024
) -> Endpoint:
    return Endpoint(server, lambda reference: Secret(value), handler, most)


def test_a_path_and_parameters_are_added_to_the_address() -> None:
    asked: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, text="yes")

    assert endpoint(httpx.MockTransport(handler)).get("/v1/query", {"query": 'a{b="c"}[5s]'}) == b"yes"
    (url,) = asked
    assert url.path == "/api/v1/query"
    assert dict(url.params) == {"depth": "0", "query": 'a{b="c"}[5s]'}


def test_an_answer_without_an_end_is_given_up() -> None:
    long = httpx.MockTransport(lambda request: httpx.Response(200, content=b"x" * 1025))
    with pytest.raises(Invalid, match="answers more than"):
        endpoint(long).get()


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_an_answer_that_drips_in_is_given_up(beginning: bytes) -> None:
    """In its headers, in its body, and in a body that ends with the connection."""
    wait, pieces = threading.Event(), [beginning]

    def drip(connection: socket) -> None:
        wait.wait(0.05)
        connection.sendall(pieces.pop() if pieces else b"x")

    with dripping(drip) as port:
        server = Server(f"http://127.0.0.1:{port}", timeout=timedelta(seconds=0.5))
        with pytest.raises(Unreachable, match="in time"):
            endpoint(None, server=server).get()


@pytest.mark.parametrize("value", ["two\nlines", "tür", "nul\0", " s3cret-token", "s3cret-token "])
def test_what_no_header_can_carry_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(Invalid, match="env:TOKEN") as error:
        endpoint(httpx.MockTransport(lambda request: httpx.Response(200)), value).get()
    assert value not in str(error.value)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500])
def test_no_error_carries_the_credential(status: int) -> None:
    with pytest.raises(KeytuiError) as error:
        endpoint(httpx.MockTransport(lambda request: httpx.Response(status, text="\x1b[2J")), "s3cret-token").get()
    assert "s3cret-token" not in error.value.message + error.value.hint
    assert "\x1b" not in error.value.message
    assert "https://a.example/api" in error.value.message


@pytest.mark.parametrize("before", ["", "x" * 295])
def test_a_server_that_says_the_credential_back_is_not_repeated(before: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, text=f"{before} bad header {request.headers['Authorization']}")

    with pytest.raises(Invalid, match="does not take the question") as error:
        endpoint(httpx.MockTransport(handler), "s3cret-token").get()
    assert "s3cret" not in error.value.message


def test_what_a_library_says_of_a_header_is_not_repeated() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError(f"Illegal header value {request.headers['Authorization']!r}")

    with pytest.raises(Unreachable, match="cannot be sent") as error:
        endpoint(httpx.MockTransport(handler), "s3cret-token").get()
    assert "s3cret" not in error.value.message


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "foo://ada:hunter2@127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Unreachable, match="proxy") as error:
        Endpoint(Server("https://a.example"), lambda reference: Secret("token")).get()
    assert "hunter2" not in error.value.message


@pytest.mark.parametrize("url", ["https://xn--/api", "https://a..b/api"])
def test_a_host_that_is_none_is_an_error_of_ours_to_tell(url: str) -> None:
    with pytest.raises(KeytuiError, match=re.escape(url)):
        Endpoint(Server(url), lambda reference: Secret("token")).get()
