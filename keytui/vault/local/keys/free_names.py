"""Names for keys that come in from elsewhere, where several may be called the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from keytui.vault.local.tables import KeyRow


class FreeNames:
    """Gives each key its own name, or the first free one after it: `API_KEY-2`.

    It remembers what it gave, so that ten thousand keys of one name are not counted again for each. What others do
    meanwhile is asked each time, in the transaction that uses the names.
    """

    def __init__(self, tenant: str, environment: str) -> None:
        self._place = KeyRow.tenant == tenant, KeyRow.environment == environment
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._counted: set[str] = set()

    def give(self, session: Session, wanted: Sequence[str]) -> list[str]:
        """A name for each of these, in their order."""
        given = [self._next(name) for name in wanted]
        while stored := self._stored(session, given):
            for place in (place for place, name in enumerate(given) if name in stored):
                self._count(session, wanted[place])
                given[place] = self._next(wanted[place])
        return given

    def _next(self, name: str) -> str:
        number = self._numbers.get(name, 1)
        while (free := _numbered(name, number)) in self._taken:
            number += 1
        self._numbers[name] = number + 1
        self._taken.add(free)
        return free

    def _stored(self, session: Session, names: Collection[str]) -> set[str]:
        with session.no_autoflush:
            return set(session.exec(select(KeyRow.name).where(*self._place, col(KeyRow.name).in_(names))))

    def _count(self, session: Session, name: str) -> None:
        """What is stored under the name's numbers, once."""
        if name not in self._counted:
            self._counted.add(name)
            begun = select(KeyRow.name).where(*self._place, col(KeyRow.name).startswith(name, autoescape=True))
            self._taken.update(session.exec(begun))


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
