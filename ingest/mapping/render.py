"""From a batch of rows to Arrow tables of events: the rules of a plan, run column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from opsledger.ingest.border.columns import tables_of
from opsledger.ingest.border.judge import Border
from opsledger.ingest.chunk import OnChange, Reason
from opsledger.ingest.mapping.assemble import assembled, in_order, with_on_change
from opsledger.ingest.mapping.events import Batch, EventMaker
from opsledger.ingest.mapping.frame import Frame, Node
from opsledger.ingest.mapping.plan import Plan
from opsledger.ingest.mapping.refused import Refused
from opsledger.ingest.mapping.rules import Rule


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a batch gave: tables by stream with ``record`` = row of the batch, and why rows are dead."""

    tables: dict[str, pa.Table]
    dead: dict[int, Refused]


class Renderer:
    """Makes the events of a plan. Each event is either plainly right, or the border's judge decides."""

    def __init__(self, plan: Plan, border: Border) -> None:
        self._border = border
        groups = [rule.group for rule in plan.rules]
        self._rules = [_RuleRunner(rule, plan, border, shared=groups.count(rule.group) > 1) for rule in plan.rules]

    def render(self, frame: Frame) -> Rendered:
        """The events of a batch. A row is dead as a whole if one of its events is refused, or if it has none."""
        batch = Batch(frame, int(self._border.latest().timestamp() * 1_000_000))
        for rule in self._rules:
            rule.run(batch)
        for row in np.flatnonzero(~batch.fired).tolist():
            batch.refuse(row, Refused("no rule of the mapping makes an event of this row", Reason.NO_EVENT))
        dead = np.fromiter(batch.dead, np.int64, len(batch.dead))
        tables = {stream: assembled(stream, parts, dead) for stream, parts in batch.parts.items()}
        for on_change, judged in batch.judged.items():
            _add_judged(tables, on_change, judged, dead)
        return Rendered({stream: table for stream, table in tables.items() if len(table)}, batch.dead)


def _add_judged(tables: dict[str, pa.Table], on_change: OnChange, judged: list[tuple[Any, bytes, int]], dead: Any) -> None:
    """Events that only the judge could accept, put where their rows stand."""
    events, payloads, rows = zip(*judged, strict=True)
    for stream, table in tables_of(events, payloads, rows).items():
        more = with_on_change(table, on_change)
        tables[stream] = in_order(pa.concat_tables([tables[stream], more]), dead)


class _RuleRunner:
    """One rule: which rows it fires for, and whether their values can be used."""

    def __init__(self, rule: Rule, plan: Plan, border: Border, *, shared: bool) -> None:
        self._rule = rule
        self._maker = EventMaker(rule, plan, border, shared=shared)
        fields = [(f"data.{f.spec.name}", f.node, not f.spec.optional) for f in rule.fields]
        envelope = [("at", rule.at), ("subject", rule.subject), ("key", rule.key), ("tenant", plan.tenant)]
        whoever = [("vendor", rule.vendor), ("actor", rule.actor)]
        self._uses = [*[(n, v, True) for n, v in envelope], *[(n, v, False) for n, v in whoever], *fields]

    def run(self, batch: Batch) -> None:
        """Adds the rule's events to the batch, and the rows that it refuses to the dead."""
        rows = self._usable(batch, self._firing(batch))
        if rows:
            batch.fired[rows] = True
            self._maker.add(batch, rows)

    def _firing(self, batch: Batch) -> list[int]:
        if self._rule.when is None:
            return list(range(batch.frame.size))
        mask = batch.frame.of(self._rule.when)
        if not self._rule.when.pure:
            self._refuse(batch, "when", [(i, v) for i, v in enumerate(mask) if v.__class__ is Refused])
        return [i for i, v in enumerate(mask) if v is True]

    def _usable(self, batch: Batch, rows: list[int]) -> list[int]:
        """The rows whose values this rule can use; the others are dead."""
        lost: set[int] = set()
        for name, node, needed in self._uses:
            flaws = batch.frame.flaws(node)
            if not flaws or (flaws == {type(None)} and not needed):
                continue
            column = batch.frame.of(node)
            bad = [(i, v) for i in rows if (v := column[i]).__class__ is Refused or (needed and v is None)]
            self._refuse(batch, name, [(i, _missing(node) if v is None else v) for i, v in bad])
            lost.update(i for i, _ in bad)
        return [i for i in rows if i not in lost] if lost else rows

    def _refuse(self, batch: Batch, name: str, bad: Sequence[tuple[int, Refused]]) -> None:
        for row, why in bad:
            batch.refuse(row, Refused(f"{self._rule.type}: {name}: {why.detail}", why.code))


def _missing(node: Node) -> Refused:
    return Refused(f"is missing; column '{node.label}' is empty", Reason.INVALID)
