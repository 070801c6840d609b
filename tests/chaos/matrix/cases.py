"""The matrix itself: a line a case, then how one is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from tests.chaos.matrix import faults
from tests.chaos.matrix.faults import Size
from tests.chaos.matrix.field import Field
from tests.chaos.matrix.judge import Judgement, Told

Act = Callable[[Field, Size], Told]


@dataclass(frozen=True, slots=True)
class Case:
    """``who`` is hurt ``how`` and ``when``. ``rows_again``: readers have to take one of two rows at a place."""

    who: str
    how: str
    when: str
    act: Act
    rows_again: bool = False

    @property
    def name(self) -> str:
        return f"{self.who}: {self.how}, {self.when}"


KILLED = (
    ("sink", faults.sink_killed, "insert", "after the insert, before the commit"),
    ("ingest", faults.ingest_killed, "append", "after the append, before it is told"),
    ("ingest --follow", faults.follow_killed, "append", "after the append, before its place is saved"),
    ("HTTP ingest", faults.http_killed, "append", "after the append, before the answer"),
    ("relay", faults.relay_killed, "append", "after the append, before its place is saved"),
)
"""Who is killed, what it does, its act, and the moment after it."""
MOMENTS = ("before", "during", "after")


def _points(act: str) -> list[str]:
    return [f"{moment}-{act}:2" for moment in MOMENTS]


def _each() -> list[Case]:
    """A case for each moment, and one at random."""
    made = []
    for who, act, what, end in KILLED:
        told = (f"before the {what}", f"during the {what}", end)
        made += [Case(who, "kill -9", when, partial(act, points=(p,))) for when, p in zip(told, _points(what), strict=True)]
        made.append(Case(who, "kill -9", "at a random moment", act))
    return made


AT_WORK = "while an import and a sink are at work"
OTHERS = (
    Case("ClickHouse", "kill -9, away", "while a sink is at work", faults.ledger_away),
    Case("sinks", "one joins and leaves", "while batches are on their way", faults.rebalance),
    Case("sink", "a zombie wakes up", "before its look at the ledger", partial(faults.zombie, point="before-look:2")),
    Case(
        "sink",
        "a zombie wakes up",
        "between its look and its insert",
        partial(faults.zombie, point="after-look:2"),
    ),
    Case(
        "sink",
        "a zombie wakes up",
        "as its insert goes out",
        partial(faults.zombie, point="before-insert:2"),
        rows_again=True,
    ),
    Case("ledger", "disk full", "while a sink is at work", faults.disk_full),
)
LONG_FORM: tuple[Case, ...] = (
    *_each(),
    Case("one broker", "kill -9, restart", AT_WORK, partial(faults.brokers_killed, count=1)),
    Case("two brokers", "kill -9, restart", AT_WORK, partial(faults.brokers_killed, count=2)),
    *OTHERS,
)
SHORT_FORM: tuple[Case, ...] = (
    *(Case(who, "kill -9", "at three points in turn", partial(act, points=_points(what))) for who, act, what, _ in KILLED),
    Case("one broker, then a second", "kill -9, restart", AT_WORK, partial(faults.brokers_killed, count=2)),
    *(case for case in OTHERS if not case.rows_again),
)
"""The same with fewer judgements and less waiting."""


def play(case: Case, field: Field, size: Size) -> Judgement:
    """Hurt, recover, read all, judge. AssertionError where a case did not come about, or a source was told a lie."""
    field.told.add(case.act(field, size))
    field.drain()
    found = field.judge()
    more, field.rows_again = found.rows_again - field.rows_again, found.rows_again
    if more and not case.rows_again:
        return replace(found, complaints=(*found.complaints, f"{more} rows are stored at places that have one"))
    return found
