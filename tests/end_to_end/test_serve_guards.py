"""What strangers can do to a server: guess, ask too often, ask slowly. It must cost them more than it costs us."""

from __future__ import annotations

import contextlib
import random
import socket
import statistics
import time
from collections.abc import Iterator

import httpx
import pytest

from keytui.domain.rotation import Reason
from tests.end_to_end.team_server import TeamServer, bearer, beside, key, service_token, team_server, verify
from tests.world import eventually

ASKED_WITHIN = 2
ROUNDS = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamServer]:
    settings = (f"asked_within = {ASKED_WITHIN}", "failed_logins = 3", "requests_per_token = 300")
    proxied = 'trusted_proxies = ["127.0.0.1"]'
    with team_server(tmp_path_factory.mktemp("guards"), settings=(*settings, proxied)) as running:
        yield running


def from_(address: str, token: str = "") -> dict[str, str]:
    return {"x-forwarded-for": address, **(bearer(token) if token else {})}


def test_an_address_with_wrong_tokens_has_to_wait_and_others_do_not(server: TeamServer) -> None:
    wrong = "kto_" + "w" * 40
    told = [httpx.get(f"{server.url}/admin/keys", headers=from_("203.0.113.7", wrong)) for _ in range(5)]

    assert [answer.status_code for answer in told] == [401, 401, 401, 401, 429]
    assert int(told[-1].headers["retry-after"]) >= 1
    assert httpx.get(f"{server.url}/admin/keys", headers=from_("203.0.113.8", wrong)).status_code == 401
    assert httpx.get(f"{server.url}/live", headers=from_("203.0.113.7")).status_code == 200


def test_a_guess_behind_a_password_of_somebody_elses_counts_as_one(server: TeamServer) -> None:
    guess = {"authorization": "Basic eDp5", "x-api-key": "kto_" + "u" * 40}
    told = [httpx.get(f"{server.url}/admin/keys", headers=from_("203.0.113.9") | guess) for _ in range(5)]

    assert [answer.status_code for answer in told] == [401, 401, 401, 401, 429]


def test_a_right_token_is_let_in_from_an_address_that_has_to_wait(server: TeamServer) -> None:
    token = service_token(server.home, "neighbour")
    eventually(lambda: verify(server, token, "x").status_code == 200)
    for _ in range(5):
        httpx.get(f"{server.url}/admin/keys", headers=from_("198.51.100.4", "kto_" + "v" * 40))

    answer = httpx.post(f"{server.url}/v1/verify", headers=from_("198.51.100.4", token), json={"secret": "x"})
    assert answer.status_code == 200


def test_a_token_that_asks_too_often_is_told_when_to_come_back(server: TeamServer) -> None:
    token = service_token(server.home, "busy")
    eventually(lambda: verify(server, token, "x").status_code == 200)
    with httpx.Client(headers=bearer(token)) as client:
        question = f"POST /v1/verify HTTP/1.1\r\nhost: k\r\nauthorization: Bearer {token}\r\ncontent-length: 14\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.settimeout(10)
            connection.sendall((question + '{"secret":"x"}').encode() * 900)
            answers = b""
            while answers.count(b"HTTP/1.1") < 900:
                answers += connection.recv(65536)
        assert answers.count(b" 429 ") > 0
        assert answers.count(b" 200 ") >= 200
        eventually(lambda: client.post(f"{server.url}/v1/verify", json={"secret": "x"}).status_code == 200)


@pytest.mark.parametrize(
    "begun",
    [
        "",
        "POST /v1/ver",
        "POST /v1/verify HTTP/1.1\r\nhost: k\r\nauthorization: Bearer {}\r\ncontent-length: 99\r\n\r\n[",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_who_asks_slowly_is_hung_up_on(server: TeamServer, begun: str) -> None:
    token = service_token(server.home, f"slow-{len(begun)}")
    eventually(lambda: verify(server, token, "x").status_code == 200)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(ASKED_WITHIN + 8)
        connection.sendall(begun.format(token).encode())
        began = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1000) == b""
        assert time.monotonic() - began < ASKED_WITHIN + 5


def test_an_unknown_secret_takes_as_long_as_one_of_a_known_prefix_and_as_a_revoked_one(server: TeamServer) -> None:
    """The fastest tenth of each, because the machine does other things: what waits for it is in the slower ones."""
    issued = key(server.home)
    real = issued.secret.reveal()
    near, far = real[:-1] + ("a" if real[-1] != "a" else "b"), "tk_" + "q" * (len(real) - 3)
    token = service_token(server.home, "timing")
    revoked = key(server.home, "revoked").secret.reveal()
    eventually(lambda: all(verify(server, token, known).json().get("valid") for known in (real, revoked)))
    with beside(server.home) as vault:
        vault.revoke(vault.find("revoked").id, None, Reason.LEAVER, "")
    eventually(lambda: not verify(server, token, revoked).json().get("valid"))
    with httpx.Client(headers=bearer(token)) as client:
        times: dict[str, list[float]] = {near: [], far: [], revoked: []}
        order = list(times) * ROUNDS
        random.Random(1).shuffle(order)  # noqa: S311  # an order, not a secret
        for secret in order:
            began = time.perf_counter()
            answer = client.post(f"{server.url}/v1/verify", json={"secret": secret})
            if answer.status_code == 200:  # a pause of the rate is no answer
                times[secret].append(time.perf_counter() - began)
    fastest = [statistics.quantiles(each, n=10)[0] for each in times.values()]
    assert max(fastest) < 1.25 * min(fastest)
