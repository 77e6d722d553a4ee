"""A recorder, a log and counters over the same days: what they say together, and what each one's absence means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.keys import Key
from keytui.domain.reports import Report, SourceKind
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.usage import NO_KEY, UNKNOWN_CALLER, Caller, Use
from keytui.domain.verdict import Assessment, Finding, Verdict
from keytui.vault.model import Delivery
from tests.contract.acts import HOUR, LEFT, Reporter, created, handed_over, use
from tests.contract.conftest import MAKERS, House

RECORDER, LOG, COUNTERS, SENTRY = "recorder api-1", "log edge", "prometheus", "sentry"
KINDS = {LOG: SourceKind.ACCESS_LOG, COUNTERS: SourceKind.COUNTERS, SENTRY: SourceKind.REFUSALS}
EVERYBODY = {"web": 1, "worker": 1}
MINUTE = timedelta(minutes=1)


class Site:
    """Hours that pass while callers send a request each, and every source tells of them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.key: Key = created(house.vault).key
        self.sources = [RECORDER, LOG, COUNTERS]
        self.forgeable: set[str] = set()
        self._began = house.clock()
        self._recorder: Reporter | None = None

    def pass_(self, hours: int, callers: Mapping[str, int], **instead: Mapping[str, int]) -> None:
        """Each caller uses the version that is named for it; `instead` is what one source sees, by its first word.

        The recorder flushes by the hour; the others tell of all of it at the end.
        """
        uses: dict[str, list[Use]] = {source: [] for source in self.sources}
        for _ in range(hours):
            self.house.clock.advance(HOUR)
            for source in self.sources:
                uses[source] += self._uses(instead.get(source.split()[0], callers))
            if RECORDER in self.sources:
                self._flush(*uses[RECORDER][-len(callers) :])
        for source in self.sources:
            if source != RECORDER:
                self.tell(source, {}, uses=tuple(uses[source]))

    def tell(self, source: str, callers: Mapping[str, int], **rest: object) -> None:
        """One source's word, up to now."""
        now, uses = self.house.clock(), self._uses(callers)
        if source == RECORDER:
            self._flush(*uses)
        else:
            report = Report(source, KINDS[source], self._began, now, uses, forgeable=source in self.forgeable)
            self.house.vault.witness(replace(report, **rest))  # type: ignore[arg-type]  # tests name the fields they mean

    def _uses(self, callers: Mapping[str, int]) -> tuple[Use, ...]:
        return tuple(use(self.key.id, version, self.house.clock(), name) for name, version in callers.items())

    def _flush(self, *uses: Use) -> None:
        self._recorder = self._recorder or Reporter(self.house.sink)
        self._recorder.flush(self.house.clock(), *uses)

    def rotated(self) -> Rotation:
        """The key's rotation, handed over now, without the secret having been proven by anybody's paste."""
        return handed_over(self.house.vault, self.key.id)[0]

    def moved(self) -> Rotation:
        """A day and two hours on the old version, and as long on the new."""
        self.pass_(26, EVERYBODY)
        rotation = self.rotated()
        self.pass_(LEFT, {"web": 2, "worker": 2})
        return rotation

    def verdict(self, rotation: Rotation) -> Assessment:
        return self.house.vault.verdict(rotation.id)

    def against(self, rotation: Rotation) -> Finding:
        """The one thing that speaks against SAFE."""
        (found,) = self.verdict(rotation).reasons
        return found


