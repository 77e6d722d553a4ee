"""A field in a KV engine, on a real OpenBao: merged in, stamped, proven, put back, and refused in words."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from socket import socket

import pytest

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import Key
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.targets.hashicorp import HashicorpTarget
from keytui.targets.hashicorp_kv import Document, KvPath
from tests.dripping import dripping
from tests.faulty_line import Fault, FaultyLine
from tests.openbao import ROOT_TOKEN, OpenBao, openbao
from tests.self_signed import LOOPBACK, self_signed
from tests.unit.targets.answering import answering
from tests.unit.targets.faults import KEY, NEW, NEWER, OLD, fails_well
from tests.world import NOON

PATH = "checkout/{name}"
HERE = "checkout/checkout"


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with openbao(tmp_path_factory.mktemp("openbao")) as server:
        yield server


@pytest.fixture(autouse=True)
def _empty(bao: OpenBao) -> Iterator[None]:
    yield
    bao.asked("DELETE", f"secret/metadata/{HERE}")


def built(url: str, opens_it: str = ROOT_TOKEN, **more: str) -> HashicorpTarget:
    entry = {"kind": "hashicorp", "address": url, "path": PATH, "field": "API_KEY", "token": "env:T", **more}
    tables: Mapping[str, Mapping[str, object]] = {"kv": entry}

    def resolve(_reference: Reference) -> Secret:
        return Secret(opens_it)

    targets: Mapping[str, HashicorpTarget] = build_connectors("targets", "config.toml", tables, resolve)
    return targets["kv"]


@pytest.fixture
def target(bao: OpenBao) -> HashicorpTarget:
    return built(bao.url)


def test_the_fields_beside_it_stay_as_they_are(bao: OpenBao, target: HashicorpTarget) -> None:
    bao.put(HERE, {"API_KEY": OLD.reveal(), "OWNER": "ops"})
    target.deliver(KEY, 2, NEW)
    held = dict(bao.data(HERE))
    stamp = json.loads(held.pop("API_KEY_keytui"))
    assert held == {"API_KEY": NEW.reveal(), "OWNER": "ops"}
    assert (stamp["key"], stamp["version"], stamp["before"]) == ("k1", 2, 1)


def test_a_place_that_is_empty_is_filled_and_emptied_again(bao: OpenBao, target: HashicorpTarget) -> None:
    target.rehearse(KEY)
    assert target.read_back(KEY) is None
    target.deliver(KEY, 1, NEW)
    assert target.read_back(KEY) == NEW
    target.roll_back(KEY, 1)
    assert "API_KEY" not in bao.data(HERE)
    assert target.read_back(KEY) is None


def test_what_was_deleted_is_written_anew(bao: OpenBao, target: HashicorpTarget) -> None:
    bao.put(HERE, {"API_KEY": OLD.reveal(), "OWNER": "ops"})
    bao.asked("DELETE", f"secret/data/{HERE}")
    assert target.read_back(KEY) is None
    target.deliver(KEY, 2, NEW)
    assert bao.data(HERE)["API_KEY"] == NEW.reveal()
    with pytest.raises(Refused, match="no longer keeps its version 1"):
        target.roll_back(KEY, 2)


def test_rolling_back_leaves_what_others_wrote_meanwhile(bao: OpenBao, target: HashicorpTarget) -> None:
    bao.put(HERE, {"API_KEY": OLD.reveal(), "OWNER": "ops"})
    target.deliver(KEY, 2, NEW)
    bao.put(HERE, {**bao.data(HERE), "OWNER": "payments"})
    target.roll_back(KEY, 2)
    assert (bao.data(HERE)["API_KEY"], bao.data(HERE)["OWNER"]) == (OLD.reveal(), "payments")


def test_it_does_not_roll_back_what_others_put_there(bao: OpenBao, target: HashicorpTarget) -> None:
    target.deliver(KEY, 2, NEW)
    bao.put(HERE, {**bao.data(HERE), "API_KEY": "something else"})
    with pytest.raises(Refused, match="something else by now"):
        target.roll_back(KEY, 2)
    assert bao.data(HERE)["API_KEY"] == "something else"


def test_another_keys_place_is_refused_before_anything_is_issued(bao: OpenBao, target: HashicorpTarget) -> None:
    target.deliver(KEY, 2, NEW)
    theirs = Key("k2", KEY.name, "staging", NOON)
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        target.rehearse(theirs)
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        target.deliver(theirs, 7, NEWER)
    assert bao.data(HERE)["API_KEY"] == NEW.reveal()


def test_two_keys_share_a_document(bao: OpenBao, target: HashicorpTarget) -> None:
    other = built(bao.url, field="BILLING")
    theirs = Key("k2", KEY.name, "production", NOON)
    target.deliver(KEY, 2, NEW)
    other.deliver(theirs, 5, NEWER)
    target.roll_back(KEY, 2)
    assert (target.read_back(KEY), other.read_back(theirs)) == (None, NEWER)
    assert target.place(KEY) != other.place(KEY)


def test_an_older_version_comes_too_late(target: HashicorpTarget) -> None:
    target.deliver(KEY, 3, NEWER)
    with pytest.raises(Refused, match="holds version 3 already"):
        target.deliver(KEY, 2, NEW)


def test_two_that_write_at_once_lose_nothing(bao: OpenBao) -> None:
    """Each of the fields is somebody's; whoever was too late reads anew."""
    fields = [f"FIELD_{number}" for number in range(4)]
    failed: list[KeytuiError] = []

    def deliver(field: str) -> None:
        try:
            built(bao.url, field=field).deliver(KEY, 2, Secret(field))
        except KeytuiError as error:
            failed.append(error)

    threads = [threading.Thread(target=deliver, args=(field,)) for field in fields]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failed
    assert {field: bao.data(HERE).get(field) for field in fields} == {field: field for field in fields}


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[Document], object]) -> None:
    """Somebody acts each time between what is read and what is written."""
    read = KvPath.read

    def interrupted(self: KvPath, number: int | None = None) -> Document:
        document = read(self, number)
        act(document)
        return document

    monkeypatch.setattr(KvPath, "read", interrupted)


