"""A webhook's post: signed, not led elsewhere, and what its answers mean."""

from __future__ import annotations

import base64
from datetime import timedelta

import httpx
import pytest
from standardwebhooks import Webhook

from keytui.clock import utc_now
from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret
from keytui.targets.webhook import Reply, post_signed
from tests.world import NOON

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode().rstrip("=")
URL = "https://hooks.example.com/T0/B0/a-secret"


def posted(answer: httpx.Response | Exception, secret: str = SECRET) -> tuple[Reply, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    transport = httpx.MockTransport(handle)
    return post_signed(URL, Secret(secret), "alert-1", '{"a": "ä"}', NOON, transport=transport), requests


def test_what_is_sent_verifies() -> None:
    now = utc_now()  # the library's own check knows no other clock
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200)

    post_signed(URL, Secret(SECRET), "alert-1", '{"a": "ä"}', now, transport=httpx.MockTransport(handle))
    (request,) = requests
    assert Webhook(SECRET).verify(request.content, dict(request.headers)) == {"a": "ä"}
    assert request.headers["webhook-id"] == "alert-1"


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_2xx_is_success(status: int) -> None:
    reply, _ = posted(httpx.Response(status))
    assert (reply.failure, reply.gone) == ("", False)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_followed_by_nothing(status: int) -> None:
    reply, requests = posted(httpx.Response(status, headers={"Location": "https://elsewhere.example.com/"}))
    assert "elsewhere" in reply.failure
    assert len(requests) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_anything_else_is_a_failure(status: int) -> None:
    reply, _ = posted(httpx.Response(status))
    assert (reply.failure, reply.gone) == (f"it answered {status}", False)


def test_410_wants_no_more() -> None:
    assert posted(httpx.Response(410))[0].gone


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
def test_retry_after_is_seconds_or_a_date(header: str, pause: timedelta | None) -> None:
    assert posted(httpx.Response(503, headers={"Retry-After": header}))[0].retry_after == pause


def test_no_answer_is_said_without_the_address() -> None:
    reply, _ = posted(httpx.ConnectError(f"cannot reach {URL}"))
    assert reply == Reply(0, "no answer: ConnectError")


def test_certificates_that_are_not_there_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    assert post_signed(URL, Secret(SECRET), "alert-1", "{}", NOON).failure == "no answer: FileNotFoundError"


@pytest.mark.parametrize("host", ["xn--", "a..b"])
def test_a_host_that_is_none_is_a_failure(host: str) -> None:
    assert post_signed(f"https://{host}/a-secret", Secret(SECRET), "alert-1", "{}", NOON).failure.startswith(
        "no answer"
    )


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_" + "ä" * 40, "not base64 at all, not at all!!"])
def test_a_secret_that_cannot_sign_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(Invalid, match="base64") as error:
        posted(httpx.Response(200), secret)
    assert secret.removeprefix("whsec_") == "" or secret not in f"{error.value.message} {error.value.hint}"
