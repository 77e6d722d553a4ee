"""Reports of evidence sources: taken in whole or not at all, once each, and what becomes of leaks, gaps and times."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Invalid, NotFound, ReadOnly, Refused
from keytui.domain.gaps import Gap, GapKind
from keytui.domain.keys import Flag
from keytui.domain.reports import Bookmark, Leak, Report, SourceKind, SourceStanding
from keytui.domain.usage import NO_KEY, Caller, RouteUse, Use
from keytui.vault.protocol import Vault
from tests.contract.acts import HOUR, Reporter, created, use
from tests.contract.conftest import House

EDGE = "log edge"


def report(at: datetime, *uses: Use, **rest: object) -> Report:
    """The log's word up to a time, from an hour before it."""
    plain = Report(EDGE, SourceKind.ACCESS_LOG, at - HOUR, at, uses)
    return replace(plain, **rest)  # type: ignore[arg-type]  # tests name the fields they mean


def standing(vault: Vault, name: str = EDGE) -> SourceStanding:
    (found,) = [each for each in vault.sources() if each.name == name]
    return found


def leaks_noted(vault: Vault) -> list[tuple[int | None, str]]:
    entries = vault.audit(AuditFilter(type="key.leaked"), 0, 9).entries
    return [(entry.event.version, entry.event.details["place"]) for entry in reversed(entries)]


def test_a_report_is_counted_beside_the_recorders_and_moves_its_bookmarks(house: House) -> None:
    vault, now = house.vault, house.clock()
    key = created(vault).key
    assert vault.bookmarks(EDGE) == {}

    vault.witness(
        report(
            now,
            use(key.id, 1, now, accepted=3),
            routes=(RouteUse(key.id, "/v1/orders", now, 3),),
            bookmarks=(Bookmark("access.log", "120"),),
        )
    )

    assert [(caller.caller.name, caller.accepted) for caller in vault.callers(key.id)] == [("web-1", 3)]
    assert vault.bookmarks(EDGE) == {"access.log": "120"}
    assert vault.bookmarks("log other") == {}
    assert vault.detail(key.id).summary.last_used_at == now


def test_a_report_that_another_run_has_counted_is_refused_and_leaves_nothing(house: House) -> None:
    vault, now = house.vault, house.clock()
    key = created(vault).key
    first = report(now, use(key.id, 1, now, accepted=3), bookmarks=(Bookmark("access.log", "120"),))
    vault.witness(first)

    leak = Leak(key.id, 1, "access.log line 8", now)
    for repeat in (first, replace(first, bookmarks=(Bookmark("access.log", "240", "60"),), leaks=(leak,))):
        with pytest.raises(Refused, match="another run has counted"):
            vault.witness(repeat)
    vault.witness(replace(first, bookmarks=(Bookmark("access.log", "240", "120"),)))

    assert [caller.accepted for caller in vault.callers(key.id)] == [6]
    assert vault.bookmarks(EDGE) == {"access.log": "240"}


def test_leaks_that_a_scan_found_are_noted_once_a_place_and_make_no_source(house: House) -> None:
    vault, now = house.vault, house.clock()
    key = created(vault).key
    places = ("deploy/old.env:3", "commit 5c1f0d2a9b7e deploy/old.env:3")
    for _ in range(2):
        vault.note_leaks([Leak(key.id, 1, place, now) for place in places])
    assert sorted(leaks_noted(vault)) == sorted((1, place) for place in places)
    assert Flag.LEAKED in vault.detail(key.id).summary.flags
    assert vault.sources() == ()
    with pytest.raises(NotFound):
        vault.note_leaks([Leak(key.id, 7, "elsewhere", now)])
    with pytest.raises(ReadOnly):
        house.as_("eve", read_only=True).note_leaks([Leak(key.id, 1, "elsewhere", now)])