def test_a_document_that_is_always_written_by_somebody_else_is_given_up(
    bao: OpenBao, target: HashicorpTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    bao.put(HERE, {"API_KEY": OLD.reveal()})
    meanwhile(monkeypatch, lambda document: bao.put(HERE, {"API_KEY": OLD.reveal(), "N": str(document.number)}))
    with pytest.raises(Refused, match="somebody else keeps writing"):
        target.deliver(KEY, 2, NEW)
    assert bao.data(HERE)["API_KEY"] == OLD.reveal()


def test_what_is_deleted_meanwhile_does_not_come_back(
    bao: OpenBao, target: HashicorpTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    bao.put(HERE, {"API_KEY": OLD.reveal(), "OWNER": "ops"})
    meanwhile(monkeypatch, lambda document: document.gone or bao.asked("DELETE", f"secret/data/{HERE}"))
    target.deliver(KEY, 2, NEW)
    assert sorted(bao.data(HERE)) == ["API_KEY", "API_KEY_keytui"]


POLICIES = {
    "update": ("read", "create", "update"),
    "patch": ("read", "create", "patch"),
}


@pytest.mark.parametrize("name", list(POLICIES))
def test_a_token_needs_patch_or_update(bao: OpenBao, name: str) -> None:
    rights = ", ".join(f'"{right}"' for right in POLICIES[name])
    token = bao.token(name, f'path "secret/data/checkout/*" {{ capabilities = [{rights}] }}')
    bao.put(HERE, {"API_KEY": OLD.reveal(), "OWNER": "ops"})
    target = built(bao.url, token)
    target.rehearse(KEY)
    target.deliver(KEY, 2, NEW)
    target.roll_back(KEY, 2)
    assert (bao.data(HERE)["API_KEY"], bao.data(HERE)["OWNER"]) == (OLD.reveal(), "ops")


def test_a_token_that_may_only_read_is_told_so_beforehand(bao: OpenBao) -> None:
    token = bao.token("reader", 'path "secret/data/checkout/*" { capabilities = ["read"] }')
    target = built(bao.url, token)
    with pytest.raises(Refused, match="may not write there, but read"):
        target.rehearse(KEY)
    with pytest.raises(Refused, match="env:T may not do that") as refused:
        target.deliver(KEY, 2, NEW)
    assert token not in f"{refused.value.message} {refused.value.hint}"


def test_a_token_that_is_none_is_named_by_where_it_stands(bao: OpenBao) -> None:
    with pytest.raises(Refused, match=r"env:T may not do that .*\(403\)"):
        built(bao.url, "hvs.wrong").rehearse(KEY)
    with pytest.raises(Invalid, match="env:T holds nothing that can be sent"):
        built(bao.url, "with\nbreak").rehearse(KEY)


def test_a_mount_that_is_none_is_named(bao: OpenBao) -> None:
    with pytest.raises(NotFound, match="no KV engine at 'elsewhere'"):
        built(bao.url, mount="elsewhere").rehearse(KEY)
    bao.asked("POST", "sys/mounts/first", {"type": "kv", "options": {"version": "1"}}).raise_for_status()
    target = built(bao.url, mount="first")
    with pytest.raises(Refused, match="no KV engine of version 2"):
        target.rehearse(KEY)
    with pytest.raises(OutcomeUnknown, match="no KV version 2 answer"):
        target.deliver(KEY, 2, NEW)


def test_a_field_that_is_no_text_is_left_alone(bao: OpenBao, target: HashicorpTarget) -> None:
    bao.asked("POST", f"secret/data/{HERE}", {"data": {"API_KEY": {"a": 1}}})
    with pytest.raises(Refused, match="no text"):
        target.deliver(KEY, 2, NEW)


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not answer: ConnectionError") as caught:
        built("http://127.0.0.1:9").deliver(KEY, 2, NEW)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_certificate_is_believed_where_its_authority_is_named(tmp_path: Path) -> None:
    made = self_signed(tmp_path, LOOPBACK)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.shown)
    with answering(403, tls=tls) as url:
        with pytest.raises(Refused, match="403"):
            built(url, certificates=str(made.trusted)).rehearse(KEY)
        with pytest.raises(Unreachable, match="does not answer: SSLError"):
            built(url).rehearse(KEY)


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        (307, Refused, "elsewhere"),
        (412, Unreachable, "412"),
        (429, Unreachable, "429"),
        (503, Unreachable, "503"),
        (418, Invalid, "418"),
    ],
)
def test_what_the_store_answers_is_told(status: int, error: type[KeytuiError], told: str) -> None:
    with answering(status, OLD.reveal(), {"Location": "https://active.example"}) as url:
        with pytest.raises(error, match=told) as caught:
            built(url).rehearse(KEY)
        assert OLD.reveal() not in caught.value.message


