"""`keytui keymap`: the console's keys as they are mapped."""

from __future__ import annotations

from keytui.cli.options import JsonOption
from keytui.cli.output import say_json, say_table
from keytui.vault.profile import configuration_path


def keymap(json_: JsonOption = False) -> None:
    """List the console's keys with the ids that [keymap] names them by, and refuse a keymap that does not hold."""
    from keytui.tui.bindings import by_id, said
    from keytui.tui.keymap import load_keymap

    mapped, known = load_keymap(configuration_path()), by_id()
    if json_:
        say_json(
            [
                {
                    "id": name,
                    "keys": mapped.get(name, binding.key).split(","),
                    "default": binding.key.split(","),
                    "does": binding.tooltip or binding.description,
                }
                for name, binding in known.items()
            ]
        )
        return

    def shown(keys: str) -> str:
        return " ".join(map(said, keys.split(",")))

    rows = [
        (
            name,
            shown(mapped.get(name, binding.key)),
            f"was {shown(binding.key)}" if name in mapped else "",
            binding.tooltip or binding.description,
        )
        for name, binding in known.items()
    ]
    say_table(("ID", "KEYS", "MAPPED", "WHAT IT DOES"), rows, cut="WHAT IT DOES")
