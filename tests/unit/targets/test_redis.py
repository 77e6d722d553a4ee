"""A key in Redis, on a real redis-server: set where nobody came between, noted, put back, and refused in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid, OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import Key
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.targets.redis import RedisTarget
from tests.faulty_line import Fault, FaultyLine
from tests.redis_server import RedisProcess, free_port, redis_server
from tests.unit.targets.faults import KEY, NEW, NEWER, OLD, fails_well
from tests.world import NOON

PASSWORD = "a-password-of-a-test"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with redis_server(tmp_path_factory.mktemp("redis"), port=free_port()) as found:
        yield found


@pytest.fixture
def store(process: RedisProcess) -> Iterator[redis.Redis]:
    """What everybody else does there; empty at first."""
    with process.client as client:
        client.flushall()
        yield client


def built(url: str, **more: object) -> RedisTarget:
    entry: Mapping[str, object] = {"kind": "redis", "url": url, "key": "app:{name}", **more}

    def resolve(_reference: Reference) -> Secret:
        return Secret(PASSWORD)

    targets: Mapping[str, RedisTarget] = build_connectors("targets", "config.toml", {"cache": entry}, resolve)
    return targets["cache"]


@pytest.fixture
def target(process: RedisProcess) -> RedisTarget:
    return built(f"unix://{process.path}")


@pytest.mark.usefixtures("store")
def test_a_place_that_is_empty_is_filled_and_emptied_again(target: RedisTarget) -> None:
    target.rehearse(KEY)
    assert target.read_back(KEY) is None
    target.deliver(KEY, 1, NEW)
    assert target.read_back(KEY) == NEW
    target.roll_back(KEY, 1)
    assert target.read_back(KEY) is None


def test_it_stays_for_as_long_as_what_stood_there(target: RedisTarget, store: redis.Redis) -> None:
    store.set("app:checkout", OLD.reveal(), ex=1000)
    target.deliver(KEY, 2, NEW)
    assert 900 < int(str(store.ttl("app:checkout"))) <= 1000
    target.roll_back(KEY, 2)
    assert 900 < int(str(store.ttl("app:checkout"))) <= 1000
    assert target.read_back(KEY) == OLD


def test_the_fields_beside_it_stay_as_they_are(process: RedisProcess, store: redis.Redis) -> None:
    target = built(f"unix://{process.path}", field="API_KEY")
    store.hset("app:checkout", mapping={"API_KEY": OLD.reveal(), "OWNER": "ops"})
    target.rehearse(KEY)
    target.deliver(KEY, 2, NEW)
    assert store.hgetall("app:checkout") == {b"API_KEY": NEW.reveal().encode(), b"OWNER": b"ops"}
    target.roll_back(KEY, 2)
    assert store.hgetall("app:checkout") == {b"API_KEY": OLD.reveal().encode(), b"OWNER": b"ops"}


@pytest.mark.usefixtures("store")
def test_another_keys_place_is_refused_before_anything_is_issued(target: RedisTarget) -> None:
    target.deliver(KEY, 2, NEW)
    theirs = Key("k2", KEY.name, "staging", NOON)
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        target.rehearse(theirs)
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        target.deliver(theirs, 7, NEWER)
    assert target.read_back(KEY) == NEW


@pytest.mark.usefixtures("store")
def test_an_older_version_comes_too_late(target: RedisTarget) -> None:
    target.deliver(KEY, 3, NEWER)
    with pytest.raises(Refused, match="holds version 3 already"):
        target.deliver(KEY, 2, NEW)


def test_it_does_not_roll_back_what_others_put_there(target: RedisTarget, store: redis.Redis) -> None:
    target.deliver(KEY, 2, NEW)
    store.set("app:checkout", "theirs")
    with pytest.raises(Refused, match="something else by now"):
        target.roll_back(KEY, 2)
    assert store.get("app:checkout") == b"theirs"


def test_what_others_write_meanwhile_is_looked_at_anew(
    process: RedisProcess, store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and writing somebody else writes: once, then always."""
    target = built(f"unix://{process.path}")
    looked, meddles = RedisTarget._standing, [True, False]

    def meddled(self: RedisTarget, line: object, key: Key) -> object:
        standing = looked(self, line, key)  # type: ignore[arg-type]  # passed on as it came
        if not meddles or meddles.pop(0):
            store.append("app:checkout", "x")
        return standing

    monkeypatch.setattr(RedisTarget, "_standing", meddled)
    target.deliver(KEY, 2, NEW)
    assert store.get("app:checkout") == NEW.reveal().encode()
    assert store.hget("app:checkout:keytui", "before") == b"x"
    with pytest.raises(Refused, match="somebody else keeps writing"):
        target.deliver(KEY, 3, NEWER)


