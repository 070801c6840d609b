"""The events of one rule for the rows where it fires: ids, canonical JSON and Arrow columns, without an object an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from opsledger.domain.envelope import IN_HOUSE
from opsledger.domain.fields import MAX_NAME_BYTES
from opsledger.ingest.border.judge import EARLIEST, Border, Refusal
from opsledger.ingest.chunk import OnChange
from opsledger.ingest.mapping import columns
from opsledger.ingest.mapping.assemble import Column, Part
from opsledger.ingest.mapping.encode import Encoder, name_limit, quoted
from opsledger.ingest.mapping.frame import Frame, Node
from opsledger.ingest.mapping.ids import fact_ids, id_texts
from opsledger.ingest.mapping.plan import Plan
from opsledger.ingest.mapping.refused import Refused
from opsledger.ingest.mapping.rules import Field, Rule
from opsledger.ingest.mapping.times import shown

_EARLIEST = int(EARLIEST.timestamp()) * 1_000_000
_is_name = name_limit(MAX_NAME_BYTES)


@dataclass(slots=True)
class Batch:
    """A frame being worked on: rows that gave an event or are dead, and the tables so far."""

    frame: Frame
    latest: int
    dead: dict[int, Refused] = field(default_factory=dict)
    fired: Any = None
    ordinals: dict[str, list[int]] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    judged: dict[OnChange, list[tuple[Any, bytes, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fired = np.zeros(self.frame.size, bool)

    def refuse(self, row: int, why: Refused) -> None:
        """The row is dead; the first reason stays."""
        self.dead.setdefault(row, why)
        self.fired[row] = True


class _Rows:
    """The rows of a frame for which a rule fires. ``odd``: positions that the judge must see, with the label and value."""

    def __init__(self, frame: Frame, rows: list[int]) -> None:
        self.frame, self.rows, self.places = frame, rows, np.array(rows, np.int64)
        self.odd: dict[int, tuple[str, Any]] = {}
        self._whole = len(rows) == frame.size
        self._get = itemgetter(*rows) if len(rows) > 1 else None

    def take(self, node: Node) -> list[Any]:
        """The node's values in these rows."""
        return [node.constant] * len(self.rows) if node.constant is not None else self.pick(self.frame.of(node))

    def pick(self, column: list[Any]) -> list[Any]:
        """What a column of the whole frame holds in these rows."""
        if self._whole:
            return column
        return list(self._get(column)) if self._get else [column[row] for row in self.rows]

    def mark(self, label: str, values: list[Any], odd: set[Any]) -> None:
        """Marks the positions that hold one of the odd values."""
        for position, value in enumerate(values):
            if value is not None and value in odd:
                self.odd.setdefault(position, (label, value))


class _Texts:
    """The JSON of one attribute: the same in every event, or a column of texts."""

    def __init__(self, fixed: str | None, column: list[str] | None = None) -> None:
        self.fixed, self.column = fixed, column


