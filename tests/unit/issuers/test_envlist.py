"""The allowlist's file as it looks afterwards, what stands beside it, and what can stand in the way."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.fields import Fields
from keytui.domain.keys import Key, VersionState
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.issuers.envlist import EnvListIssuer, envlist_issuer
from keytui.issuers.issuer import Mark
from keytui.issuers.reloading import Reload
from keytui.text_file import alone_in
from tests.world import NOON, repeatable_randomness

KEY = Key("k1", "checkout", "production", NOON)
OLD, NEW, OTHER = "old-canary-0123456789", "new-canary-0123456789", "other-canary-0123456789"


def mark(value: str) -> Mark:
    return Mark(Secret(value).digest(), value[:12])


def resolve(reference: Reference) -> Secret:
    raise AssertionError(f"{reference} is not to be asked for")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / ".env"
    found.touch(0o600)
    found.write_text(f"API_KEYS={OLD},{OTHER}\n")
    return found


@pytest.fixture
def issuer(path: Path) -> EnvListIssuer:
    return configured(path)


def configured(path: Path, **entry: object) -> EnvListIssuer:
    table = {"kind": "envlist", "file": str(path), "variable": "API_KEYS", **entry}
    return envlist_issuer("reserve", Fields("config.toml: [issuers.reserve]", table), resolve)


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-ISc", code, *map(str, arguments)]


def state(issuer: EnvListIssuer, value: str) -> VersionState | None:
    found = issuer.look_up(mark(value))
    return None if found is None else found.state


@pytest.mark.parametrize(
    ("before", "issued", "revoked"),
    [
        (
            f"# keys\r\nexport API_KEYS = '{OLD}, {OTHER}' # two\r\nPORT=1",
            f"# keys\r\nexport API_KEYS = '{OLD}, {OTHER}, {NEW}' # two\r\nPORT=1",
            f"# keys\r\nexport API_KEYS = '{OTHER}' # two\r\nPORT=1",
        ),
        (
            f'\ufeffAPI_KEYS="\n  {OLD},\n  {OTHER},\n"\n',
            f'\ufeffAPI_KEYS="\n  {OLD},\n  {OTHER},\n  {NEW},"\n',
            f'\ufeffAPI_KEYS="{OTHER},"\n',
        ),
        (f"API_KEYS={OLD},,{OLD}, # é\n", f"API_KEYS={OLD},,{OLD},{NEW}, # é\n", "API_KEYS= # é\n"),
        (f"A=1\nAPI_KEYS={OLD}, {OTHER}\n", f"A=1\nAPI_KEYS={OLD}, {OTHER}, {NEW}\n", f"A=1\nAPI_KEYS={OTHER}\n"),
    ],
    ids=["windows", "several lines", "empty and twice", "blanks without quotes"],
)
def test_all_but_the_one_value_stays_as_it_is(path: Path, before: str, issued: str, revoked: str) -> None:
    path.write_bytes(before.encode())
    path.chmod(0o640)
    configured(path).issue(KEY, Secret(NEW), None)
    assert path.read_bytes().decode() == issued
    path.write_bytes(before.encode())
    configured(path).revoke(mark(OLD))
    assert path.read_bytes().decode() == revoked
    assert path.stat().st_mode & 0o777 == 0o640


def test_bytes_that_are_no_utf_8_stay(path: Path, issuer: EnvListIssuer) -> None:
    path.write_bytes(b"# caf\xe9\nAPI_KEYS=" + OLD.encode() + b"\n")
    issuer.issue(KEY, Secret(NEW), None)
    assert path.read_bytes() == f"# caf\udce9\nAPI_KEYS={OLD},{NEW}\n".encode(errors="surrogateescape")


def test_a_list_that_is_not_there_yet_comes_at_the_end(path: Path, issuer: EnvListIssuer) -> None:
    path.write_text("PORT=1\n")
    assert list(issuer.versions()) == []
    issuer.issue(KEY, Secret(NEW), None)
    assert path.read_text() == f"PORT=1\nAPI_KEYS={NEW}\n"


def test_what_stood_there_before_is_kept_beside_it(path: Path, issuer: EnvListIssuer) -> None:
    before = path.read_text()
    issuer.revoke(mark(OLD))
    backup = path.with_name(".env.API_KEYS.backup")
    assert backup.read_text() == before
    assert all(one.stat().st_mode & 0o777 == 0o600 for one in path.parent.iterdir())
    assert {one.name for one in path.parent.iterdir()} == {".env", ".env.API_KEYS.backup", ".env.API_KEYS.removed"}


def test_of_a_revoked_version_the_note_keeps_no_value(path: Path, issuer: EnvListIssuer) -> None:
    issuer.suspend(mark(OLD))
    note = path.with_name(".env.API_KEYS.removed")
    assert json.loads(note.read_text())["suspended"] == [OLD]
    issuer.revoke(mark(OLD))
    assert OLD not in note.read_text()
    assert state(issuer, OLD) is VersionState.REVOKED
    assert OLD not in path.read_text()


def test_a_version_that_came_back_leaves_the_note_with_the_next_change(path: Path, issuer: EnvListIssuer) -> None:
    """Until then it stands in both, so that a crash between the two writes loses nothing."""
    issuer.suspend(mark(OLD))
    issuer.restore(mark(OLD))
    issuer.issue(KEY, Secret(NEW), None)
    assert json.loads(path.with_name(".env.API_KEYS.removed").read_text())["suspended"] == []
    assert path.read_text() == f"API_KEYS={OTHER},{OLD},{NEW}\n"


def test_what_somebody_puts_back_by_hand_is_accepted(path: Path, issuer: EnvListIssuer) -> None:
    issuer.revoke(mark(OLD))
    path.write_text(f"API_KEYS={OLD}\n")
    assert state(issuer, OLD) is VersionState.ACTIVE
    assert [one.state for one in issuer.versions()] == [VersionState.ACTIVE]
    issuer.revoke(mark(OLD))
    assert path.read_text() == "API_KEYS=\n"


@pytest.mark.parametrize("verb", ["suspend", "restore", "revoke"])
def test_a_key_in_a_variable_of_its_own_is_listed_and_left(path: Path, verb: str) -> None:
    path.write_text(f"API_KEYS={OTHER}\nAPI_KEY={OLD}\n")
    issuer = configured(path, single_variables=["API_KEY"])
    assert {one.label: one.value for one in issuer.versions()} == {"": Secret(OTHER), "API_KEY": Secret(OLD)}
    with pytest.raises(Refused, match=r"API_KEY in .* holds this version, and API_KEYS not"):
        getattr(issuer, verb)(mark(OLD))
    assert path.read_text() == f"API_KEYS={OTHER}\nAPI_KEY={OLD}\n"


def test_what_another_variable_holds_as_well_is_not_called_revoked(path: Path) -> None:
    path.write_text(f"API_KEYS={OLD}\nAPI_KEY={OLD}\n")
    issuer = configured(path, single_variables=["API_KEY"])
    assert "API_KEY in" in issuer.fallbacks(mark(OLD))[0]
    issuer.revoke(mark(OLD))
    assert path.read_text() == f"API_KEYS=\nAPI_KEY={OLD}\n"
    assert state(issuer, OLD) is VersionState.ACTIVE


def test_the_rehearsal_says_that_removal_is_no_proof(path: Path, issuer: EnvListIssuer) -> None:
    removal, reload = issuer.rehearse()
    assert "only asking with it proves" in removal
    assert "no reload is configured" in reload
    assert len(configured(path, reload=["true"]).rehearse()) == 1


def unset(path: Path) -> None:
    path.unlink()


def linked(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(50 * 1024 * 1024)


def reference(path: Path) -> None:
    path.write_text(f"API_KEYS=${{BASE}},{OLD}\n")


def twice(path: Path) -> None:
    path.write_text(f"API_KEYS={OLD}\nAPI_KEYS={OTHER}\n")


def unclosed(path: Path) -> None:
    path.write_text(f"API_KEYS='{OLD}\n")


def in_two_places(path: Path) -> None:
    os.link(path, path.with_name("second"))


def for_everybody(path: Path) -> None:
    path.chmod(0o644)


def in_utf_16(path: Path) -> None:
    path.write_bytes(f"API_KEYS={OLD}\n".encode("utf-16"))


def note_of_another(path: Path) -> None:
    path.with_name(".env.API_KEYS.removed").write_text("[]")


@pytest.mark.parametrize(
    "spoilt",
    [unset, linked, huge, reference, twice, unclosed, in_two_places, for_everybody, in_utf_16, note_of_another],
)
def test_what_cannot_be_written_is_refused_by_the_rehearsal_and_stays(
    path: Path, issuer: EnvListIssuer, spoilt: Callable[[Path], None]
) -> None:
    spoilt(path)
    before = contents(path)
    attempts = (issuer.rehearse, lambda: issuer.issue(KEY, Secret(NEW), None), lambda: issuer.revoke(mark(OLD)))
    for attempt in attempts:
        with pytest.raises((Refused, Unreachable), match=r"^issuer reserve: ") as refused:
            attempt()
        assert not isinstance(refused.value, OutcomeUnknown)
        assert "canary" not in f"{refused.value.message} {refused.value.hint}"
    assert contents(path) == before


def contents(path: Path) -> dict[str, object]:
    return {one.name: one.read_bytes() for one in path.parent.iterdir()}


def test_another_writer_is_waited_for_and_then_named(
    path: Path, issuer: EnvListIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.text_file._WAIT_FOR_LOCK", 0.1)
    with alone_in([path.parent]), pytest.raises(Unreachable, match="another process holds"):
        issuer.issue(KEY, Secret(NEW), None)
    issuer.issue(KEY, Secret(NEW), None)


def test_many_writers_at_once_lose_nothing(path: Path, issuer: EnvListIssuer) -> None:
    values = [issuer.new_value(repeatable_randomness(seed)) for seed in range(8)]
    threads = [threading.Thread(target=issuer.issue, args=(KEY, value, None)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert {one.mark.digest for one in issuer.versions()} >= {value.digest() for value in values}


@pytest.mark.parametrize("value", ["a,b", "a'b", 'a"b', "a$b", "a\\b", "a#b", "a b", "ü", ""])
def test_a_value_that_cannot_stand_in_a_list_is_not_issued(path: Path, issuer: EnvListIssuer, value: str) -> None:
    before = contents(path)
    with pytest.raises(Invalid, match="issuer reserve: "):
        issuer.issue(KEY, Secret(value), None)
    assert contents(path) == before


def test_the_reload_runs_after_each_change_and_not_without_one(path: Path, tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    issuer = configured(path, reload=python("import sys; open(sys.argv[1], 'a').write('x')", counted))
    issuer.rehearse()
    assert not counted.exists()
    issuer.issue(KEY, Secret(NEW), None)
    issuer.issue(KEY, Secret(NEW), None)
    assert counted.read_text() == "x"
    issuer.suspend(mark(OLD))
    issuer.restore(mark(OLD))
    assert counted.read_text() == "xxx"


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (python("import sys; sys.exit(3)"), "exited with 3"),
        (python("import os; os.kill(os.getpid(), 9)"), "was ended by SIGKILL"),
        (["/nowhere/reload"], "cannot be started"),
        (python("import time; time.sleep(60)"), "did not end within 0.3 s"),
    ],
    ids=["exit", "signal", "missing", "hangs"],
)
def test_a_reload_that_fails_is_said_with_what_stands_where_and_runs_again(
    path: Path, tmp_path: Path, fails: list[str], said: str
) -> None:
    broken = replace(configured(path), reload=Reload(tuple(fails), timedelta(seconds=0.3)))
    with pytest.raises(OutcomeUnknown, match=f"API_KEYS in .* stands as it is to, .*{said}") as unknown:
        broken.issue(KEY, Secret(NEW), None)
    assert "canary" not in f"{unknown.value.message} {unknown.value.hint}"
    assert NEW in path.read_text()
    with pytest.raises(OutcomeUnknown, match="stands in API_KEYS, and the last reload failed"):
        broken.look_up(mark(NEW))
    counted = tmp_path / "counted"
    mended = configured(path, reload=["touch", str(counted)])
    mended.issue(KEY, Secret(NEW), None)
    assert counted.exists()
    assert state(mended, NEW) is VersionState.ACTIVE


@pytest.mark.parametrize("verb", ["suspend", "revoke"])
def test_what_has_left_is_active_until_the_service_was_told(path: Path, verb: str) -> None:
    """It goes on with the list that it has read."""
    broken, mended = configured(path, reload=["false"]), configured(path, reload=["true"])
    with pytest.raises(OutcomeUnknown):
        getattr(broken, verb)(mark(OLD))
    assert OLD not in path.read_text()
    assert state(mended, OLD) is VersionState.ACTIVE
    assert {one.mark.digest: one.state for one in mended.versions()}[mark(OLD).digest] is VersionState.ACTIVE
    getattr(mended, verb)(mark(OLD))
    assert state(mended, OLD) in (VersionState.SUSPENDED, VersionState.REVOKED)


def test_what_comes_back_before_the_service_was_told_was_never_away(path: Path) -> None:
    broken, mended = configured(path, reload=["false"]), configured(path, reload=["true"])
    with pytest.raises(OutcomeUnknown):
        broken.suspend(mark(OLD))
    mended.restore(mark(OLD))
    assert state(mended, OLD) is VersionState.ACTIVE


def test_what_came_and_went_untold_may_be_accepted(path: Path) -> None:
    broken = configured(path, reload=["false"])
    for attempt in (lambda: broken.issue(KEY, Secret(NEW), None), lambda: broken.revoke(mark(NEW))):
        with pytest.raises(OutcomeUnknown):
            attempt()
    assert state(broken, NEW) is VersionState.ACTIVE
    configured(path, reload=["true"]).revoke(mark(NEW))
    assert state(broken, NEW) is VersionState.REVOKED


def test_the_reload_is_told_no_secret(path: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = "import os, sys; open(sys.argv[1], 'w').write(repr(sys.argv) + repr(os.environ) + sys.stdin.read())"
    configured(path, reload=python(code, told)).issue(KEY, Secret(NEW), None)
    assert told.read_text()
    assert "canary" not in told.read_text()


def test_a_version_of_which_nobody_had_the_value_is_not_found(issuer: EnvListIssuer) -> None:
    assert issuer.look_up(Mark("", OLD[:12])) is None
    with pytest.raises(NotFound):
        issuer.revoke(Mark("", ""))


def test_of_a_weak_key_no_prefix_is_shown(path: Path, issuer: EnvListIssuer) -> None:
    path.write_text("API_KEYS=dev-local-key\n")
    (listed,) = issuer.versions()
    assert listed.mark.prefix == ""
    assert "dev-local" not in repr(listed)
    issuer.revoke(listed.mark)
    assert path.read_text() == "API_KEYS=\n"


def test_no_crash_between_two_writes_loses_a_version(
    path: Path, issuer: EnvListIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file itself cannot be replaced, after all that stands beside it was written."""

    def full(*_arguments: object) -> None:
        raise Refused("no room", "make some")

    for verb in (issuer.suspend, issuer.revoke):
        with monkeypatch.context() as patched:
            patched.setattr("keytui.text_file.TextFile.replace", full)
            with pytest.raises(KeytuiError, match="no room"):
                verb(mark(OLD))
        assert state(issuer, OLD) is VersionState.ACTIVE
    issuer.suspend(mark(OLD))
    with monkeypatch.context() as patched:
        patched.setattr("keytui.text_file.TextFile.replace", full)
        with pytest.raises(KeytuiError, match="no room"):
            issuer.restore(mark(OLD))
    assert state(issuer, OLD) is VersionState.SUSPENDED
    issuer.restore(mark(OLD))
    assert state(issuer, OLD) is VersionState.ACTIVE


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"file": ""}, "file is missing"),
        ({"file": "relative/.env"}, "file does not say from where"),
        ({"variable": "API-KEYS"}, "variable: a variable's name"),
        ({"variable": ""}, "variable is missing"),
        ({"single_variables": "API_KEY"}, "single_variables is a list"),
        ({"single_variables": ["API_KEYS"]}, "single_variables holds API_KEYS too"),
        ({"format": "md5"}, "format: no such format"),
        ({"reload": []}, "reload names no command"),
        ({"reload_timeout": "1m"}, "reload names no command"),
        ({"reload": ["true"], "reload_timeout": "1h"}, "reload_timeout is not between"),
        ({"paths": "/a"}, "has no field 'paths'"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(path: Path, entry: dict[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as wrong:
        configured(path, **entry)
    assert "config.toml: [issuers.reserve] " in wrong.value.message
