"""HyperCode's layout in Redis, byte for byte, and what a real redis-server can put in the way."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_connection, create_server, socket

import pytest

from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.fields import Fields
from keytui.domain.keys import Key, VersionState
from keytui.domain.references import Place, Reference
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Mark
from keytui.issuers.redis import RedisIssuer, redis_issuer
from keytui.redis_address import RedisAddress, parse_redis_address
from keytui.redis_line import RedisServer
from tests.dripping import dripping
from tests.faulty_line import Fault, FaultyLine
from tests.redis_server import RedisProcess, free_port, redis_server
from tests.self_signed import LOOPBACK, self_signed
from tests.world import NOON, StoppedClock, repeatable_randomness

KEY = Key("k1", "checkout", "production", NOON)
OLD = "hk_fkbeylrFQ8r4RuMarSdbpwTjL2rS9y9UGUsJRilEsgg"
RECORDED = (
    f'{{"key":"{OLD}","created_at":"2026-11-20T23:14:34.308607+00:00","revoked":false,"label":"2024-Q1-Rotation"}}'
)
VALUE = Secret("hk_r_rUPhPLgCygAFAXKSmDxUWsaSBOCBQ6qkl0Yo2ZYZI")
PAUSE = threading.Event()
HURRIED = timedelta(seconds=0.2)
SECRETS = {"env:PASSWORD": "s3cret-of-redis", "env:USERNAME": "keytui"}


def mark(value: str) -> Mark:
    return Mark(Secret(value).digest(), value[:12])


def resolve(reference: Reference) -> Secret:
    return Secret(SECRETS[str(reference)])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with redis_server(tmp_path_factory.mktemp("redis"), port=free_port()) as server:
        yield server


@pytest.fixture
def server(running: RedisProcess) -> RedisProcess:
    """Empty but for the key that HyperCode was recorded to write."""
    running.client.flushall()
    running.client.sadd("api_keys:active", OLD)
    running.client.set(name(OLD), RECORDED)
    return running


@pytest.fixture
def issuer(server: RedisProcess) -> RedisIssuer:
    return reaching(RedisAddress(path=str(server.path)))


def reaching(
    address: RedisAddress,
    username: Reference | None = None,
    password: Reference | None = None,
    authorities: str = "",
    timeout: timedelta = timedelta(seconds=2),
) -> RedisIssuer:
    at = RedisServer(address, username, password, authorities, timeout)
    return RedisIssuer("hypercode", at, resolve, clock=StoppedClock(datetime(2026, 11, 20, 23, 14, 34, 308607, UTC)))


def name(value: str) -> str:
    return f"api_key:{value}:meta"


def record(server: RedisProcess, value: str) -> str:
    found = server.client.get(name(value))
    assert isinstance(found, bytes)
    return found.decode()


def test_a_new_version_stands_as_hypercode_writes_it(server: RedisProcess, issuer: RedisIssuer) -> None:
    issuer.issue(replace(KEY, name="2024-Q1-Rotation"), VALUE, None)
    assert record(server, VALUE.reveal()) == RECORDED.replace(OLD, VALUE.reveal())
    assert server.client.ttl(name(VALUE.reveal())) == -1
    assert server.client.smembers("api_keys:active") == {OLD.encode(), VALUE.reveal().encode()}
    assert server.client.dbsize() == 3


def test_a_revoked_version_stands_as_hypercode_writes_it(server: RedisProcess, issuer: RedisIssuer) -> None:
    issuer.revoke(mark(OLD))
    assert record(server, OLD) == RECORDED.replace('"revoked":false', '"revoked":true')
    assert not server.client.exists("api_keys:active")


def test_a_value_has_the_format_of_hypercode(issuer: RedisIssuer) -> None:
    value = issuer.new_value(repeatable_randomness()).reveal()
    assert len(value) == 46
    assert value.startswith("hk_")


def test_a_suspended_version_keeps_its_record_as_it_is(server: RedisProcess, issuer: RedisIssuer) -> None:
    issuer.suspend(mark(OLD))
    assert record(server, OLD) == RECORDED
    issuer.restore(mark(OLD))
    assert record(server, OLD) == RECORDED


def test_a_version_takes_over_the_label_of_the_one_before_it(server: RedisProcess, issuer: RedisIssuer) -> None:
    server.client.set(name(OLD), RECORDED.replace("2024-Q1-Rotation", "Zürich \\u001b[2J"))
    new = issuer.issue(KEY, VALUE, mark(OLD)).listed
    assert new.label == "Zürich \\x1b[2J"
    assert json.loads(record(server, VALUE.reveal()))["label"] == "Zürich \x1b[2J"


def test_what_keytui_does_not_know_of_a_record_stays(server: RedisProcess, issuer: RedisIssuer) -> None:
    server.client.set(name(OLD), RECORDED.replace('"label"', '"team":"ü","half":"\\ud800","label"'))
    issuer.revoke(mark(OLD))
    changed = json.loads(record(server, OLD))
    assert list(changed) == ["key", "created_at", "revoked", "team", "half", "label"]
    assert changed["revoked"] is True
    assert changed["team"] == "ü"


def test_letters_stand_as_themselves(server: RedisProcess, issuer: RedisIssuer) -> None:
    server.client.set(name(OLD), RECORDED.replace("2024-Q1-Rotation", "Zürich"))
    issuer.revoke(mark(OLD))
    assert record(server, OLD) == RECORDED.replace("2024-Q1-Rotation", "Zürich").replace("false", "true")


def test_all_versions_are_listed_with_their_labels(server: RedisProcess, issuer: RedisIssuer) -> None:
    issuer.issue(KEY, VALUE, None)
    issuer.revoke(mark(OLD))
    listed = {one.mark.prefix: one for one in issuer.versions()}
    assert {prefix: (one.state, one.label) for prefix, one in listed.items()} == {
        OLD[:12]: (VersionState.REVOKED, "2024-Q1-Rotation"),
        VALUE.prefix(): (VersionState.ACTIVE, "checkout"),
    }
    assert listed[OLD[:12]].created_at == datetime(2026, 11, 20, 23, 14, 34, 308607, UTC)
    assert listed[OLD[:12]].value == Secret(OLD)
    assert all(one.mark.reference == "" for one in listed.values()), "a name of Redis holds the value"


def test_many_versions_are_walked(server: RedisProcess, issuer: RedisIssuer) -> None:
    """More than one answer of a scan holds, half of them revoked."""
    with server.client.pipeline() as pipeline:
        for number in range(3000):
            value = f"hk_{number:043}"
            pipeline.set(name(value), RECORDED.replace(OLD, value).replace("false", "true" if number % 2 else "false"))
            if number % 2 == 0:
                pipeline.sadd("api_keys:active", value)
        pipeline.execute()
    states = [one.state for one in issuer.versions()]
    assert states.count(VersionState.ACTIVE) == 1501
    assert states.count(VersionState.REVOKED) == 1500
    found = issuer.look_up(mark(f"hk_{2999:043}"))
    assert found is not None
    assert found.state is VersionState.REVOKED


@pytest.mark.parametrize("written", [None, "no JSON", "[1]", "{}", '{"revoked":true,"label":7,"created_at":"soon"}'])
def test_what_stands_in_the_set_is_accepted_whatever_its_record_says(
    server: RedisProcess, issuer: RedisIssuer, written: str | None
) -> None:
    """The hand-made revocation leaves such: its operators believe that the key is dead."""
    server.client.delete(name(OLD))
    if written is not None:
        server.client.set(name(OLD), written)
    found = issuer.look_up(mark(OLD))
    assert found is not None
    assert (found.state, found.label, found.created_at) == (VersionState.ACTIVE, "", None)
    issuer.suspend(mark(OLD))
    issuer.restore(mark(OLD))
    issuer.revoke(mark(OLD))
    assert not server.client.exists("api_keys:active")
    assert json.loads(record(server, OLD))["revoked"] is True


def test_a_record_that_changes_meanwhile_is_not_overwritten(server: RedisProcess) -> None:
    """HyperCode itself revokes the key between our look and our change."""

    def meddling() -> datetime:
        server.client.srem("api_keys:active", OLD)
        server.client.set(name(OLD), RECORDED.replace("false", "true"))
        return NOON

    server.client.delete(name(OLD))
    issuer = replace(reaching(RedisAddress(path=str(server.path))), clock=meddling)
    with pytest.raises(Refused, match="revoked for good"):
        issuer.suspend(mark(OLD))
    assert record(server, OLD) == RECORDED.replace("false", "true")


def test_a_record_that_never_stands_still_is_left(server: RedisProcess) -> None:
    def meddling() -> datetime:
        server.client.set(name(OLD), "no record")
        return NOON

    issuer = replace(reaching(RedisAddress(path=str(server.path))), clock=meddling)
    server.client.delete(name(OLD))
    with pytest.raises(Unreachable, match="keeps writing"):
        issuer.revoke(mark(OLD))
    assert server.client.sismember("api_keys:active", OLD)


@pytest.mark.parametrize("value", [None, Secret("with blank"), Secret("ümlaut"), Secret("line\nbreak"), Secret("")])
def test_a_value_that_no_header_carries_is_not_issued(issuer: RedisIssuer, value: Secret | None) -> None:
    with pytest.raises(Invalid, match="issuer hypercode"):
        issuer.issue(KEY, value, None)


def test_a_version_of_which_nobody_had_the_value_is_not_found(issuer: RedisIssuer) -> None:
    assert issuer.look_up(Mark("", OLD[:12])) is None
    with pytest.raises(NotFound):
        issuer.revoke(Mark("", ""))


def test_a_set_that_is_none_is_refused_before_anything(server: RedisProcess, issuer: RedisIssuer) -> None:
    server.client.delete("api_keys:active")
    server.client.set("api_keys:active", "x")
    for attempt in (issuer.rehearse, lambda: issuer.issue(KEY, VALUE, None)):
        with pytest.raises(Refused, match="WRONGTYPE") as refused:
            attempt()
        assert said_nothing(refused.value, VALUE.reveal(), OLD)
    assert server.client.dbsize() == 2


def said_nothing(error: BaseException | None, *secrets: str) -> bool:
    """Whether an error, and those behind it, hold no secret and no name of Redis."""
    if error is None:
        return True
    text = f"{error!r} {error} {vars(error)}"
    return not any(secret in text for secret in (*secrets, "api_key:")) and all(
        said_nothing(one, *secrets) for one in (error.__cause__, error.__context__)
    )


@pytest.fixture
def guarded(server: RedisProcess) -> Iterator[RedisProcess]:
    """A server with users of its own; without one, nobody is let in by its port."""
    yield server
    server.client.acl_deluser("keytui")


def entering(server: RedisProcess, *rights: str) -> RedisIssuer:
    """As a user who may do this."""
    server.client.acl_setuser(
        "keytui", enabled=True, passwords=[f"+{SECRETS['env:PASSWORD']}"], keys=["api_key*"], commands=list(rights)
    )
    address = RedisAddress(path=str(server.path))
    return reaching(address, Reference(Place.ENV, "USERNAME"), Reference(Place.ENV, "PASSWORD"))


def test_who_we_are_is_said_by_reference(guarded: RedisProcess) -> None:
    issuer = entering(guarded, "+@all")
    issuer.rehearse()
    issuer.issue(KEY, VALUE, None)
    guarded.client.acl_setuser("keytui", enabled=True, reset_passwords=True, passwords=["+another"])
    with pytest.raises(Refused, match="does not know us") as refused:
        issuer.rehearse()
    assert said_nothing(refused.value, SECRETS["env:PASSWORD"])


@pytest.mark.parametrize("forbidden", ["srem", "set", "multi", "watch", "scan", "sscan", "mget", "sismember"])
def test_a_right_that_is_missing_is_told_by_the_rehearsal(guarded: RedisProcess, forbidden: str) -> None:
    with pytest.raises(Refused, match="does not permit this user") as refused:
        entering(guarded, "+@all", f"-{forbidden}").rehearse()
    assert said_nothing(refused.value, OLD)


@pytest.mark.parametrize("forbidden", ["srem", "set", "multi", "exec"])
def test_without_the_right_to_it_nothing_is_changed(guarded: RedisProcess, forbidden: str) -> None:
    """Not even half of it: who may not begin a transaction would carry out its commands one by one."""
    issuer = entering(guarded, "+@all", f"-{forbidden}")
    with pytest.raises(Refused, match=r"does not permit this user|has discarded the change") as refused:
        issuer.revoke(mark(OLD))
    assert said_nothing(refused.value, OLD)
    assert record(guarded, OLD) == RECORDED
    assert guarded.client.sismember("api_keys:active", OLD)


def test_a_replica_is_told_by_the_rehearsal(server: RedisProcess, issuer: RedisIssuer) -> None:
    server.client.replicaof("127.0.0.1", 1)
    try:
        with pytest.raises(Refused, match="is a replica"):
            issuer.rehearse()
        assert issuer.look_up(mark(OLD)) is not None
    finally:
        server.client.replicaof("NO", "ONE")


def test_nobody_listens() -> None:
    with pytest.raises(Unreachable, match="no connection") as failed:
        reaching(RedisAddress("127.0.0.1", free_port())).issue(KEY, VALUE, None)
    assert not isinstance(failed.value, OutcomeUnknown)


@pytest.mark.parametrize("drop", [b"+", b"*1\r\n"], ids=["one that does not end", "one within the other"])
def test_an_answer_without_an_end_is_cut(drop: bytes) -> None:
    def slowly(line: socket) -> None:
        line.sendall(drop)
        PAUSE.wait(0.02)

    began = time.monotonic()
    with dripping(slowly) as port, pytest.raises(Unreachable) as failed:
        reaching(RedisAddress("127.0.0.1", port), timeout=timedelta(seconds=0.3)).rehearse()
    assert not isinstance(failed.value, OutcomeUnknown)
    assert time.monotonic() - began < 3


VERBS: Mapping[str, Callable[[RedisIssuer], object]] = {
    "issue": lambda issuer: issuer.issue(KEY, VALUE, mark(OLD)),
    "suspend": lambda issuer: issuer.suspend(mark(OLD)),
    "revoke": lambda issuer: issuer.revoke(mark(OLD)),
}


def failure_of(verb: Callable[[RedisIssuer], object], issuer: RedisIssuer) -> KeytuiError | None:
    try:
        verb(issuer)
    except KeytuiError as failed:
        return failed
    return None


@pytest.mark.parametrize(
    ("verb", "fault"),
    [(verb, fault) for verb in VERBS for fault in Fault if fault is not Fault.HELD or verb == "issue"],
)
def test_a_fault_anywhere_leaves_nothing_half_done_and_nothing_untrue(
    server: RedisProcess, verb: str, fault: Fault
) -> None:
    """Whatever turn goes wrong: said to have failed means unchanged, and the same again comes to the right end."""
    sound = reaching(RedisAddress(path=str(server.path)))
    before, unknown = contents(server), 0
    VERBS[verb](sound)
    after = contents(server)
    for turn in range(1, 20):
        server.client.flushall()
        restored(server, before)
        with FaultyLine(server.port) as line:
            line.fail(fault, turn)
            failed = failure_of(VERBS[verb], reaching(RedisAddress("127.0.0.1", line.port), timeout=HURRIED))
            unknown += isinstance(failed, OutcomeUnknown)
            assert said_nothing(failed, OLD, VALUE.reveal())
            assert contents(server) == (before if failed is not None else after) or isinstance(failed, OutcomeUnknown)
            assert contents(server) in (before, after)
            if not line.fired:
                break
        VERBS[verb](sound)
        assert contents(server) == after
    else:
        raise AssertionError("the turns do not end")
    assert turn > 5
    assert unknown in (1, 2), "of the change itself, and of reading it back"


def contents(server: RedisProcess) -> dict[bytes, object]:
    """Everything that a server holds, as something that compares."""
    client = server.client
    return {
        found: frozenset(client.smembers(found)) if client.type(found) == b"set" else client.get(found)
        for found in client.scan_iter()
    }


def restored(server: RedisProcess, before: Mapping[bytes, object]) -> None:
    for found, held in before.items():
        if isinstance(held, frozenset):
            server.client.sadd(found, *held)
        elif isinstance(held, bytes):
            server.client.set(found, held)


@contextmanager
def encrypted(server: RedisProcess, shown: Path) -> Iterator[int]:
    """A line that speaks TLS, before a server that does not: the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    with create_server(("127.0.0.1", 0)) as listening, create_connection(("127.0.0.1", server.port)) as inner:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as outer:
                while asked := outer.recv(65536):
                    inner.sendall(asked)
                    outer.sendall(inner.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def test_an_encrypted_line_is_for_a_certificate_that_is_trusted(server: RedisProcess, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, LOOPBACK)
    with encrypted(server, certificate.shown) as port:
        trusting = reaching(RedisAddress("127.0.0.1", port, encrypted=True), authorities=str(certificate.trusted))
        assert trusting.look_up(mark(OLD)) is not None
    with encrypted(server, certificate.shown) as port, pytest.raises(Unreachable, match="no connection"):
        reaching(RedisAddress("127.0.0.1", port, encrypted=True)).rehearse()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis://127.0.0.1", RedisAddress("127.0.0.1")),
        ("redis://localhost:16379/2", RedisAddress("localhost", 16379, database=2)),
        ("redis://[::1]:1", RedisAddress("::1", 1)),
        ("rediss://redis.example.com", RedisAddress("redis.example.com", encrypted=True)),
        ("unix:///run/redis.sock", RedisAddress(path="/run/redis.sock")),
        ("unix:///run/redis.sock?db=3", RedisAddress(path="/run/redis.sock", database=3)),
    ],
)
def test_addresses(text: str, address: RedisAddress) -> None:
    assert parse_redis_address(text) == address


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({}, "url is missing"),
        ({"url": "redis://redis:6379"}, "url is not encrypted"),
        ({"url": "redis://me:canary@localhost"}, "url holds a credential"),
        ({"url": "redis://localhost?password=canary"}, "url holds a credential"),
        ({"url": "http://localhost"}, "url is not an address of a Redis server"),
        ({"url": "redis://localhost/one"}, "url names no database"),
        ({"url": "redis://localhost:port"}, "url is not an address"),
        ({"url": "unix://run/redis.sock"}, "url is not an address"),
        ({"url": "redis://localhost", "password": "canary"}, "password: a secret is named"),
        ({"url": "redis://localhost", "username": "env:U"}, "password is missing"),
        ({"url": "redis://localhost", "timeout": "1h"}, "timeout is not between"),
        ({"url": "redis://localhost", "fallback": "canary"}, "fallback: a secret is named"),
        ({"url": "redis://localhost", "fallback_file": "/a"}, "fallback_variable is missing"),
        ({"url": "redis://localhost", "fallback_file": "a", "fallback_variable": "A"}, "fallback_file does not say"),
        ({"url": "redis://localhost", "fallback_file": "/a", "fallback_variable": "A-B"}, "fallback_variable: a"),
        (
            {"url": "redis://localhost", "fallback": "env:A", "fallback_file": "/a", "fallback_variable": "A"},
            "fallback is named twice",
        ),
        ({"url": "redis://localhost", "host": "b"}, "has no field 'host'"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(entry: dict[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as wrong:
        redis_issuer("hypercode", Fields("config.toml: [issuers.hypercode]", {"kind": "redis", **entry}), resolve)
    assert "config.toml: [issuers.hypercode] " in wrong.value.message
    assert "canary" not in wrong.value.message + wrong.value.hint


def configured(server: RedisProcess, **entry: object) -> RedisIssuer:
    table = {"kind": "redis", "url": f"unix://{server.path}", **entry}
    return redis_issuer("hypercode", Fields("config.toml: [issuers.hypercode]", table), resolve)


def test_a_fallback_in_a_file_is_compared(server: RedisProcess, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.touch(0o600)
    issuer = configured(server, fallback_file=str(env), fallback_variable="API_KEY")
    assert issuer.rehearse() == ()
    assert issuer.fallbacks(mark(OLD)) == ()
    env.write_text(f"API_KEY='{OLD}'\n")
    assert issuer.fallbacks(mark(OLD)) == (f"API_KEY in {env}",)
    assert issuer.fallbacks(mark(VALUE.reveal())) == ()
    assert "nobody here had its value" in issuer.fallbacks(Mark("", OLD[:12]))[0]
    env.unlink()
    assert "cannot be read" in issuer.fallbacks(mark(OLD))[0]


def test_a_fallback_that_stands_where_keytui_runs_is_compared(server: RedisProcess) -> None:
    issuer = configured(server, fallback="env:PASSWORD")
    assert issuer.fallbacks(mark(OLD)) == ()
    assert issuer.fallbacks(mark(SECRETS["env:PASSWORD"])) == ("env:PASSWORD",)


def test_without_a_fallback_the_rehearsal_says_what_that_means(server: RedisProcess) -> None:
    (said,) = configured(server).rehearse()
    assert "name it as fallback" in said
