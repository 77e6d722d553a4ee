"""Which process took over from which: processes of one name are told apart by nothing but their times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a name. `ended_at` is its clean end, or the last word of one that fell silent; None: it runs."""

    id: str
    started_at: datetime
    ended_at: datetime | None = None
    clean: bool = False


class _Step(IntEnum):
    """What may happen at one instant, in the order in which it is looked at: nobody succeeds one that ends then."""

    START = 0
    DEATH = 1
    CLEAN_END = 2


def successors(processes: Iterable[Process]) -> dict[str, Process]:
    """The successor of each process of one name that has one, by its id.

    Each start succeeds the one that ended latest before it and has no successor yet. So one worker's restart never
    answers for another that died: its place stays empty until a further process starts.
    """
    steps = [step for process in processes for step in _steps(process)]
    found: dict[str, Process] = {}
    vacant: list[str] = []
    for _, step, _, process in sorted(steps, key=lambda each: each[:3]):
        if step is not _Step.START:
            vacant.append(process.id)
        elif vacant:
            found[vacant.pop()] = process
    return found


def _steps(process: Process) -> Iterable[tuple[datetime, _Step, str, Process]]:
    yield process.started_at, _Step.START, process.id, process
    if process.ended_at is not None:
        # A clock that was set back would end a process before it began.
        ended_at = max(process.started_at, process.ended_at)
        yield ended_at, _Step.CLEAN_END if process.clean else _Step.DEATH, process.id, process
