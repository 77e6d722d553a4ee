"""Work that one process does at a time, across servers: it is leased for a while, and taken over once that is past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, func, or_, select, update

from keytui.domain.automation import TurnLost
from keytui.vault.local.dialects import POSTGRESQL, insert
from keytui.vault.local.tables import LeaseRow


@dataclass(frozen=True, slots=True)
class Lease:
    """A piece of work by name, and the process that has it."""

    name: str
    holder: str

    def take(self, session: Session, now: datetime, length: timedelta) -> str:
        """Have it for so long from now on, as everybody has it. Who has it then: the holder, or another.

        One that lasts longer was taken by a clock that was ahead. It lasts so long from now on: whoever took it may be
        at work, and whoever died with it would keep all others out until then.
        """
        now = time_of_all(session, now)
        until = now + length
        longer = update(LeaseRow).where(col(LeaseRow.name) == self.name, col(LeaseRow.until) > until)
        session.exec(longer.values(until=until))
        taken = insert(session, LeaseRow).values(name=self.name, holder=self.holder, until=until)
        free = or_(col(LeaseRow.holder) == self.holder, col(LeaseRow.until) <= now)
        session.connection().execute(
            taken.on_conflict_do_update(
                index_elements=["name"], set_={"holder": self.holder, "until": until}, where=free
            )
        )
        return session.exec(select(LeaseRow.holder).where(LeaseRow.name == self.name)).one()

    def is_anothers(self, session: Session, now: datetime, length: timedelta) -> bool:
        """Whether another process has it, and for a while yet; not where that is longer than anybody may."""
        row, now = session.get(LeaseRow, self.name), time_of_all(session, now)
        return row is not None and row.holder != self.holder and now < row.until <= now + length

    def give_back(self, session: Session) -> None:
        """Let the next one begin at once."""
        row = session.get(LeaseRow, self.name)
        if row is not None and row.holder == self.holder:
            session.delete(row)
            session.flush()

    def require(self, session: Session, now: datetime) -> None:
        """TurnLost unless it is held still: asked in the very transaction that changes something under it."""
        row = session.get(LeaseRow, self.name, with_for_update=True)
        if row is None or row.holder != self.holder:
            raise TurnLost("another process" if row is None else who_and_where(row.holder)[0])
        if row.until <= time_of_all(session, now):
            raise TurnLost("nobody, or another process,")


def who_and_where(holder: str) -> tuple[str, str]:
    """Who holds a lease, in words, and in which process; that is "" where the holder names none.

    `ada@bastion-2 host#start 4711 9f2c` is of a process and one piece of its work; `host:4711:9f2c` is one word.
    """
    who, *process = holder.rsplit(" ", 3)
    return who, " ".join(process[:2]) if len(process) == 3 else ""


def time_of_all(session: Session, now: datetime) -> datetime:
    """Servers that share a database have clocks that differ, and go by the database's; a file has one machine."""
    if session.get_bind().dialect.name != POSTGRESQL:
        return now
    time: datetime = session.exec(select(func.clock_timestamp())).one()
    return time.astimezone(UTC)
