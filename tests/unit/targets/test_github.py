"""A secret of GitHub Actions, on a double made from recorded exchanges: sealed, sent, and refused in words."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import pytest

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import Key
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.targets.github import GithubTarget
from tests.faulty_line import Fault, FaultyLine
from tests.github_double import ENVIRONMENT, REPOSITORY, TOKEN, Github, github
from tests.unit.targets.answering import answering
from tests.unit.targets.faults import KEY, NEW, NEWER, OLD, fails_well
from tests.world import NOON


@pytest.fixture
def hub() -> Iterator[Github]:
    with github() as found:
        yield found


def built(url: str, opens_it: str = TOKEN, /, **more: str) -> GithubTarget:
    entry = {
        "kind": "github",
        "repository": REPOSITORY,
        "secret": "API_KEY",
        "token": "env:T",
        "url": url,
        **more,
    }
    tables: Mapping[str, Mapping[str, object]] = {"ci": entry}

    def resolve(_reference: Reference) -> Secret:
        return Secret(opens_it)

    targets: Mapping[str, GithubTarget] = build_connectors("targets", "config.toml", tables, resolve)
    return targets["ci"]


def test_a_workflow_reads_what_was_delivered(hub: Github) -> None:
    target = built(hub.url)
    target.rehearse(KEY)
    assert not hub.secrets
    target.deliver(KEY, 2, NEW)
    target.deliver(KEY, 3, NEWER)
    assert hub.secrets == {("", "API_KEY"): NEWER.reveal()}


def test_an_environment_has_secrets_of_its_own(hub: Github) -> None:
    target = built(hub.url, environment=ENVIRONMENT)
    target.rehearse(KEY)
    target.deliver(KEY, 2, NEW)
    assert hub.secrets == {(ENVIRONMENT, "API_KEY"): NEW.reveal()}
    assert target.place(KEY) != built(hub.url).place(KEY)
    with pytest.raises(NotFound, match="404: Not Found"):
        built(hub.url, environment="{environment}").rehearse(KEY)


def test_nobody_reads_it_there_and_nobody_puts_back(hub: Github) -> None:
    target = built(hub.url)
    assert (target.abilities.reads_back, target.abilities.rolls_back) == (False, False)
    with pytest.raises(Refused, match="cannot tell"):
        target.read_back(KEY)
    with pytest.raises(Refused, match="cannot put back"):
        target.roll_back(KEY, 2)


def test_a_key_that_changed_meanwhile_is_asked_for_again(hub: Github) -> None:
    hub.keys_change = 1
    built(hub.url).deliver(KEY, 2, NEW)
    assert hub.secrets == {("", "API_KEY"): NEW.reveal()}
    hub.keys_change = 2
    with pytest.raises(Refused, match="422"):
        built(hub.url).deliver(KEY, 3, NEWER)
    assert hub.secrets == {("", "API_KEY"): NEW.reveal()}


def test_a_token_that_is_none_is_told_and_not_shown(hub: Github) -> None:
    with pytest.raises(Refused, match="401: Bad credentials") as refused:
        built(hub.url, "github_pat_wrong").rehearse(KEY)
    assert "github_pat_wrong" not in f"{refused.value.message} {refused.value.hint}"
    with pytest.raises(Invalid, match="env:T holds nothing that can be sent"):
        built(hub.url, "with\nbreak").deliver(KEY, 2, NEW)


def test_a_repository_that_is_not_there_is_named(hub: Github) -> None:
    with pytest.raises(NotFound, match="example/other: it answered 404"):
        built(hub.url, repository="example/other").rehearse(KEY)


def test_names_that_differ_in_case_alone_have_one_place_as_they_have_there(hub: Github) -> None:
    one, other = (Key(f"k{number}", name, "Production", NOON) for number, name in enumerate(("checkout", "Checkout")))
    target = built(hub.url, secret="{name}", environment="{environment}")
    assert target.place(one) == target.place(other)
    assert target.place(one) != target.place(Key("k3", "checkout_2", "Production", NOON))


@pytest.mark.parametrize("name", ["checkout-api", "1st", "github_token"])
def test_a_name_that_no_secret_can_have_is_refused_before_anything_is_issued(hub: Github, name: str) -> None:
    key = Key("k1", name, "production", NOON)
    target = built(hub.url, secret="{name}")
    with pytest.raises(Refused, match="is no name"):
        target.rehearse(key)
    with pytest.raises(Refused, match="is no name"):
        target.deliver(key, 2, NEW)


@pytest.mark.parametrize(
    ("status", "headers", "error", "told"),
    [
        (301, {"Location": "https://elsewhere.example"}, Refused, "leads elsewhere"),
        (403, {}, Refused, "403: not so"),
        (403, {"Retry-After": "60"}, Unreachable, "left alone for 60 s"),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795217312"}, Unreachable, "until 23:28:32 UTC"),
        (429, {}, Unreachable, "429"),
        (503, {}, Unreachable, "503"),
        (200, {}, Unreachable, "no public key"),
    ],
)
def test_what_github_answers_is_told(status: int, headers: dict[str, str], error: type[KeytuiError], told: str) -> None:
    with answering(status, '{"message": "not so", "key": "AAAA", "key_id": "1"}', headers) as url:
        with pytest.raises(error, match=told) as caught:
            built(url).deliver(KEY, 2, NEW)
        assert not isinstance(caught.value, OutcomeUnknown)


def test_what_github_says_back_does_not_show_the_token() -> None:
    with answering(403, f'{{"message": "{TOKEN} is not for you \\u001b[31m"}}') as url:
        with pytest.raises(Refused, match="is not for you") as refused:
            built(url).rehearse(KEY)
        assert TOKEN not in refused.value.message
        assert "\x1b" not in refused.value.message


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="ConnectError"):
        built("http://127.0.0.1:9").rehearse(KEY)


def test_loopback_is_asked_without_a_proxy(hub: Github, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    built(hub.url).deliver(KEY, 2, NEW)
    assert hub.secrets == {("", "API_KEY"): NEW.reveal()}


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST, Fault.JUNK])
def test_whatever_goes_wrong_at_whatever_turn(hub: Github, fault: Fault) -> None:
    def begin(_key: Key) -> None:
        hub.secrets["", "API_KEY"] = OLD.reveal()

    with FaultyLine(hub.port) as line:
        turns = fails_well(built(line.url), line, fault, begin, lambda _key: Secret(hub.secrets["", "API_KEY"]))
    assert turns == 2


def test_an_answer_that_never_comes_leaves_the_outcome_unknown(hub: Github) -> None:
    with FaultyLine(hub.port) as line:
        line.fail(Fault.HELD, turn=2)
        with pytest.raises(OutcomeUnknown):
            built(line.url, timeout="1s").deliver(KEY, 2, NEW)
    assert hub.secrets == {("", "API_KEY"): NEW.reveal()}


def test_nothing_of_it_is_logged(hub: Github, caplog: pytest.LogCaptureFixture) -> None:
    target = built(hub.url)
    with caplog.at_level(logging.DEBUG):
        target.deliver(KEY, 2, NEW)
    assert not [secret for secret in (NEW.reveal(), TOKEN) if secret in caplog.text + repr(target)]


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"repository": "checkout"}, "repository is no repository"),
        ({"repository": "../checkout"}, "repository is no repository"),
        ({"secret": ""}, "secret is missing"),
        ({"token": "ghp_plain"}, "token: a secret is named"),
        ({"url": "http://github.example.com/api/v3"}, "url is not an https"),
        ({"owner": "x"}, "has no field 'owner'"),
    ],
)
def test_what_is_wrong_in_its_table_is_named(more: dict[str, str], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        built("http://127.0.0.1:1", **more)


def test_github_itself_is_asked_where_no_other_is_named() -> None:
    fields = {"kind": "github", "repository": REPOSITORY, "secret": "API_KEY", "token": "env:T"}
    targets: Mapping[str, GithubTarget] = build_connectors("targets", "c", {"ci": fields}, lambda _: Secret(TOKEN))
    assert targets["ci"].place(KEY) == f"https://api.github.com {REPOSITORY} API_KEY"