@pytest.mark.parametrize("field", ["", "API_KEY"])
def test_what_is_of_another_type_is_left_alone(process: RedisProcess, store: redis.Redis, field: str) -> None:
    store.sadd("app:checkout", "a")
    with pytest.raises(Refused, match="is neither free nor"):
        built(f"unix://{process.path}", field=field).rehearse(KEY)
    assert store.smembers("app:checkout") == {b"a"}


def test_what_is_no_text_is_left_alone(target: RedisTarget, store: redis.Redis) -> None:
    store.set("app:checkout", b"\xff\xfe")
    with pytest.raises(Refused, match="no text"):
        target.deliver(KEY, 2, NEW)


def test_a_password_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    with redis_server(tmp_path, {"requirepass": PASSWORD}) as process:
        url = f"unix://{process.path}"
        built(url, password="env:P").deliver(KEY, 2, NEW)
        assert PASSWORD not in repr(built(url, password="env:P"))
        with pytest.raises(Refused, match="target cache: Redis at"):
            built(url).rehearse(KEY)


def test_a_replica_is_told_beforehand(tmp_path: Path) -> None:
    with redis_server(tmp_path) as process, process.client as client:
        client.replicaof("127.0.0.1", "9")
        target = built(f"unix://{process.path}")
        with pytest.raises(Refused, match=r"target cache: .*replica"):
            target.rehearse(KEY)
        with pytest.raises(Refused, match="replica"):
            target.deliver(KEY, 2, NEW)


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"target cache: .*does not answer") as caught:
        built("redis://127.0.0.1:9").deliver(KEY, 2, NEW)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST, Fault.JUNK])
def test_whatever_goes_wrong_at_whatever_turn(process: RedisProcess, store: redis.Redis, fault: Fault) -> None:
    def begin(key: Key) -> None:
        store.set(f"app:{key.name}", OLD.reveal())

    def stands(key: Key) -> Secret:
        found = store.get(f"app:{key.name}")
        assert isinstance(found, bytes)
        return Secret(found.decode())

    with FaultyLine(process.port) as line:
        assert fails_well(built(f"redis://127.0.0.1:{line.port}"), line, fault, begin, stands) >= 5


def test_an_answer_that_never_comes_leaves_the_outcome_unknown(process: RedisProcess, store: redis.Redis) -> None:
    store.set("app:checkout", OLD.reveal())
    with FaultyLine(process.port) as line:
        target = built(f"redis://127.0.0.1:{line.port}", timeout="1s")
        target.deliver(KEY, 2, NEW)
        line.fail(Fault.HELD, turn=line.turns)  # the last one, by which it is written
        with pytest.raises(OutcomeUnknown):
            target.deliver(KEY, 3, NEWER)
        assert target.read_back(KEY) == NEWER


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"key": ""}, "key is missing"),
        ({"password": "plain"}, "password: a secret is named"),
        ({"username": "env:U"}, "password is missing"),
        ({"certificates": "ca.pem"}, "certificates does not say from where"),
        ({"ttl": 5}, "has no field 'ttl'"),
    ],
)
def test_what_is_wrong_in_its_table_is_named(more: dict[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        built("redis://127.0.0.1:1", **more)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "url is missing"),
        ("redis://cache.example.com", "url is not encrypted"),
        ("rediss://:a-word@cache.example.com", "url holds a credential"),
    ],
)
def test_an_address_that_others_could_listen_to_is_refused(url: str, complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as wrong:
        built(url)
    assert "a-word" not in wrong.value.message