def test_a_store_that_drips_is_left_in_time() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    pieces = iter([head])
    never = threading.Event()

    def drip(connection: socket) -> None:
        connection.sendall(next(pieces, b" " * 64))
        never.wait(0.02)

    with dripping(drip) as port, pytest.raises(Unreachable, match="does not answer"):
        built(f"http://127.0.0.1:{port}", timeout="1s").read_back(KEY)


def test_loopback_is_asked_without_a_proxy(target: HashicorpTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    target.deliver(KEY, 2, NEW)
    assert target.read_back(KEY) == NEW


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST, Fault.JUNK])
def test_whatever_goes_wrong_at_whatever_turn(bao: OpenBao, fault: Fault) -> None:
    with FaultyLine(bao.port) as line:
        turns = fails_well(
            built(line.url),
            line,
            fault,
            begin=lambda key: bao.put(f"checkout/{key.name}", {"API_KEY": OLD.reveal(), "OWNER": "ops"}),
            stands=lambda key: Secret(bao.data(f"checkout/{key.name}")["API_KEY"]),
        )
    assert turns == 2


def test_an_answer_that_never_comes_leaves_the_outcome_unknown(bao: OpenBao) -> None:
    bao.put(HERE, {"API_KEY": OLD.reveal()})
    with FaultyLine(bao.port) as line:
        target = built(line.url, timeout="1s")
        line.fail(Fault.HELD, turn=2)
        with pytest.raises(OutcomeUnknown):
            target.deliver(KEY, 2, NEW)
        assert target.read_back(KEY) == NEW
        number = bao.number(HERE)
        target.deliver(KEY, 2, NEW)
        assert bao.number(HERE) == number


def test_a_sealed_store_is_told_as_that(tmp_path: Path) -> None:
    with openbao(tmp_path) as server:
        server.asked("PUT", "sys/seal")
        with pytest.raises(Unreachable, match="sealed"):
            built(server.url).rehearse(KEY)
        with pytest.raises(Unreachable, match="sealed") as caught:
            built(server.url).deliver(KEY, 2, NEW)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"address": "http://vault.example.com"}, "address is not an https"),
        ({"path": "../sys"}, "path is no path"),
        ({"path": "a?b"}, "path is no path"),
        ({"path": ""}, "path is missing"),
        ({"field": ""}, "field is missing"),
        ({"token": "hvs.plain"}, "token: a secret is named"),
        ({"certificates": "ca.pem"}, "certificates does not say from where"),
        ({"timeout": "1h"}, "timeout is not between"),
        ({"password": "x"}, "has no field 'password'"),
    ],
)
def test_what_is_wrong_in_its_table_is_named(more: dict[str, str], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        built("http://127.0.0.1:1", **more)


def test_it_is_said_where_the_secret_stands(bao: OpenBao) -> None:
    target = built(bao.url, namespace="team-a", mount="kv")
    assert target.place(KEY) == f"{bao.url}/team-a/kv/checkout/checkout API_KEY"
    assert ROOT_TOKEN not in repr(target)
    assert target.timeout == timedelta(seconds=30)
    assert built(bao.url, certificates="/nowhere.pem").place(KEY)
    with pytest.raises(Invalid, match=r"there is no file /nowhere\.pem"):
        built(bao.url, certificates="/nowhere.pem").rehearse(KEY)
