"""The demo's crowd: keys that were put in at once are keys like all others."""

from __future__ import annotations

from keytui.demo.crowd import gather_crowd
from keytui.demo.stage import raise_curtain
from keytui.domain.keys import VersionState
from keytui.domain.query import Sort, parse
from keytui.domain.rotation import Plan
from keytui.vault.profile import Profile


def test_a_crowd_is_listed_found_rotated_and_in_the_log(profile: Profile) -> None:
    gather_crowd(profile, 300, seed=1)
    vault = raise_curtain(profile, 2, 1, crowd=300)

    everything = vault.page(parse(""), Sort(), 0, 1000)
    one = vault.page(parse("-10007"), Sort(), 0, 10)
    last = everything.rows[-1].key
    found = vault.page(parse(last.name), Sort(), 0, 10)
    rotation = vault.plan(last.id, Plan(), "request")
    issued = vault.issue(rotation.id)

    assert (everything.total, len(everything.rows), one.total) == (302, 302, 301)
    assert [row.key.id for row in found.rows] == [last.id]
    assert (issued.version.number, issued.version.state) == (2, VersionState.ACTIVE)
    assert vault.verify_audit().broken_at is None
    vault.close()
