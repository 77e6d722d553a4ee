"""The theme that the console begins with, and keeping the one that was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from keytui.domain.errors import Invalid, Refused
from keytui.vault.appearance import ThemeName, load_theme
from keytui.vault.kept_theme import keep_theme


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KEYTUI_THEME", raising=False)
    return tmp_path / "config.toml"


def test_without_a_word_nothing_is_chosen(path: Path) -> None:
    assert load_theme(path) is None


def test_the_environment_goes_before_the_configuration(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text('theme = "light"\n')
    assert load_theme(path) is ThemeName.LIGHT
    monkeypatch.setenv("KEYTUI_THEME", "high-contrast")
    assert load_theme(path) is ThemeName.HIGH_CONTRAST


def test_a_wrong_name_is_told_with_its_line_and_the_near_one(path: Path) -> None:
    path.write_text('# how it looks\ntheme = "hihg-contrast"\n')
    with pytest.raises(Invalid, match=r"config.toml:2: theme is 'hihg-contrast', which is none") as told:
        load_theme(path)
    assert told.value.hint == "did you mean high-contrast? the themes are dark, light, high-contrast, ansi"


def test_a_wrong_name_in_the_environment_names_the_variable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYTUI_THEME", "drak")
    with pytest.raises(Invalid, match="KEYTUI_THEME is 'drak'"):
        load_theme(path)


def test_what_is_no_name_is_told(path: Path) -> None:
    path.write_text("theme = 3\n")
    with pytest.raises(Invalid, match=r"config.toml:1: theme is a name in quotes"):
        load_theme(path)


def test_a_misspelt_setting_is_told_with_its_line(path: Path) -> None:
    path.write_text('\nthem = "dark"\n')
    with pytest.raises(Invalid, match=r"config.toml:2: them is no setting that there is") as told:
        load_theme(path)
    assert told.value.hint is not None
    assert told.value.hint.startswith("did you mean theme?")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'theme = "light"\n'),
        ('[profiles.prod]\nurl = "x"\n', 'theme = "light"\n\n[profiles.prod]\nurl = "x"\n'),
        ('# mine\ntheme = "dark" # at night\n[policy.x]\n', '# mine\ntheme = "light" # at night\n[policy.x]\n'),
        ("theme='dark'", 'theme= "light"'),
    ],
)
def test_a_chosen_theme_is_kept_and_every_other_line_stays(path: Path, before: str, after: str) -> None:
    if before:
        path.write_text(before)
    assert keep_theme(path, ThemeName.LIGHT) == f"kept in {path}"
    assert path.read_text() == after
    assert load_theme(path) is ThemeName.LIGHT


def test_a_file_that_cannot_be_changed_by_lines_is_left_alone(path: Path) -> None:
    path.write_text('theme = """\ndark"""\n')
    with pytest.raises(Refused):
        keep_theme(path, ThemeName.LIGHT)
    assert path.read_text() == 'theme = """\ndark"""\n'


def test_it_is_said_that_the_environment_goes_before_what_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYTUI_THEME", "dark")
    assert "KEYTUI_THEME goes before it" in keep_theme(path, ThemeName.LIGHT)
