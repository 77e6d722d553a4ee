"""A webhook's post: signed, sent to the address that was checked and nowhere else, and what its answers mean."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from socket import create_server, socket

import pytest
from standardwebhooks import Webhook

from keytui.clock import utc_now
from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret
from keytui.targets.public_addresses import Resolver, is_public
from keytui.targets.webhook import Reply, Way, post_signed
from tests.dripping import dripping
from tests.webhook_receiver import NAME, SECRET, Receiver, certificates, receiving
from tests.world import NOON

HERE = Way(allow_private=True)


def posted(url: str, way: Way = HERE, secret: str = SECRET, body: str = '{"a": "ä"}') -> Reply:
    return post_signed(url, Secret(secret), "alert-1", body.encode(), now=NOON, way=way)


def resolving(*addresses: str) -> tuple[Resolver, list[str]]:
    """A name server that says so, and what it was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return addresses

    return resolve, asked


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_what_is_sent_verifies(receiver: Receiver) -> None:
    now = utc_now()  # the library's own check knows no other clock
    post_signed(receiver.url, Secret(SECRET), "alert-1", '{"a": "ä"}'.encode(), now=now, way=HERE)
    assert Webhook(SECRET).verify(receiver.bodies[0], receiver.headers[0]) == {"a": "ä"}
    assert receiver.ids == ["alert-1"]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_2xx_is_success(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {})]
    assert posted(receiver.url) == Reply(status)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_followed_by_nothing(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {"Location": receiver.url + "/elsewhere"})]
    assert "elsewhere" in posted(receiver.url).failure
    assert len(receiver.paths) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_anything_else_is_a_failure(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {})]
    reply = posted(receiver.url)
    assert (reply.failure, reply.gone) == (f"it answered {status}", False)


