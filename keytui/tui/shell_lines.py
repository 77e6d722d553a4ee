"""A command of ours as a shell needs it. The command log is there before the first paint, so nothing heavy is here."""

from __future__ import annotations

from shlex import quote

from keytui.vault.profile import DEFAULT_PROFILE, Profile


def for_shell(command: str, profile: Profile, *, reads: bool = False) -> str:
    """The command, each line of it, with the vault that it is about, which is the default one for a shell, and armed
    unless it only `reads`.
    """
    options = "" if profile.name == DEFAULT_PROFILE else f" --profile {quote(profile.name)}"
    options += f" --write {quote(profile.name)}" if profile.read_only and not reads else ""
    return "\n".join(f"keytui{options}{line[6:]}" if _is_ours(line) else line for line in command.splitlines())


def _is_ours(line: str) -> bool:
    return line.startswith("keytui ") and not line.startswith("keytui --")
