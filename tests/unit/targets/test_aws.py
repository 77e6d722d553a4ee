"""A secret in AWS Secrets Manager, on moto's server: put beside, read back, made the one in use, and put back."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping

import pytest

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import Key
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.targets.aws import AwsTarget
from tests.faulty_line import Fault, FaultyLine
from tests.secrets_manager import REGION, SecretsManager, secrets_manager
from tests.unit.targets.answering import answering
from tests.unit.targets.faults import KEY, NEW, NEWER, OLD, fails_well
from tests.world import NOON

CREDENTIAL = "an-access-key-of-a-test"


@pytest.fixture(scope="module")
def server() -> Iterator[SecretsManager]:
    with secrets_manager() as found:
        yield found


@pytest.fixture
def secret_id(server: SecretsManager, request: pytest.FixtureRequest) -> str:
    """The secret of one test, as its consumers have it."""
    name = f"checkout/{request.node.name.replace('[', '-').rstrip(']')}"
    server.create(name, OLD.reveal())
    return name


def built(url: str, secret_id: str, **more: str) -> AwsTarget:
    entry = {
        "kind": "aws",
        "region": REGION,
        "secret_id": secret_id,
        "endpoint_url": url,
        "access_key_id": "env:ID",
        "secret_access_key": "env:KEY",
        **more,
    }
    tables: Mapping[str, Mapping[str, object]] = {"sm": {name: value for name, value in entry.items() if value}}

    def resolve(_reference: Reference) -> Secret:
        return Secret(CREDENTIAL)

    targets: Mapping[str, AwsTarget] = build_connectors("targets", "config.toml", tables, resolve)
    return targets["sm"]


@pytest.fixture
def target(server: SecretsManager, secret_id: str) -> AwsTarget:
    return built(server.url, secret_id)


def test_the_label_moves_and_what_was_in_use_is_kept(server: SecretsManager, target: AwsTarget, secret_id: str) -> None:
    target.rehearse(KEY)
    target.deliver(KEY, 2, NEW)
    assert server.content(secret_id) == NEW.reveal()
    assert server.content(secret_id, "AWSPREVIOUS") == OLD.reveal()
    labels = server.labels(secret_id)
    assert sorted(labels.values(), key=sorted) == [{"AWSCURRENT"}, {"AWSPREVIOUS", "keytui-before-k1"}]
    assert [version[:12] for version, its in labels.items() if "AWSCURRENT" in its] == ["keytui-k1-2-"]


def test_a_secret_without_a_value_gets_its_first(server: SecretsManager) -> None:
    server.create_empty("checkout/first")
    target = built(server.url, "checkout/first")
    target.rehearse(KEY)
    assert target.read_back(KEY) is None
    target.deliver(KEY, 1, NEW)
    assert target.read_back(KEY) == NEW
    with pytest.raises(Refused, match="is not noted"):
        target.roll_back(KEY, 1)


def test_what_was_cut_off_is_taken_up_again(server: SecretsManager, target: AwsTarget, secret_id: str) -> None:
    with FaultyLine(server.port) as line:
        line.fail(Fault.LOST, turn=4)
        with pytest.raises(OutcomeUnknown):
            built(line.url, secret_id).deliver(KEY, 2, NEW)
    assert (server.content(secret_id), server.content(secret_id, "AWSPENDING")) == (OLD.reveal(), NEW.reveal())
    target.rehearse(KEY)
    target.deliver(KEY, 2, NEW)
    assert server.content(secret_id) == NEW.reveal()
    assert len(server.labels(secret_id)) == 2


def test_a_rotation_of_somebody_elses_is_named_and_left_alone(
    server: SecretsManager, target: AwsTarget, secret_id: str
) -> None:
    theirs = server.begin(secret_id, "theirs")
    with pytest.raises(Refused, match=f"its version is {theirs}") as refused:
        target.rehearse(KEY)
    assert "--remove-from-version-id" in refused.value.hint
    with pytest.raises(Refused, match="another rotation is open"):
        target.deliver(KEY, 2, NEW)
    assert (server.content(secret_id), server.content(secret_id, "AWSPENDING")) == (OLD.reveal(), "theirs")


def test_a_newer_version_that_is_under_way_is_not_overtaken(
    server: SecretsManager, target: AwsTarget, secret_id: str
) -> None:
    with FaultyLine(server.port) as line:
        line.fail(Fault.LOST, turn=4)
        with pytest.raises(OutcomeUnknown):
            built(line.url, secret_id).deliver(KEY, 3, NEWER)
    with pytest.raises(Refused, match="holds version 3 already"):
        target.deliver(KEY, 2, NEW)


def test_another_keys_secret_is_refused_before_anything_is_issued(target: AwsTarget) -> None:
    target.deliver(KEY, 2, NEW)
    theirs = Key("k2", "billing", "production", NOON)
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        target.rehearse(theirs)
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        target.deliver(theirs, 7, NEWER)
    assert target.read_back(KEY) == NEW


def test_an_older_version_comes_too_late(target: AwsTarget) -> None:
    target.deliver(KEY, 3, NEWER)
    with pytest.raises(Refused, match="holds version 3 already"):
        target.deliver(KEY, 2, NEW)


def test_it_goes_back_by_the_label_as_often_as_it_is_asked(
    server: SecretsManager, target: AwsTarget, secret_id: str
) -> None:
    target.deliver(KEY, 2, NEW)
    target.roll_back(KEY, 2)
    target.roll_back(KEY, 2)
    assert server.content(secret_id) == OLD.reveal()
    target.deliver(KEY, 2, NEW)
    assert server.content(secret_id) == NEW.reveal()


def test_what_others_made_the_one_in_use_is_not_rolled_back(
    server: SecretsManager, target: AwsTarget, secret_id: str
) -> None:
    target.deliver(KEY, 2, NEW)
    theirs = server.put(secret_id, "theirs")
    with pytest.raises(Refused, match=f"but what is called {theirs} there"):
        target.roll_back(KEY, 2)
    assert server.content(secret_id) == "theirs"


@pytest.fixture
def shared(server: SecretsManager, secret_id: str) -> str:
    """A secret that is a JSON object of several keys."""
    server.put(secret_id, json.dumps({"API_KEY": OLD.reveal(), "OWNER": "ops"}))
    return secret_id


def test_the_fields_beside_it_stay_as_they_are(server: SecretsManager, shared: str) -> None:
    target = built(server.url, shared, field="API_KEY")
    target.rehearse(KEY)
    assert target.read_back(KEY) == OLD
    target.deliver(KEY, 2, NEW)
    held = json.loads(server.content(shared))
    assert (held["API_KEY"], held["OWNER"]) == (NEW.reveal(), "ops")
    target.roll_back(KEY, 2)
    target.roll_back(KEY, 2)
    held = json.loads(server.content(shared))
    assert (held["API_KEY"], held["OWNER"]) == (OLD.reveal(), "ops")


def test_two_keys_share_a_secret(server: SecretsManager, shared: str) -> None:
    target, other = built(server.url, shared, field="API_KEY"), built(server.url, shared, field="BILLING")
    theirs = Key("k2", "billing", "production", NOON)
    target.deliver(KEY, 2, NEW)
    other.deliver(theirs, 5, NEWER)
    target.roll_back(KEY, 2)
    assert (target.read_back(KEY), other.read_back(theirs)) == (OLD, NEWER)
    with pytest.raises(Refused, match="holds the secret of another key, k2"):
        other.deliver(KEY, 3, NEW)
    with pytest.raises(Refused, match="holds version 5 already"):
        other.deliver(theirs, 4, NEW)
    other.roll_back(theirs, 5)
    assert other.read_back(theirs) is None


def test_a_field_that_others_changed_is_not_rolled_back(server: SecretsManager, shared: str) -> None:
    target = built(server.url, shared, field="API_KEY")
    target.deliver(KEY, 2, NEW)
    server.put(shared, json.dumps({**json.loads(server.content(shared)), "API_KEY": "theirs"}))
    with pytest.raises(Refused, match="does not hold version 2"):
        target.roll_back(KEY, 2)


@pytest.mark.parametrize(
    ("content", "complaint"), [("no json", "no JSON object"), ('{"API_KEY": 1}', "no text"), ("[]", "no JSON object")]
)
def test_what_has_no_such_field_is_left_alone(
    server: SecretsManager, secret_id: str, content: str, complaint: str
) -> None:
    server.put(secret_id, content)
    with pytest.raises(Refused, match=complaint):
        built(server.url, secret_id, field="API_KEY").deliver(KEY, 2, NEW)
    assert server.content(secret_id) == content


def test_a_secret_that_is_not_there_is_named(server: SecretsManager) -> None:
    target = built(server.url, "checkout/none")
    with pytest.raises(NotFound, match="ResourceNotFoundException") as missing:
        target.rehearse(KEY)
    assert "make the secret first" in missing.value.hint
    assert target.read_back(KEY) is None


def test_a_secret_that_is_being_deleted_is_told_as_that(
    server: SecretsManager, target: AwsTarget, secret_id: str
) -> None:
    server.delete(secret_id)
    with pytest.raises(Refused, match="marked for deletion"):
        target.rehearse(KEY)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, '{"__type": "ResourceNotFoundException", "Message": "no such secret"}', NotFound),
        (400, '{"__type": "AccessDeniedException", "Message": "not you"}', Refused),
        (400, '{"__type": "ExpiredTokenException", "Message": "too old"}', Refused),
        (400, '{"__type": "ThrottlingException", "Message": "slowly"}', Unreachable),
        (500, '{"__type": "InternalServiceError", "Message": "ours"}', Unreachable),
        (200, "<!nonsense", Unreachable),
        (200, "[]", Unreachable),
    ],
)
def test_what_the_store_answers_is_told(status: int, body: str, error: type[KeytuiError]) -> None:
    with answering(status, body) as url, pytest.raises(error) as caught:
        built(url, "checkout").deliver(KEY, 2, NEW)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="EndpointConnectionError"):
        built("http://127.0.0.1:9", "checkout").rehearse(KEY)


def test_loopback_is_asked_without_a_proxy(target: AwsTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    target.deliver(KEY, 2, NEW)
    assert target.read_back(KEY) == NEW


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST, Fault.JUNK])
def test_whatever_goes_wrong_at_whatever_turn(server: SecretsManager, fault: Fault) -> None:
    with FaultyLine(server.port) as line:
        turns = fails_well(
            built(line.url, "faults/{name}"),
            line,
            fault,
            begin=lambda key: server.create(f"faults/{key.name}", OLD.reveal()),
            stands=lambda key: Secret(server.content(f"faults/{key.name}")),
        )
    assert turns == 8


def test_an_answer_that_never_comes_leaves_the_outcome_unknown(
    server: SecretsManager, target: AwsTarget, secret_id: str
) -> None:
    with FaultyLine(server.port) as line:
        line.fail(Fault.HELD, turn=7)
        with pytest.raises(OutcomeUnknown, match="TimeoutError"):
            built(line.url, secret_id, timeout="1s").deliver(KEY, 2, NEW)
    assert target.read_back(KEY) == NEW


def test_nothing_of_it_is_logged(target: AwsTarget, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        target.deliver(KEY, 2, NEW)
        target.read_back(KEY)
    assert NEW.reveal() not in caplog.text
    assert CREDENTIAL not in caplog.text + repr(target)


def test_without_credentials_it_is_said_what_to_do(
    server: SecretsManager, secret_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(Invalid, match="NoCredentialsError"):
        built(server.url, secret_id, access_key_id="", secret_access_key="").rehearse(KEY)
    with pytest.raises(Invalid, match="ProfileNotFound"):
        built(server.url, secret_id, access_key_id="", secret_access_key="", profile="none").rehearse(KEY)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"region": ""}, "region is missing"),
        ({"endpoint_url": "http://aws.example.com"}, "endpoint_url is not an https"),
        ({"access_key_id": "AKIA0"}, "access_key_id: a secret is named"),
        ({"access_key_id": ""}, "go together"),
        ({"secret": "x"}, "has no field 'secret'"),
    ],
)
def test_what_is_wrong_in_its_table_is_named(more: dict[str, str], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        built("http://127.0.0.1:1", "checkout", **more)