def test_a_bookmark_that_is_taken_away_leaves_nothing_and_can_come_back(house: House) -> None:
    vault, now = house.vault, house.clock()
    for value, expected in (("120", None), ("", "120"), ("7", ""), ("", "7"), ("8", None)):
        vault.witness(report(now, bookmarks=(Bookmark("series 1", value, expected),)))
        assert vault.bookmarks(EDGE) == ({"series 1": value} if value else {})
    with pytest.raises(Refused, match="another run has counted"):
        vault.witness(report(now, bookmarks=(Bookmark("series 1", "9"),)))
    assert leaks_noted(vault) == []


def test_its_word_reaches_further_only(house: House) -> None:
    vault, clock = house.vault, house.clock
    began = clock()
    vault.witness(report(began))
    clock.advance(HOUR)
    vault.witness(report(clock()))
    assert (standing(vault).since, standing(vault).as_of) == (began - HOUR, clock())

    vault.witness(report(began - 9 * HOUR))
    assert (standing(vault).since, standing(vault).as_of) == (began - HOUR, clock())


def test_a_time_to_come_says_nothing_of_what_has_come(house: House) -> None:
    vault, now = house.vault, house.clock()
    vault.witness(report(now))
    vault.witness(report(now, as_of=now + timedelta(minutes=5)))
    assert standing(vault).as_of == now
    vault.witness(report(now, as_of=now + timedelta(seconds=20)))
    assert standing(vault).as_of == now + timedelta(seconds=20)


def test_a_source_that_is_first_heard_of_with_a_time_to_come_has_no_word_yet(house: House) -> None:
    now = house.clock()
    house.vault.witness(report(now, since=now + HOUR, as_of=now + 2 * HOUR))
    assert standing(house.vault).as_of == now


def test_a_leak_flags_the_key_and_is_audited_once_a_place(house: House) -> None:
    vault, now = house.vault, house.clock()
    key = created(vault).key
    first, second = Leak(key.id, 1, "access.log line 8", now), Leak(key.id, 1, "access.log line 9\x1b[2J", now)

    vault.witness(report(now, leaks=(first, first)))
    vault.witness(report(now, leaks=(first, second)))

    assert Flag.LEAKED in vault.detail(key.id).summary.flags
    assert leaks_noted(vault) == [(1, "access.log line 8"), (1, "access.log line 9\\x1b[2J")]


def test_a_gap_is_stored_once_and_an_end_closes_it(house: House) -> None:
    vault, now = house.vault, house.clock()
    open_ = Gap(EDGE, GapKind.ABSENT_SERIES, now - HOUR)
    other = Gap(EDGE, GapKind.LOG_ROTATED, now - HOUR, now, 7)
    vault.witness(report(now, gaps=(open_, other)))
    vault.witness(report(now, gaps=(open_, other)))
    assert sorted(standing(vault).gaps, key=lambda gap: gap.kind) == [other, open_]

    closed = replace(open_, end=now)
    vault.witness(report(now, gaps=(closed,)))
    assert sorted(standing(vault).gaps, key=lambda gap: gap.kind) == [other, closed]


def test_recorders_stand_by_name_beside_the_others(house: House) -> None:
    vault, clock = house.vault, house.clock
    began = clock()
    for number in range(2):
        reporter = Reporter(house.sink, "api-1")
        clock.advance(timedelta(seconds=number))
        reporter.flush(clock())
    Reporter(house.sink, "worker")
    vault.witness(report(clock()))

    found = vault.sources()
    assert [(each.name, each.kind) for each in found] == [
        (EDGE, SourceKind.ACCESS_LOG),
        ("recorder api-1", SourceKind.RECORDER),
        ("recorder worker", SourceKind.RECORDER),
    ]
    assert (found[1].since, found[1].as_of) == (began, began)
    assert [gap.kind for gap in found[2].gaps] == [GapKind.NO_RECORDER]
    assert found[1].gaps == ()


