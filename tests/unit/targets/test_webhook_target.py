"""The target that is a webhook: one id for one version, signed, and every answer told as what it means."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid, KeytuiError, OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import Key
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.targets.webhook import Way
from keytui.targets.webhook_target import WebhookTarget
from tests.faulty_line import Fault, FaultyLine
from tests.unit.targets.faults import KEY, NEW, NEWER
from tests.webhook_receiver import NAME, PATH, SECRET, Receiver, certificates, receiving


def built(url: str, signs: str = SECRET, /, **more: object) -> WebhookTarget:
    entry: Mapping[str, object] = {"kind": "webhook", "url": url, "secret": "env:S", "allow_private": True, **more}

    def resolve(_reference: Reference) -> Secret:
        return Secret(signs)

    targets: Mapping[str, WebhookTarget] = build_connectors("targets", "config.toml", {"hook": entry}, resolve)
    return targets["hook"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_the_receiver_can_verify_what_it_was_sent(receiver: Receiver) -> None:
    target = built(receiver.url)
    target.deliver(KEY, 2, NEW)
    message = Webhook(SECRET).verify(receiver.bodies[0], receiver.headers[0])
    assert message["type"] == "secret.delivered"
    assert message["data"] == {
        "key_id": "k1",
        "key": "checkout",
        "environment": "production",
        "tenant": "",
        "version": 2,
        "secret": NEW.reveal(),
    }


def test_the_same_version_again_has_the_same_id_and_another_one_another(receiver: Receiver) -> None:
    target = built(receiver.url)
    target.deliver(KEY, 2, NEW)
    target.deliver(KEY, 2, NEW)
    target.deliver(KEY, 3, NEWER)
    first, again, next_one = receiver.ids
    assert first == again != next_one


def test_rehearsing_sends_nothing(receiver: Receiver) -> None:
    built(receiver.url).rehearse(KEY)
    assert receiver.paths == []


def test_rehearsing_looks_at_the_certificate(tmp_path: Path) -> None:
    server, client = certificates(tmp_path)
    with receiving(server) as receiver:
        target = built(receiver.named_url)

        def rehearse(trusted: ssl.SSLContext | None) -> None:
            way = Way(allow_private=True, resolver=lambda _host, _port: ("127.0.0.1",), certificates=trusted)
            WebhookTarget("hook", target.url, target.secret, target.resolve, way).rehearse(KEY)

        rehearse(client)
        with pytest.raises(Unreachable, match="SSLCertVerificationError"):
            rehearse(None)
        assert receiver.paths == []
        assert NAME in target.place(KEY)


def test_an_address_of_our_own_network_has_to_be_allowed(receiver: Receiver) -> None:
    target = built(receiver.url, allow_private=False)
    with pytest.raises(Refused, match="not public"):
        target.rehearse(KEY)
    with pytest.raises(KeytuiError, match="nothing was sent"):
        target.deliver(KEY, 2, NEW)
    assert receiver.paths == []


def test_nobody_there_is_unreachable() -> None:
    target = built("http://127.0.0.1:9/hook")
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        target.rehearse(KEY)
    with pytest.raises(Unreachable, match="ConnectError") as caught:
        target.deliver(KEY, 2, NEW)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize(
    ("status", "headers", "error", "told"),
    [
        (302, {"Location": "https://elsewhere.example"}, Refused, "leads elsewhere"),
        (400, {}, Refused, "400"),
        (401, {}, Refused, "401"),
        (410, {}, Refused, "no more messages"),
        (429, {"Retry-After": "120"}, Unreachable, "left alone for 120 s"),
        (500, {}, OutcomeUnknown, "500"),
        (503, {"Retry-After": "60"}, OutcomeUnknown, "left alone for 60 s"),
    ],
)
def test_what_the_receiver_answers_is_told(
    receiver: Receiver, status: int, headers: dict[str, str], error: type[KeytuiError], told: str
) -> None:
    receiver.answers = [(status, headers)]
    with pytest.raises(error, match=told) as caught:
        built(receiver.url).deliver(KEY, 2, NEW)
    assert isinstance(caught.value, OutcomeUnknown) is (status >= 500)
    assert caught.value.hint
    assert len(receiver.paths) == 1


@pytest.mark.parametrize("fault", list(Fault))
def test_a_line_that_goes_down_leaves_the_outcome_unknown(receiver: Receiver, fault: Fault) -> None:
    with FaultyLine(receiver.port) as line:
        target = built(line.url + PATH, timeout="1s")
        line.fail(fault)
        if fault is Fault.JUNK:
            target.deliver(KEY, 2, NEW)  # what a 2xx says beside that is nobody's business
        else:
            with pytest.raises(OutcomeUnknown) as caught:
                target.deliver(KEY, 2, NEW)
            assert NEW.reveal() not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r}"
        target.deliver(KEY, 2, NEW)
    assert len(set(receiver.ids)) == 1
    assert json.loads(receiver.bodies[-1])["data"]["secret"] == NEW.reveal()


def test_nobody_reads_it_there_and_nobody_puts_back(receiver: Receiver) -> None:
    target = built(receiver.url)
    assert (target.abilities.reads_back, target.abilities.rolls_back) == (False, False)
    with pytest.raises(Refused, match="cannot tell"):
        target.read_back(KEY)
    with pytest.raises(Refused, match="cannot put back"):
        target.roll_back(KEY, 2)


def test_a_secret_that_cannot_sign_is_told_beforehand(receiver: Receiver) -> None:
    target = built(receiver.url, "whsec_c2hvcnQ=")
    for ask in (target.rehearse, lambda key: target.deliver(key, 2, NEW)):
        with pytest.raises(Refused, match="target hook: the webhook's secret is not"):
            ask(KEY)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"url": "http://hooks.example.com/"}, "url is not an https"),
        ({"url": "env:ADDRESS"}, "url is not an https"),
        ({"secret": SECRET}, "secret: a secret is named"),
        ({"allow_private": "yes"}, "allow_private is true or false"),
        ({"timeout": "5m"}, "timeout is not between"),
        ({"plaintext": True}, "has no field 'plaintext'"),
    ],
)
def test_what_is_wrong_in_its_table_is_named(more: dict[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as wrong:
        built("https://hooks.example.com/", **more)
    assert SECRET not in wrong.value.message


def test_two_keys_may_share_a_receiver() -> None:
    target = built("https://hooks.example.com/")
    other = Key("k2", KEY.name, KEY.environment, KEY.created_at)
    assert target.place(KEY) != target.place(other)
