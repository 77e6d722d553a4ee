"""What any issuer's table may say beside the fields of its kind: where keys belong that a sync brings in from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.keys import checked_environment
from keytui.issuers.issuer import Issuer

OPTIONS: Final = ("environment", "owner", "tenant")


@dataclass(frozen=True, slots=True)
class Placing:
    """Where an issuer's keys belong. Production has the strictest policy, and is what nobody has to name."""

    kind: str = ""
    """Of the issuer, as its table names it; "" where there is none."""
    environment: str = "production"
    owner: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class PlacedIssuers(Mapping[str, Issuer]):
    """Issuers by name, each with where its keys belong."""

    issuers: Mapping[str, Issuer]
    placings: Mapping[str, Placing]

    def __getitem__(self, name: str) -> Issuer:
        return self.issuers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.issuers)

    def __len__(self) -> int:
        return len(self.issuers)


def placing_of(issuers: Mapping[str, Issuer], name: str) -> Placing:
    """Where the keys of one of these issuers belong; as if its table said nothing, where it has none."""
    return issuers.placings[name] if isinstance(issuers, PlacedIssuers) else Placing()


def fields_of_kind(entry: Mapping[str, object]) -> Mapping[str, object]:
    """What an issuer's table says to its kind."""
    return {name: value for name, value in entry.items() if name not in OPTIONS}


def placing_from(fields: Fields) -> Placing:
    """What the table says of its keys. Invalid names table and field."""
    said = Placing(fields.text("kind"), owner=fields.text("owner").strip(), tenant=fields.text("tenant").strip())
    if not fields.has("environment"):
        return said
    try:
        environment = checked_environment(fields.text("environment"))
    except Invalid as error:
        raise fields.wrong("environment:", error.message, error.hint) from None
    return Placing(said.kind, environment, said.owner, said.tenant)