def test_one_worker_s_restart_does_not_end_the_gap_of_another_that_died(house: House) -> None:
    vault, clock = house.vault, house.clock
    dead, other = Reporter(house.sink), Reporter(house.sink)
    dead.flush(clock())
    died = clock()
    clock.advance(HOUR)
    other.flush(clock(), closing=True)
    clock.advance(timedelta(seconds=1))
    restarted = Reporter(house.sink)
    restarted.flush(clock())
    assert standing(vault, "recorder api-1").gaps == (Gap("recorder api-1", GapKind.SILENT, died),)

    clock.advance(timedelta(seconds=1))
    Reporter(house.sink)
    assert standing(vault, "recorder api-1").gaps == (Gap("recorder api-1", GapKind.UNCLEAN_END, died, clock()),)


def test_what_was_told_while_it_could_be_forged_stays_doubtful(house: House) -> None:
    vault, now = house.vault, house.clock()
    key = created(vault).key
    stranger = Use(NO_KEY, 0, Caller.undeclared("192.0.2.4"), now, now, now, refused=1)
    vault.witness(report(now, stranger, forgeable=True))
    assert standing(vault).forgeable

    vault.witness(report(now, use(key.id, 1, now)))
    assert not standing(vault).forgeable, "it has told of no key before"

    vault.witness(report(now, use(key.id, 1, now), forgeable=True, attributable=False))
    vault.witness(report(now, use(key.id, 1, now)))
    assert (standing(vault).forgeable, standing(vault).attributable) == (True, False)


def test_a_source_keeps_its_kind_and_a_recorder_its_name(house: House) -> None:
    vault, now = house.vault, house.clock()
    vault.witness(report(now))
    with pytest.raises(Refused, match="another kind: access log"):
        vault.witness(report(now, kind=SourceKind.COUNTERS))
    for name in ("recorder api-1", "recorders", "", "log \x1b[2J", "x" * 81):
        with pytest.raises(Invalid):
            vault.witness(report(now, source=name))


def test_a_use_of_a_key_that_is_not_there_is_the_probe_s_mistake(house: House) -> None:
    now = house.clock()
    with pytest.raises((ValueError, Invalid), match="not in this vault"):  # from elsewhere it is the sender's mistake
        house.vault.witness(report(now, use("nobody", 1, now)))
    assert house.vault.sources() == ()


def test_a_read_only_profile_takes_no_reports_until_it_is_armed(house: House) -> None:
    careful, now = house.as_("eve", read_only=True), house.clock()
    with pytest.raises(ReadOnly):
        careful.witness(report(now))
    with pytest.raises(ReadOnly):
        careful.ingested(EDGE, {"lines": "3"})
    careful.arm(house.profile.name)
    careful.witness(report(now))
    assert standing(house.vault).as_of == now


def test_the_counts_of_a_run_go_into_the_log(house: House) -> None:
    house.vault.ingested(EDGE, {"lines": "3", "unknown": "1"})
    (entry,) = house.vault.audit(AuditFilter(type="source.ingested"), 0, 1).entries
    assert dict(entry.event.details) == {"source": EDGE, "lines": "3", "unknown": "1"}


def test_the_recogniser_knows_every_version(house: House) -> None:
    vault = house.vault
    issued = created(vault)
    found = vault.recogniser().whole_secret(issued.secret.reveal())
    assert found is not None
    assert (found.key_id, found.version) == (issued.key.id, 1)


@pytest.mark.parametrize(("kind", "kept"), [(SourceKind.ACCESS_LOG, 5_000), (SourceKind.COUNTERS, 5_003)])
def test_a_log_keeps_its_newest_bookmarks_and_a_counter_all(house: House, kind: SourceKind, kept: int) -> None:
    vault = house.vault
    for numbers in (range(3), range(3, 5_002), range(5_002, 5_003)):
        marks = tuple(Bookmark(f"content-{number}", "1 2 3") for number in numbers)
        vault.witness(report(house.clock(), kind=kind, bookmarks=marks))
        house.clock.advance(HOUR)

    names = vault.bookmarks(EDGE)

    assert len(names) == kept
    assert "content-5002" in names
    assert ("content-0" in names) is (kept == 5_003)
