"""A canary in the one step that may show it, searched for everywhere else."""

from __future__ import annotations

import gc
import logging
from functools import _lru_cache_wrapper

import pytest
from rich.cells import cell_len

from keytui.domain.audit import AuditFilter
from keytui.domain.secrets import Secret
from keytui.tui.app import Console
from keytui.tui.picture import _cells
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from tests.tui.rotation.walking import (
    all_widgets,
    confirm,
    issue,
    paste_back,
    read_secret,
    until,
    until_said,
    wizard,
)

SIZE = (120, 36)


def traces(console: Console, vault: LocalVault, canary: str) -> list[str]:
    """Every place where the canary is."""
    found = [repr(widget) for widget in all_widgets(console) if canary in _drawn(widget) + repr(vars(widget))]
    found += ["screenshot"] if canary in console.export_screenshot() else []
    found += ["clipboard"] if canary in console.clipboard else []
    found += ["audit"] if canary in repr(vault.audit(AuditFilter(), 0, 500)) else []
    found += ["rotation"] if canary in repr(vault.rotation(1)) else []
    return found


def _held(canary: str) -> list[Secret]:
    """The objects that hold it, whoever can still reach them."""
    gc.collect()
    return [held for held in gc.get_objects() if isinstance(held, Secret) and held.reveal() == canary]


def _cached(canary: str) -> list[str]:
    """The functions whose cache has it, as a text of its own or in one."""
    caches = [held for held in gc.get_objects() if isinstance(held, _lru_cache_wrapper)]
    return [cache.__qualname__ for cache in caches if any(canary in repr(held) for held in gc.get_referents(cache))]


def _drawn(widget: object) -> str:
    render = getattr(widget, "render", None)
    return str(render()) if render is not None else ""


async def test_after_the_step_the_secret_is_nowhere(
    console: Console, vault: LocalVault, first: Issued, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        screen = await issue(pilot)
        secret = await read_secret(pilot)
        assert cell_len(secret)
        assert _cells(secret)
        assert {*_cached(secret)} == {"cached_cell_len", "_cells"}
        await pilot.press("c")
        await until_said(pilot, "Terminals do not confirm")
        await paste_back(pilot, secret)
        await until_said(pilot, "● 4 Watch")
        assert traces(console, vault, secret) == []
        assert _cached(secret) == []
        assert not screen._secret
        del screen
        await until(pilot, lambda: not _held(secret), "the last worker, which compared it, ends")
    assert secret not in caplog.text


async def test_while_masked_it_is_in_no_widget_and_no_screenshot(
    console: Console, vault: LocalVault, first: Issued
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        screen = await issue(pilot)
        assert traces(console, vault, screen._secret.reveal()) == []


async def test_leaving_lets_go_of_it_too(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        screen = await issue(pilot)
        secret = screen._secret.reveal()
        await pilot.press("escape")
        await confirm(pilot)
        await until_said(pilot, "the secret of v2 is gone")
        assert traces(console, vault, secret) == []
        assert not screen._secret


async def test_screenshots_and_selection_are_off_while_it_can_be_seen(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        assert "Screenshot" in {command.title for command in console.get_system_commands(console.screen)}
        screen = await issue(pilot)
        assert "Screenshot" not in {command.title for command in console.get_system_commands(screen)}
        assert not screen.allow_select
        await pilot.press("v")
        await until_said(pilot, screen._secret.reveal())
        await pilot.mouse_down("SecretLine", offset=(3, 0))
        await pilot.hover("SecretLine", offset=(30, 0))
        await pilot.mouse_up("SecretLine", offset=(30, 0))
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert screen.get_selected_text() is None
        assert console.clipboard == ""


async def test_a_crash_in_the_step_prints_no_secret(
    console: Console, first: Issued, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = ""
    with pytest.raises(RuntimeError, match="forced"):  # noqa: PT012  # the crash surfaces as the console closes
        async with console.run_test(size=SIZE) as pilot:
            await wizard(pilot, first.key.id)
            screen = await issue(pilot)
            secret = screen._secret.reveal()
            await pilot.press("v")
            await until_said(pilot, secret)

            def crash() -> None:
                held = screen._secret
                raise RuntimeError(f"forced with {held}")

            screen.call_later(crash)
            await until(pilot, lambda: not console.is_running, "the crash")
    console._print_error_renderables()
    written = "".join(capfd.readouterr())
    assert secret
    assert secret not in written