@pytest.fixture(params=["local"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """One vault: what sources say together is judged from what it holds, and `test_witness` and `test_verdict` hold
    every vault to what that is. Days of three sources take seconds.
    """
    yield from MAKERS[request.param](tmp_path / "vault")


@pytest.fixture
def site(house: House) -> Site:
    return Site(house)


def test_sources_that_agree_are_safe_and_each_is_named(site: Site) -> None:
    assessment = site.verdict(site.moved())
    assert assessment.verdict is Verdict.SAFE, assessment.reasons
    said = {reason.source for reason in assessment.reasons}
    assert {RECORDER, LOG, COUNTERS} <= said
    (web,) = [reason for reason in assessment.reasons if reason.caller == "web"]
    assert (web.source, web.count) == ("log edge, prometheus, recorder api-1", 26)


def test_a_straggler_that_only_the_log_saw_is_not_safe_and_both_words_are_named(site: Site) -> None:
    rotation = site.moved()
    site.house.clock.advance(HOUR)
    for source in site.sources:
        site.tell(source, {"web": 2, "worker": 2} | ({"batch": 1} if source == LOG else {}))
    found = site.against(rotation)
    assert (found.verdict, found.source, found.caller) == (Verdict.NOT_SAFE, LOG, "batch")
    assert found.detail.endswith("; recorder api-1, prometheus saw nothing of it")


def test_one_that_says_moved_and_one_that_says_not_are_not_safe_and_both_are_named(site: Site) -> None:
    site.pass_(26, EVERYBODY)
    rotation = site.rotated()
    site.pass_(3, {"web": 2, "worker": 2})
    site.pass_(LEFT - 3, {"web": 2, "worker": 2}, log={"web": 2})
    found = site.against(rotation)
    assert (found.verdict, found.source, found.subject) == (Verdict.NOT_SAFE, LOG, "worker")
    assert "; prometheus, recorder api-1 saw it there" in found.detail


def test_what_could_be_forged_is_never_safe_alone_and_proves_no_new_version(site: Site) -> None:
    site.sources, site.forgeable = [LOG], {LOG}
    site.pass_(26, EVERYBODY)
    vault = site.house.vault
    rotation = vault.plan(site.key.id, Plan(), "rotate")
    vault.issue(rotation.id)
    rotation = vault.handed_over(rotation.id, Delivery("mail", "sent", site.house.clock(), None))
    site.pass_(26, {"web": 2, "worker": 2})

    assessment = site.verdict(rotation)
    assert assessment.verdict is Verdict.UNKNOWN
    said = " ".join(reason.detail for reason in assessment.reasons)
    assert "an outsider could have forged log edge" in said
    assert "never been accepted" in said

    site.sources = [LOG, COUNTERS]
    site.tell(COUNTERS, {"web": 2})
    assert "never been accepted" not in " ".join(reason.detail for reason in site.verdict(rotation).reasons)


def test_a_log_that_is_not_read_any_more_says_how_to_go_on(site: Site) -> None:
    rotation = site.moved()
    site.house.clock.advance(6 * MINUTE)
    site.tell(RECORDER, {})
    site.tell(COUNTERS, {})
    found = site.against(rotation)
    assert (found.verdict, found.source) == (Verdict.UNKNOWN, LOG)
    assert "`keytui ingest FILE` again" in found.remedy
    assert "spoke last at" in found.detail


def test_a_log_alone_that_is_not_read_any_more_names_one_way_on(site: Site) -> None:
    site.sources = [LOG]
    rotation = site.moved()
    now = site.house.clock()
    refused = Use(NO_KEY, 0, Caller.undeclared("192.0.2.4"), now, now, now, refused=1)
    site.tell(LOG, {}, uses=(refused,))
    site.house.clock.advance(6 * MINUTE)

    found = [each for each in site.verdict(rotation).reasons if each.verdict is Verdict.UNKNOWN]
    assert len(found) == 3
    assert all("`keytui ingest FILE` again" in each.remedy for each in found)


def test_a_gap_of_one_stays_one_beside_two_that_are_whole(site: Site) -> None:
    rotation = site.moved()
    now = site.house.clock()
    absent = Gap(COUNTERS, GapKind.ABSENT_SERIES, now - 3 * HOUR)
    site.tell(COUNTERS, {}, gaps=(absent,))
    found = site.against(rotation)
    assert (found.verdict, found.source) == (Verdict.UNKNOWN, COUNTERS)
    assert "series absent" in found.detail
    assert "let the service export the series" in found.remedy

    site.tell(COUNTERS, {}, gaps=(replace(absent, end=now),))
    assert "wait until it has recorded a whole window" in site.against(rotation).remedy


def test_a_source_that_covers_the_key_is_asked_though_it_never_saw_it(site: Site) -> None:
    other = created(site.house.vault, "other").key
    site.sources = [RECORDER]
    rotation = site.moved()
    site.tell(COUNTERS, {}, covers=(other.id,))
    site.house.clock.advance(6 * MINUTE)
    site.tell(RECORDER, {})
    assert site.verdict(rotation).verdict is Verdict.SAFE

    site.tell(COUNTERS, {}, covers=(site.key.id,))
    site.house.clock.advance(6 * MINUTE)
    site.tell(RECORDER, {})
    found = site.against(rotation)
    assert (found.source, found.verdict) == (COUNTERS, Verdict.UNKNOWN)


def test_a_log_that_has_never_told_of_a_refusal_does_not_say_that_there_was_none(site: Site) -> None:
    site.sources = [LOG]
    rotation = site.moved()
    found = site.against(rotation)
    assert found.detail.startswith("no sound source says how many requests are refused")
    assert "send one request with a wrong key through it" in found.remedy

    now = site.house.clock()
    refused = Use(NO_KEY, 0, Caller.undeclared("192.0.2.4"), now, now, now, refused=1)
    site.tell(LOG, {}, uses=(refused,))
    assert site.verdict(rotation).verdict is Verdict.SAFE


def test_a_counter_of_refusals_speaks_of_refusals_alone(site: Site) -> None:
    site.sources = [RECORDER]
    rotation = site.moved()
    site.tell(SENTRY, {})
    assert site.verdict(rotation).verdict is Verdict.SAFE
    now = site.house.clock()
    refused = Use(NO_KEY, 0, UNKNOWN_CALLER, now, now, now, refused=3 * LEFT)
    site.tell(SENTRY, {}, uses=(refused,))
    found = site.against(rotation)
    assert (found.verdict, found.source, found.count) == (Verdict.UNKNOWN, SENTRY, 3 * LEFT)
    assert "refusals rose from 0 to 3 an hour" in found.detail


def test_a_log_that_told_of_a_refusal_still_counts_them_when_its_address_is_forgotten(site: Site) -> None:
    site.sources, vault, clock = [LOG], site.house.vault, site.house.clock
    now = clock()
    site.tell(LOG, {}, uses=(Use(NO_KEY, 0, Caller.undeclared("192.0.2.4"), now, now, now, refused=1),))
    rotation = site.moved()
    assert site.verdict(rotation).verdict is Verdict.SAFE

    site.pass_(24, {"web": 2, "worker": 2})
    vault.tend()

    assert vault.erase("192.0.2.4") == 0
    assert site.verdict(rotation).verdict is Verdict.SAFE