def test_410_wants_no_more(receiver: Receiver) -> None:
    receiver.answers = [(410, {})]
    assert posted(receiver.url).gone


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", timedelta(minutes=2)),
        ("Fri, 20 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Fri, 20 Nov 2026 11:00:00 GMT", timedelta()),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        (f"Fri, {'9' * 30} Nov 2026 12:10:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(receiver: Receiver, header: str, pause: timedelta | None) -> None:
    receiver.answers = [(503, {"Retry-After": header})]
    assert posted(receiver.url).retry_after == pause


def test_no_answer_is_said_without_the_address() -> None:
    with create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    reply = posted(f"http://127.0.0.1:{port}/T0/B0/a-secret")
    assert reply == Reply(0, "no answer: ConnectError")


def test_an_address_stands_in_no_log(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        posted(receiver.url)
    assert "T0" not in caplog.text


@pytest.mark.parametrize("host", ["xn--", "a..b", "nobody.invalid"])
def test_a_host_that_is_none_is_a_failure(host: str) -> None:
    assert posted(f"https://{host}/a-secret").failure.startswith("no answer")


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_" + "ä" * 40, "not base64 at all, not at all!!"])
def test_a_secret_that_cannot_sign_is_refused_and_not_repeated(receiver: Receiver, secret: str) -> None:
    with pytest.raises(Invalid, match="base64") as error:
        posted(receiver.url, secret=secret)
    assert secret.removeprefix("whsec_") == "" or secret not in f"{error.value.message} {error.value.hint}"
    assert receiver.paths == []


class TestWhereItGoes:
    def test_this_machine_is_not_reached_unless_it_is_allowed(self, receiver: Receiver) -> None:
        assert "not public" in posted(receiver.url, Way()).failure
        assert receiver.paths == []

    @pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"])
    def test_nor_by_another_name_for_it(self, receiver: Receiver, host: str) -> None:
        reply = posted(receiver.url.replace("127.0.0.1", host), Way())
        assert reply.status == 0
        assert receiver.paths == []

    def test_a_name_with_one_private_address_is_refused_whole(self, receiver: Receiver) -> None:
        resolve, _ = resolving("93.184.215.14", "127.0.0.1")
        assert "not public" in posted(receiver.named_url, Way(resolver=resolve)).failure
        assert receiver.paths == []

    def test_a_name_is_asked_for_once_and_its_answer_is_what_counts(self, receiver: Receiver) -> None:
        """A name server that says something else the second time is never asked a second time."""
        answers = [("127.0.0.1",), ("192.0.2.1",)]
        way = Way(allow_private=True, resolver=lambda host, port: answers.pop(0))
        assert posted(receiver.named_url, way).status == 204
        assert answers == [("192.0.2.1",)]
        assert receiver.headers[0]["host"] == f"{NAME}:{receiver.port}"

    def test_plain_http_does_not_leave_this_machine_by_a_name(self) -> None:
        resolve, _ = resolving("93.184.215.14")
        assert "http:// leads away" in posted("http://localhost/x", Way(resolver=resolve)).failure

    def test_a_proxy_from_the_environment_is_not_asked(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/")
        assert posted(receiver.url).status == 204

    def test_an_address_that_does_not_answer_is_followed_by_the_next(self, receiver: Receiver) -> None:
        resolve, _ = resolving("127.0.0.2", "127.0.0.1")
        assert posted(receiver.named_url, Way(allow_private=True, resolver=resolve)).status == 204

    def test_tls_is_checked_against_the_name_and_not_the_address(self, tmp_path: Path) -> None:
        server, client = certificates(tmp_path)
        resolve, _ = resolving("127.0.0.1")
        with receiving(server) as receiver:
            way = Way(allow_private=True, resolver=resolve, certificates=client)
            assert posted(receiver.named_url, way).status == 204
            other = receiver.named_url.replace(NAME, "other.example.test")
            assert posted(other, way).failure == "no answer: ConnectError"
            untrusted = Way(allow_private=True, resolver=resolve, certificates=ssl.create_default_context())
            assert posted(receiver.named_url, untrusted).failure == "no answer: ConnectError"
        assert len(receiver.paths) == 1

    def test_certificates_that_are_not_there_are_a_failure(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
        assert posted(receiver.url).failure == "no answer: FileNotFoundError"


PUBLIC = ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
NOT_PUBLIC = """
    127.0.0.1 127.9.9.9 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200 224.0.0.1
    0.0.0.0 255.255.255.255 240.0.0.1 192.0.0.192 168.63.129.16 192.0.2.1 198.18.0.1 198.51.100.2 203.0.113.1
    :: ::1 fe80::1%eth0 fc00::1 fd00:ec2::254 fec0::1 ff02::1 2001:db8::1 100::1
    ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::a00:1 2002:a00:1::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 example.com
""".split()  # noqa: SIM905  # as a list it would be a page


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


class TestPatience:
    """Each byte comes in time; the whole answer never does."""

    def test_headers_that_drip_hold_nobody_up(self) -> None:
        wait = threading.Event()

        def drip(connection: socket) -> None:
            wait.wait(0.05)
            connection.sendall(b"X")

        with dripping(drip) as port:
            began = time.monotonic()
            reply = posted(f"http://127.0.0.1:{port}/", Way(allow_private=True, timeout=0.5))
        assert reply.failure == "no whole answer within 0.5 s"
        assert time.monotonic() - began < 5

    def test_nor_does_a_tls_handshake_that_drips(self) -> None:
        wait = threading.Event()
        first = [b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"]

        def drip(connection: socket) -> None:
            wait.wait(0.05)
            connection.sendall(first.pop() if first else b"\x00")

        with dripping(drip) as port:
            began = time.monotonic()
            reply = posted(f"https://127.0.0.1:{port}/", Way(allow_private=True, timeout=0.5))
        assert reply.failure == "no whole answer within 0.5 s"
        assert time.monotonic() - began < 5

    def test_nor_does_a_name_server(self) -> None:
        never = threading.Event()

        def resolve(host: str, port: int) -> tuple[str, ...]:
            never.wait(30)
            return ()

        reply = posted(f"https://{NAME}/", Way(resolver=resolve, timeout=0.2))
        never.set()
        assert reply.failure == "no whole answer within 0.2 s"
