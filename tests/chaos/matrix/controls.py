"""Negative controls: defects that the judge has to see. Each returns what it says of the defect, '' where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opsledger.domain.errors import EXIT_INCOMPLETE
from tests.chaos.matrix.faults import Size
from tests.chaos.matrix.field import Field
from tests.chaos.matrix.judge import acknowledged
from tests.chaos.matrix.sources import Growing, Import

BROKEN = "broken"
"""A second ledger of the same log."""


def dropped_tail(field: Field, size: Size) -> str:
    """An import that says it has appended what it has not."""
    source = Import.of(field, size.events)
    child = source.start("drop=append:2")
    assert child.end() == EXIT_INCOMPLETE, "".join(child.text[-5:])
    return _of(acknowledged(field.settings, source.told(child)), "acknowledged and are not in the log")


def hasty(field: Field, size: Size) -> str:
    """A following that saves its place before the lines are stored; one that is well goes on from that place."""
    source = Growing.of(field, size.events)
    child = source.start("hasty", "kill=before-append:1")  # a turn has an append for each stream: at the first all is lost
    source.grow()
    child.killed()
    return _of(acknowledged(field.settings, source.complete()), "acknowledged and are not in the log")


def before_the_insert(field: Field, size: Size) -> str:
    """A sink that goes on before its insert, which then does not take place."""
    field.feed(field.lines(field.name(), size.events))
    hurt = ["blind", "drop=insert:1"]
    child = field.start(hurt, "sink", "--until-end", "--name", "c", "--quiet", database=BROKEN)
    assert child.end() == EXIT_INCOMPLETE, "".join(child.text[-5:])
    return _of(field.judge(BROKEN).complaints, "messages of the log are nowhere")


def counted_twice(field: Field, _size: Size) -> str:
    """A read without the once: the log's repeats count again."""
    field.store(BROKEN).client.command("CREATE OR REPLACE VIEW call_once AS SELECT * FROM call")
    return _of(field.judge(BROKEN).complaints, "'call' are counted more than once")


def false_facts(field: Field, _size: Size) -> str:
    """Facts that are not the ledger's."""
    field.store(BROKEN).client.command("TRUNCATE TABLE calls")
    return _of(field.judge(BROKEN).complaints, "fact tables are not those made anew")


CONTROLS: tuple[tuple[str, Callable[[Field, Size], str]], ...] = (
    ("an import that drops what was not acknowledged", dropped_tail),
    ("a following that saves its place before the append", hasty),
    ("a sink that goes on before its insert", before_the_insert),
    ("readers that do not take an event once", counted_twice),
    ("facts that are not the ledger's", false_facts),
)
"""In this order: the later ones use what the third has made."""


def _of(complaints: Sequence[str], what: str) -> str:
    return next((each.partition(", such")[0] for each in complaints if what in each), "")
