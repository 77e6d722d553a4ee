"""What a shell offers at tab: names of keys, facets of the filter, and what `config.toml` names.

It is asked while somebody types: a vault that is away, locked, slow or elsewhere offers nothing and says nothing, and
nothing is used up or logged. A word that a shell would take for more than a word is left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Final

from keytui.cli.entry import COMPLETE
from keytui.domain.errors import KeytuiError
from keytui.vault.profile import DEFAULT_PROFILE, Profile, configuration_path, load_profile, profile_names

if TYPE_CHECKING:
    from typer._click.core import Command, Context, Parameter  # typer has its own click, and shows nothing of it

_LONGEST: Final = 1.0
"""Seconds after which the rest is not waited for."""
Offer = Callable[[Profile, str], Iterable[str]]
_PLAIN: Final = re.compile(r"[\w.@/+=,%][\w.@/+=,%:-]*")
"""A word that needs no quotes in bash, zsh and fish. Others are typed by hand, or by their id."""
_IN_KEYS: Final = {"env": "environment", "owner": "owner", "tenant": "tenant", "issuer": "issuer"}
"""Facets whose values the vault knows, and the column that has them."""


def _column(column: str) -> Offer:
    def offer(profile: Profile, beginning: str) -> Iterable[str]:
        from keytui.open import offered

        return _in_time(lambda: offered(profile, column, beginning))

    return offer


def _in_time(read: Callable[[], Iterable[str]]) -> list[str]:
    """What comes within the time that somebody waits for it, of a vault on whatever machine; an error ends it."""
    found: list[str] = []

    def come() -> None:
        with suppress(Exception):  # whatever a database, a line or a driver has to say, the shell's line is no place
            for word in read():
                found.append(word)

    reading = Thread(target=come, daemon=True)
    reading.start()
    reading.join(_LONGEST)
    return list(found)


def _tables(*sections: str) -> Offer:
    """The names that the configuration gives."""

    def offer(_: Profile, __: str) -> Iterable[str]:
        from keytui.vault.configuration import table

        return [name for section in sections for name in table(configuration_path(), section)]

    return offer


def _profiles(_: Profile, __: str) -> Iterable[str]:
    return profile_names()


def _filters(profile: Profile, _: str) -> Iterable[str]:
    from keytui.vault.saved_filters import Of, load_filters

    saved = load_filters(profile)
    return [name for kind in Of for name in saved.of(kind)]


def _facets(profile: Profile, beginning: str) -> Iterable[str]:
    """Facets, and the values of one that is begun. After a leading - a shell is offered options."""
    from keytui.domain.query import Facet, values_of

    facet, colon, value = beginning.partition(":")
    if not colon:
        saved = (f"@{name}" for name in _filters(profile, beginning))
        facets = [f"{each}:" for each in Facet if each is not Facet.TEXT]
        begun = [each for each in facets if beginning and each.startswith(beginning)]
        values = _facets(profile, begun[0]) if len(begun) == 1 else ()  # alone it would get a blank behind it
        return [*facets, *values, *saved, *_column("name")(profile, beginning)]
    column = _IN_KEYS.get("env" if facet == "environment" else facet)
    known = _column(column)(profile, value) if column is not None else values_of(facet)
    return [f"{facet}:{each}" for each in known]


_OFFERS: Final[dict[str, Offer]] = {
    "KEY": _column("name"),
    "K": _column("name"),
    "QUERY": _facets,
    "Q": _facets,
    "E": _column("environment"),
    "O": _column("owner"),
    "ISSUER": _tables("issuers"),
    "TARGET": _tables("targets"),
    "PROFILE": _profiles,
    "FILTER": _filters,
}
"""By what the help calls a value."""
_NAMED: Final[dict[tuple[str, str], Offer]] = {
    ("keytui", "profile"): _profiles,
    ("keytui", "write"): _profiles,
    ("probe", "names"): _tables("probes"),
    ("prove", "probe"): _tables("probes"),
    ("reveal", "name"): _column("name"),
    ("remove", "name"): _profiles,
    ("check", "names"): _tables("issuers", "targets", "probes"),
}
"""By command and parameter, where the help says NAME."""


def with_offers(command: Command) -> Command:
    """The command and all below it, where each parameter that names something knows what to offer."""
    for parameter in command.params:
        called = parameter.metavar or ""
        offer = _OFFERS.get(called) or _NAMED.get((command.name or "keytui", parameter.name or ""))
        if offer is None and "--target" in parameter.opts:
            offer = _OFFERS["TARGET"]
        if offer is not None:
            parameter._custom_shell_complete = _completing(offer)
    for below in getattr(command, "commands", {}).values():
        with_offers(below)
    return command


def _completing(offer: Offer) -> Callable[[Context, Parameter, str], list[str]]:
    def complete(context: Context, _: Parameter, incomplete: str) -> list[str]:
        before, beginning = _cut_by_bash(incomplete)
        try:
            profile = load_profile(context.find_root().params.get("profile") or DEFAULT_PROFILE)
            offered = sorted(set(offer(profile, beginning)))
        except (KeytuiError, OSError, ValueError):
            return []
        fitting = [word for word in offered if word.startswith(beginning) and _PLAIN.fullmatch(word)]
        return [word.removeprefix(before) for word in fitting]

    return complete


def _cut_by_bash(incomplete: str) -> tuple[str, str]:
    """What stands on the line already and is not replaced, and the whole word: bash replaces what is after the `:`."""
    if os.environ.get(COMPLETE) != "complete_bash":
        return "", incomplete
    return incomplete[: incomplete.rfind(":") + 1], incomplete


def join_words_of_bash() -> None:
    """bash takes `env:prod` for three words: join them again, for whoever reads the line after this."""
    if os.environ.get(COMPLETE) != "complete_bash":
        return
    words, at = os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD") or 0)
    joined: list[str] = []
    for number, word in enumerate(words):
        if joined and number > 1 and (word == ":" or words[number - 1] == ":") and word:
            joined[-1] += word
            at -= number <= int(os.environ["COMP_CWORD"])
        else:
            joined.append(word)
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(joined), str(at)
