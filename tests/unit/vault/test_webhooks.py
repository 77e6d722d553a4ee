"""The outbox: what webhooks are told, once, until they took it, and no secret that outlives its way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifying

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.domain.incidents import Closing, IncidentDraft
from keytui.domain.keys import KeyDraft
from keytui.domain.references import Place, Reference
from keytui.domain.rotation import Plan, Reason, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller, Flush, Use
from keytui.domain.webhooks import CLAIMED_FOR, KEPT, UNSERVED, Message, MessageState, Topic
from keytui.targets.webhook import Way
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.local.webhooks.outbox import Outbox
from keytui.vault.profile import Profile
from keytui.vault.webhook_delivery import Posting, Sent, deliver_due, post_test
from keytui.vault.webhook_settings import Webhook
from tests.webhook_receiver import NAME, SECRET, Receiver, certificates, receiving
from tests.world import StoppedClock, repeatable_randomness

SECONDS = timedelta(seconds=1)
NAMED = Reference(Place.ENV, "HOOK")


@dataclass
class Team:
    """A vault that tells one webhook, a real server on this machine."""

    profile: Profile
    clock: StoppedClock
    receiver: Receiver
    webhook: Webhook
    way: Way = field(default_factory=lambda: Way(allow_private=True, timeout=5))
    secret: str = SECRET
    _opened: list[LocalVault] = field(default_factory=list)

    def open(self, **changed: object) -> LocalVault:
        self.webhook = replace(self.webhook, **changed)  # type: ignore[arg-type]  # by name
        outbox = Outbox((self.webhook,), self.resolve)
        vault = LocalVault.open(self.profile, clock=self.clock, randomness=repeatable_randomness(), outbox=outbox)
        self._opened.append(vault)
        return vault

    def resolve(self, reference: Reference) -> Secret:
        if not self.secret:
            raise Invalid(f"{reference} gives nothing", "set it")
        return Secret(self.secret)

    def deliver(self, vault: LocalVault) -> tuple[Sent, ...]:
        return deliver_due(vault, [self.webhook], self.posting)

    @property
    def posting(self) -> Posting:
        return Posting(self.resolve, self.clock, self.way)

    @property
    def told(self) -> list[dict[str, object]]:
        return [json.loads(body) for body in self.receiver.bodies]

    def close(self) -> None:
        for vault in self._opened:
            vault.close()


@pytest.fixture
def team(profile: Profile, clock: StoppedClock) -> Iterator[Team]:
    with receiving() as receiver:
        made = Team(profile, clock, receiver, Webhook("team", receiver.url, NAMED, allow_private=True))
        yield made
        made.close()


def created(vault: LocalVault, name: str = "checkout", environment: str = "production") -> str:
    return vault.create(KeyDraft(name, environment), name).key.id


def rotated(vault: LocalVault, key_id: str, strategy: Strategy = Strategy.ROLLING) -> tuple[int, Secret]:
    rotation = vault.plan(key_id, Plan(strategy), f"plan {key_id}")
    return rotation.id, vault.issue(rotation.id).secret


def completed(team: Team, vault: LocalVault, number: int) -> None:
    """A rotation that was handed over, to its end."""
    team.clock.advance(timedelta(hours=1))
    vault.retire(number, "nobody uses it")
    vault.complete(number, "nobody misses it")


def newest(vault: LocalVault) -> Message:
    return vault.messages()[0]


def test_a_rotation_is_told_step_by_step_with_fingerprints(team: Team) -> None:
    vault = team.open(topics=frozenset({Topic.ROTATION}))
    key_id = created(vault)
    number, secret = rotated(vault, key_id)
    vault.prove(number, secret)
    assert [sent.failure for sent in team.deliver(vault)] == ["", ""]

    issued, delivered = team.told
    new, old = vault.detail(key_id).versions
    assert (issued["type"], delivered["type"]) == ("rotation.issued", "rotation.delivered")
    assert (issued["old_key"], issued["new_key"]) == (old.fingerprint, new.fingerprint)
    assert issued["timestamp"] == "2026-11-20T12:00:00.000000Z"
    assert issued["data"] == {
        "key_id": key_id,
        "key": "checkout",
        "environment": "production",
        "tenant": "",
        "rotation": number,
        "old_version": 1,
        "new_version": 2,
    }
    assert secret.reveal() not in "".join(team.receiver.bodies)
    assert len(set(team.receiver.ids)) == 2
    assert team.deliver(vault) == ()


def test_what_is_told_verifies(team: Team) -> None:
    vault = team.open()
    team.clock.now = team.clock.now.now(team.clock.now.tzinfo)  # the library's own check knows no other clock
    rotated(vault, created(vault))
    team.deliver(vault)
    Verifying(SECRET).verify(team.receiver.bodies[0], team.receiver.headers[0])


@pytest.mark.parametrize(
    ("strategy", "end", "told"),
    [
        (Strategy.ROLLING, "key", ["key.revoked"]),
        (Strategy.ROLLING, "complete", ["rotation.completed"]),
        (Strategy.ROLLING, "rollback", ["rotation.rolled-back"]),
        (Strategy.IMMEDIATE, "", ["rotation.issued"]),
    ],
)
def test_whatever_ends_for_good_is_told_as_a_revocation(
    team: Team, strategy: Strategy, end: str, told: list[str]
) -> None:
    vault = team.open(topics=frozenset({Topic.REVOCATION}))
    key_id = created(vault)
    number, secret = rotated(vault, key_id, strategy)
    if end:
        vault.prove(number, secret)
    if end == "complete":
        vault.retire(number, "so")
        vault.complete(number, "so")
    elif end == "rollback":
        vault.rollback(number, "")
    elif end == "key":
        vault.revoke(key_id, None, Reason.COMPROMISE, "")
    team.deliver(vault)
    assert [message["type"] for message in team.told] == told
    assert team.told[0]["old_key"]


def test_an_incident_is_told_of_each_of_its_keys_and_not_what_is_written_in_it(team: Team) -> None:
    vault = team.open(topics=frozenset({Topic.INCIDENT}), environments=frozenset({"production"}))
    ids = [created(vault), created(vault, "billing"), created(vault, "trial", "staging")]
    incident = vault.open_incident(IncidentDraft("found on ada's laptop", tuple(ids)))
    vault.note_incident(incident.id, "wiped")
    vault.close_incident(incident.id, Closing("a laptop", "rotated", "encrypt disks", "nobody calls here"))
    team.deliver(vault)

    assert [(told["type"], told["data"]) for told in team.told] == [
        (
            type_,
            {
                "key_id": key_id,
                "key": name,
                "environment": "production",
                "tenant": "",
                "rotation": None,
                "old_version": 1,
                "new_version": None,
                "incident": incident.id,
            },
        )
        for type_ in ("incident.opened", "incident.closed")
        for name, key_id in (("billing", ids[1]), ("checkout", ids[0]))
    ]
    assert "laptop" not in "".join(team.receiver.bodies)


def test_only_what_a_webhook_wants_is_written(team: Team) -> None:
    vault = team.open(topics=frozenset({Topic.ROTATION}), environments=frozenset({"production"}))
    rotated(vault, created(vault, "elsewhere", "staging"))
    vault.revoke(created(vault, "revoked"), None, Reason.LEAVER, "")
    assert vault.messages() == ()
    rotated(vault, created(vault))
    assert newest(vault).type == "rotation.issued"


def test_what_was_undone_is_not_told(team: Team) -> None:
    vault = team.open()
    key_id = created(vault)
    number, _ = rotated(vault, key_id)
    with pytest.raises(Refused):
        vault.prove(number, Secret("tk_something_else"))
    assert [message.type for message in vault.messages()] == ["rotation.issued"]


def test_an_alert_is_told_until_somebody_has_seen_it(team: Team) -> None:
    vault = team.open(topics=frozenset({Topic.ALERT}))
    draft = KeyDraft("ends", "production", expires_at=team.clock() + timedelta(days=3))
    vault.create(draft, "ends")
    (alert,) = vault.tend()
    team.receiver.answers = [(500, {})]
    team.deliver(vault)
    assert vault.alerts()[0].unsent == "webhook team: it answered 500"

    vault.acknowledge(alert.id, "renewed tomorrow")
    team.clock.advance(timedelta(days=1))
    assert team.deliver(vault) == ()
    assert newest(vault).state is MessageState.DROPPED
    (told,) = team.told
    assert (told["type"], told["data"]["kind"]) == ("alert.opened", "expiring")  # type: ignore[index]  # JSON


def test_a_person_who_is_erased_is_in_no_message_either(team: Team) -> None:
    vault = team.open(topics=frozenset({Topic.ALERT}))
    feed = LocalFeed.open(team.profile, team.clock)
    feed.register("r", "api-1", "host", 1)
    now = team.clock()
    refused = Use(created(vault), 1, Caller.undeclared("203.0.113.9", "curl/8"), now, now, now, 0, 90)
    feed.record(Flush("r", 1, now, (refused,)))
    feed.close()
    vault.tend()
    assert b"203.0.113.9" in _body(team.profile)
    vault.erase("203.0.113.9")
    assert b"203.0.113.9" not in _body(team.profile)
    team.deliver(vault)
    assert team.told[0]["type"] == "alert.opened"


class TestTrying:
    def test_it_follows_the_schedule_and_ends_with_it(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        team.receiver.answers = [(500, {})]
        pauses = []
        while True:
            assert len(team.deliver(vault)) == 1
            message = newest(vault)
            if message.state is not MessageState.WAITING:
                break
            pauses.append((message.next_at - team.clock()) // SECONDS)
            team.clock.advance(message.next_at - team.clock() - SECONDS)
            assert team.deliver(vault) == ()
            team.clock.advance(SECONDS)
        assert pauses == [5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))]
        assert (message.state, message.attempts, message.detail) == (MessageState.FAILED, 10, "it answered 500")
        assert len(set(team.receiver.ids)) == 1

    def test_one_that_is_taken_late_is_told_once(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        team.receiver.answers = [(503, {}), (204, {})]
        team.deliver(vault)
        team.clock.advance(timedelta(minutes=1))
        assert [sent.failure for sent in team.deliver(vault)] == [""]
        assert newest(vault).state is MessageState.SENT
        assert (len(team.receiver.ids), len(set(team.receiver.ids))) == (2, 1)

    def test_a_try_that_a_clock_a_year_ahead_has_put_off_does_not_wait_for_the_year(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        team.receiver.answers = [(500, {}), (204, {})]
        team.clock.advance(timedelta(days=365))
        assert [bool(sent.failure) for sent in team.deliver(vault)] == [True]
        team.clock.advance(timedelta(days=-365))
        assert [sent.failure for sent in team.deliver(vault)] == [""]

    def test_a_pause_of_a_whole_day_is_kept_to_by_a_clock_that_is_a_little_behind(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        team.receiver.answers = [(429, {"Retry-After": str(24 * 3600)}), (500, {})]
        assert len(team.deliver(vault)) == 1
        team.clock.advance(-timedelta(milliseconds=1))
        assert team.deliver(vault) == ()
        assert (newest(vault).attempts, newest(vault).state) == (1, MessageState.WAITING)

    def test_retry_after_is_kept_to_for_every_message(self, team: Team) -> None:
        vault = team.open()
        for name in ("one", "two"):
            rotated(vault, created(vault, name))
        team.receiver.answers = [(429, {"Retry-After": "7200"}), (204, {})]
        assert len(team.deliver(vault)) == 1
        team.clock.advance(timedelta(seconds=7199))
        assert team.deliver(vault) == ()
        team.clock.advance(SECONDS)
        assert len(team.deliver(vault)) == 2

    def test_410_ends_it_until_somebody_enables_it(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        team.receiver.answers = [(410, {}), (204, {})]
        team.deliver(vault)
        rotated(vault, created(vault, "later"))
        assert len(vault.messages()) == 1
        (standing,) = vault.webhooks()
        assert (standing.disabled_at, standing.failed) == (team.clock(), 1)

        vault.enable_webhook("team")
        rotated(vault, created(vault, "latest"))
        assert [sent.failure for sent in team.deliver(vault)] == [""]
        types = [entry.event.type for entry in vault.audit(AuditFilter(type="webhook"), 0, 9).entries]
        assert types == ["webhook.enabled", "webhook.disabled"]
        with pytest.raises(Refused):
            vault.enable_webhook("team")

    def test_a_webhook_that_is_down_is_left_alone_after_three_failures(self, team: Team) -> None:
        vault = team.open()
        for number in range(5):
            rotated(vault, created(vault, f"key-{number}"))
        team.receiver.answers = [(500, {})]
        assert len(team.deliver(vault)) == 3

    def test_a_process_that_died_while_it_sent_is_followed_by_another(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        first = vault.claim_message("team")
        assert vault.claim_message("team") is None
        team.clock.advance(CLAIMED_FOR)
        assert vault.claim_message("team") == first

    def test_many_who_send_at_once_send_each_message_once(self, team: Team) -> None:
        vault = team.open()
        for number in range(6):
            rotated(vault, created(vault, f"key-{number}"))
        runs = [lambda: len(team.deliver(vault))] * 4
        with ThreadPoolExecutor(4) as threads:
            sent = sum(threads.map(lambda run: run(), runs))
        assert (sent, len(set(team.receiver.ids)), len(team.receiver.ids)) == (6, 6, 6)

    def test_each_webhook_has_its_own_copy(self, team: Team) -> None:
        with receiving() as other:
            webhooks = (team.webhook, Webhook("other", other.url, NAMED, allow_private=True))
            outbox = Outbox(webhooks, team.resolve)
            vault = LocalVault.open(team.profile, clock=team.clock, outbox=outbox)
            rotated(vault, created(vault))
            sent = deliver_due(vault, webhooks, team.posting)
            vault.close()
        assert {one.webhook for one in sent} == {"team", "other"}
        assert team.receiver.bodies == other.bodies

    def test_it_is_sent_again_by_hand(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        team.deliver(vault)
        vault.redeliver(newest(vault).id)
        team.deliver(vault)
        assert team.receiver.bodies[0] == team.receiver.bodies[1]
        with pytest.raises(NotFound):
            vault.redeliver(4711)

    def test_old_ones_are_forgotten(self, team: Team) -> None:
        vault = team.open(topics=frozenset({Topic.ROTATION}))
        rotated(vault, created(vault))
        team.clock.advance(KEPT + SECONDS)
        vault.tend()
        assert vault.messages() == ()

    def test_a_secret_that_cannot_be_read_is_a_failure_and_tried_again(self, team: Team) -> None:
        vault = team.open()
        rotated(vault, created(vault))
        team.secret = ""
        assert [sent.failure for sent in team.deliver(vault)] == ["env:HOOK gives nothing"]
        assert team.receiver.paths == []

    def test_one_that_says_nothing_is_sent_at_once(self, team: Team) -> None:
        vault = team.open()
        assert post_test(team.webhook, "test-1", team.posting).status == 204
        assert (team.told[0]["type"], vault.messages()) == ("webhook.test", ())


class TestPlaintext:
    @pytest.fixture
    def trusted(self, profile: Profile, clock: StoppedClock, tmp_path: Path) -> Iterator[Team]:
        server, client = certificates(tmp_path)
        with receiving(server) as receiver:
            webhook = Webhook("team", receiver.named_url, NAMED, allow_private=True, plaintext=True)
            way = Way(resolver=lambda host, port: ("127.0.0.1",) if host == NAME else (), certificates=client)
            made = Team(profile, clock, receiver, webhook, way)
            yield made
            made.close()

    def test_the_new_secret_is_told_and_lies_nowhere_afterwards(self, trusted: Team) -> None:
        vault = trusted.open()
        _, secret = rotated(vault, created(vault))
        assert newest(vault).plaintext
        assert not _stands_in_file(trusted.profile, secret)
        assert [sent.failure for sent in trusted.deliver(vault)] == [""]
        assert trusted.told[0]["new_secret"] == secret.reveal()
        assert _body(trusted.profile) == b""
        with pytest.raises(Refused, match="carried a secret"):
            vault.redeliver(newest(vault).id)

    def test_only_the_webhooks_own_secret_opens_it(self, trusted: Team) -> None:
        vault = trusted.open()
        rotated(vault, created(vault))
        trusted.secret = SECRET.replace("A", "B", 1)
        (sent,) = trusted.deliver(vault)
        assert "sealed under another secret" in sent.failure
        assert trusted.receiver.paths == []

    def test_it_is_wiped_when_nobody_takes_it(self, trusted: Team) -> None:
        vault = trusted.open()
        rotated(vault, created(vault))
        trusted.receiver.answers = [(410, {})]
        trusted.deliver(vault)
        assert newest(vault).state is MessageState.FAILED
        assert _body(trusted.profile) == b""

    def test_it_is_wiped_with_all_others_once_the_webhook_wants_no_more(self, trusted: Team) -> None:
        vault = trusted.open()
        for name in ("checkout", "billing"):
            rotated(vault, created(vault, name))
        trusted.receiver.answers = [(410, {})]
        trusted.deliver(vault)
        assert [(one.state, one.detail) for one in vault.messages()] == [
            (MessageState.FAILED, newest(vault).detail)
        ] * 2
        assert set(_bodies(trusted.profile)) == {b""}

    def test_it_is_wiped_when_nobody_serves_its_webhook(self, trusted: Team) -> None:
        vault = trusted.open()
        rotated(vault, created(vault))
        trusted.clock.advance(UNSERVED)
        vault.tend()
        assert newest(vault).state is MessageState.WAITING
        trusted.clock.advance(timedelta(hours=1))
        vault.tend()
        assert newest(vault).state is MessageState.FAILED
        assert _body(trusted.profile) == b""

    def test_a_secret_that_was_issued_anew_does_not_arrive_last(self, trusted: Team) -> None:
        vault = trusted.open(topics=frozenset({Topic.ROTATION}))
        number, _ = rotated(vault, created(vault))
        trusted.receiver.answers = [(500, {})]
        trusted.deliver(vault)
        second = vault.reissue(number).secret
        assert _bodies(trusted.profile).count(b"") == 1
        trusted.clock.advance(timedelta(minutes=10))
        trusted.deliver(vault)
        told = [one.get("new_secret") for one in trusted.told[1:]]
        assert told == [second.reveal()]

    @pytest.mark.parametrize("how", ["abandon", "rollback", "complete the next", "revoke the key"])
    def test_a_secret_that_was_revoked_is_told_nobody_any_more(self, trusted: Team, how: str) -> None:
        vault = trusted.open()
        key_id = created(vault)
        number, secret = rotated(vault, key_id)
        if how == "abandon":
            vault.abandon(number, "not now")
        elif how == "revoke the key":
            vault.revoke(key_id, None, Reason.LEAVER, "")
        else:
            vault.prove(number, secret)
            if how == "rollback":
                vault.rollback(number, "it is broken")
            else:
                completed(trusted, vault, number)
                vault.issue(vault.plan(key_id, Plan(Strategy.IMMEDIATE), "next").id)
        trusted.deliver(vault)
        told = [one for one in trusted.told if one.get("new_secret") == secret.reveal()]
        assert (told, vault.messages()[-1].state) == ([], MessageState.DROPPED)

    def test_the_secret_of_a_version_that_still_works_stays(self, trusted: Team) -> None:
        vault = trusted.open(topics=frozenset({Topic.ROTATION}))
        key_id = created(vault)
        number, secret = rotated(vault, key_id)
        vault.prove(number, secret)
        completed(trusted, vault, number)
        next_one = vault.plan(key_id, Plan(), "next")
        vault.issue(next_one.id)
        vault.abandon(next_one.id, "not now")
        trusted.deliver(vault)
        assert [one["new_secret"] for one in trusted.told if "new_secret" in one] == [secret.reveal()]

    def test_a_rotation_is_not_held_up_by_it(self, trusted: Team) -> None:
        vault = trusted.open()
        trusted.secret = ""
        rotated(vault, created(vault))
        message = newest(vault)
        assert (message.state, message.plaintext) == (MessageState.WAITING, False)
        assert "the new secret is not in it" in message.detail

        trusted.secret = SECRET
        assert [sent.failure for sent in trusted.deliver(vault)] == [""]
        (told,) = trusted.told
        assert (told["type"], told["new_secret"]) == ("rotation.issued", None)
        assert told["new_key"]


def _body(profile: Profile) -> bytes:
    return _bodies(profile)[0]


def _bodies(profile: Profile) -> list[bytes]:
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        return [body for (body,) in database.execute("SELECT body FROM messages ORDER BY id")]


def _stands_in_file(profile: Profile, secret: Secret) -> bool:
    return any(secret.reveal().encode() in path.read_bytes() for path in profile.directory.glob("vault.db*"))