class EventMaker:
    """Makes one rule's events; what does not change from row to row is rendered once."""

    def __init__(self, rule: Rule, plan: Plan, border: Border, *, shared: bool) -> None:
        self._rule, self._border, self._shared = rule, border, shared
        self._stream = rule.type.partition(".")[0]
        self._source, self._tenant = plan.source, plan.tenant
        self._encoders = [Encoder(f.spec) for f in rule.fields]

    def add(self, batch: Batch, rows: list[int]) -> None:
        """The events of these rows, into the batch: a table of the plainly right ones, the judge's word on the rest."""
        here = _Rows(batch.frame, rows)
        at = batch.frame.derived(self._rule.at, columns.micros)[here.places]
        for position in np.flatnonzero((at < _EARLIEST) | (at > batch.latest)).tolist():
            here.odd[position] = (self._rule.at.label, None)
        ids = self._ids(batch, here)
        texts = [self._field(here, f, e) for f, e in zip(self._rule.fields, self._encoders, strict=True)]
        times = here.pick(batch.frame.derived(self._rule.at, columns.time_column))
        payloads = self._payloads(here, id_texts(ids), times, texts)
        if here.odd:
            self._judge(batch, here, payloads)
        batch.parts.setdefault(self._stream, []).append(self._part(here, ids, at, payloads))

    def _ids(self, batch: Batch, here: _Rows) -> Any:
        tenants = [self._tenant.constant] if self._tenant.constant is not None else here.take(self._tenant)
        keys, ordinals = here.pick(batch.frame.derived(self._rule.key, columns.encoded)), None
        if self._shared:
            counts = batch.ordinals.setdefault(self._rule.group, [0] * batch.frame.size)
            ordinals = [counts[row] for row in here.rows]
            for row in here.rows:
                counts[row] += 1
            ordinals = ordinals if any(ordinals) else None
        return fact_ids(tenants, self._source, self._rule.type, keys, ordinals)

    def _field(self, here: _Rows, field_: Field, encoder: Encoder) -> _Texts:
        if field_.node.constant is not None:
            values = [field_.node.constant]
            text = _Texts(encoder[field_.node.constant].removeprefix(","))
            if encoder.odd:
                values *= len(here.rows)
        else:
            values = here.take(field_.node)
            text = _Texts(None, list(map(encoder.__getitem__, values)))
        if encoder.odd:
            here.mark(field_.node.label, values, encoder.odd)
        return text

    def _payloads(self, here: _Rows, ids: list[str], times: list[str], data: list[_Texts]) -> list[str]:
        """The canonical JSON of each event, attributes in the order of the border's encoder, what is absent left out."""
        rule = self._rule
        pieces = [_Texts(f'{{"type":"{rule.type}","specversion":"1.0","id":"'), _Texts(None, ids)]
        pieces += [_Texts(f'","source":{quoted(self._source)},"subject":'), self._name(here, rule.subject, "", "")]
        pieces += [_Texts(',"time":"'), _Texts(None, times), _Texts('","tenant":'), self._name(here, self._tenant, "", "")]
        pieces += [_Texts(',"data":{'), *self._data(data), _Texts("}")]
        pieces += [self._name(here, rule.vendor, ',"vendor":', IN_HOUSE), self._name(here, rule.actor, ',"actor":', "")]
        pattern = "".join("%s" if p.fixed is None else p.fixed.replace("%", "%%") for p in [*pieces, _Texts("}")])
        varying = [p.column for p in pieces if p.column is not None]
        return [pattern % row for row in zip(*varying, strict=True)]

    def _data(self, texts: list[_Texts]) -> list[_Texts]:
        """The fields with commas between: required ones come first, optional texts bring their own comma."""
        fields = [(f.spec.optional, t) for f, t in zip(self._rule.fields, texts, strict=True)]
        out: list[_Texts] = []
        for index, (optional, text) in enumerate(fields):
            brings = optional and text.fixed is None
            out += [_Texts(","), text] if index and not brings else [text]
        if fields and fields[0][0] and fields[0][1].fixed is None:
            return self._without_first_comma(out)
        return out

    def _without_first_comma(self, pieces: list[_Texts]) -> list[_Texts]:
        """Where no field is required, whichever comes first has a comma too many."""
        size = next(len(p.column) for p in pieces if p.column is not None)
        all_ = [p.column if p.column is not None else [p.fixed or ""] * size for p in pieces]
        return [_Texts(None, ["".join(row)[1:] for row in zip(*all_, strict=True)])]

    def _name(self, here: _Rows, node: Node, head: str, default: str) -> _Texts:
        """An envelope attribute; one that has its default is left out where ``head`` brings its name along."""
        if node.constant is not None:
            if not _is_name(node.constant) and not (head and node.constant == default):
                here.odd.update((i, (node.label, node.constant)) for i in range(len(here.rows)))
            return _Texts("" if head and node.constant == default else head + quoted(node.constant))
        odd = here.frame.derived(node, columns.odd_names)
        if odd:
            here.mark(node.label, here.take(node), odd)
        texts = here.pick(here.frame.derived(node, columns.quoted_names))
        if not head:
            return _Texts(None, texts)
        absent = ("", quoted(default))
        return _Texts(None, ["" if text in absent else head + text for text in texts])

    def _part(self, here: _Rows, ids: Any, at: Any, payloads: list[str]) -> Part:
        """The columns that this rule fills, without the rows that the judge has: their values may not fit a column."""
        rule, frame = self._rule, here.frame
        if here.odd:
            keep = [i for i in range(len(here.rows)) if i not in here.odd]
            here = _Rows(frame, [here.rows[i] for i in keep])
            ids, at, payloads = ids[keep], at[keep], [payloads[i] for i in keep]
        names = {
            "source": Column(self._source),
            "tenant": _column(here, self._tenant, ""),
            "vendor": _column(here, rule.vendor, IN_HOUSE),
            "actor": _column(here, rule.actor, ""),
        }
        data = {f.spec.name: _column(here, f.node, "") for f in rule.fields}
        subjects = Column(None, frame, rule.subject, here.places)
        return Part(rule.type, here.places, at, ids, payloads, subjects, names, data, rule.on_change)

    def _judge(self, batch: Batch, here: _Rows, payloads: list[str]) -> None:
        """What is not plainly right goes the judge's way: refused with its reason, or accepted after all."""
        for position, (label, value) in here.odd.items():
            raw, row = payloads[position].encode("utf-8", "surrogatepass"), here.rows[position]
            verdict = self._border.take(raw)
            if isinstance(verdict, Refusal):
                cell = f"; column '{label}'" + (f" gives '{shown(str(value))}'" if value is not None else "")
                batch.refuse(row, Refused(f"{self._rule.type}: {verdict.detail}{cell}", verdict.reason))
            else:
                batch.judged.setdefault(self._rule.on_change, []).append((verdict, raw, row))


def _column(here: _Rows, node: Node, default: str) -> Column:
    if node.constant is not None:
        return Column(node.constant)
    return Column(None, here.frame, node, here.places, default)
