"""Who told of a period's events: how many, how long after they happened, in which minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from typing import Any, NamedTuple

import numpy as np

from opsledger.projections.facts.tables import STREAMS
from opsledger.projections.reports.quality.rhythm import Minutes, Silence

FUTURE_MS = 1_000
"""So far may a source's clock be ahead before its events count as from the future."""
LIVE_MS = 3_600_000
"""A source is live where half of its events are recorded within so long."""
_BANDS_S = (3_600, 86_400, 604_800)
_SLOT_MIN = 15


@dataclass(slots=True)
class Source:
    """The events of one source: how many, how long after they happened they were recorded (ms), its longest silence."""

    name: str
    events: int = 0
    backfilled: int = 0
    bands: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    """Live events recorded within an hour, a day, a week, later."""
    future: int = 0
    median_ms: int | None = None
    """Away from zero to a full second, from a minute on to a full minute, from a day on to a full hour."""
    least_ms: int | None = None
    greatest_ms: int | None = None
    silence: Silence | None = None

    @property
    def is_live(self) -> bool:
        """Whether it tells as things happen."""
        return self.median_ms is not None and self.median_ms <= LIVE_MS


class Row(NamedTuple):
    """Events of one stream, source and delay (a row of delays.sql): in the period (``here``) or in the weeks before it."""

    stream: str
    source: str
    here: bool
    backfill: bool
    delay_s: int
    events: int
    least_ms: int
    greatest_ms: int
    types: int
    slots: Sequence[int]
    spoken: Sequence[int]


@dataclass(slots=True)
class Told:
    """What was told of a period: by whom, of which ``streams``, of which from the future (``ahead``); the minutes in which each
    source spoke, also before the period; and bits of the types of call events that more than one source tells of."""

    sources: dict[str, Source] = field(default_factory=dict)
    streams: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    spoken: dict[str, Minutes] = field(default_factory=dict)
    shared: int = 0


def of_rows(rows: Iterable[Sequence[Any]]) -> Told:
    """Put together what the streams' events say."""
    found, calls = Told(), 0
    ordered = sorted((Row(*row) for row in rows), key=lambda row: (STREAMS.index(row.stream), row.source))
    for (stream, name), group in groupby(ordered, key=lambda row: (row.stream, row.source)):
        all_ = list(group)
        minutes = np.concatenate([found.spoken.get(name, np.empty(0, np.int64)), *map(_minutes, all_)])
        found.spoken[name] = np.unique(minutes)
        here = [row for row in all_ if row.here]
        if not here:
            continue
        ahead = _add(found.sources.setdefault(name, Source(name)), here)
        found.streams += [stream] if stream not in found.streams else []
        found.ahead += [stream] if ahead and stream not in found.ahead else []
        if stream == "call":
            types = int(np.bitwise_or.reduce([row.types for row in here]))
            found.shared |= types & calls
            calls |= types
    return found


def _minutes(row: Row) -> Minutes:
    """The minutes since 1970 in which something was told of."""
    within = np.arange(_SLOT_MIN)
    spoken = (np.asarray(row.spoken, np.int64)[:, None] >> within) & 1 == 1
    found: Minutes = (np.asarray(row.slots, np.int64)[:, None] * _SLOT_MIN + within)[spoken]
    return found


def _add(source: Source, rows: Sequence[Row]) -> int:
    """Adds the events of one more stream, the median is that of the stream with the most live events; how many of them say
    that they happened after they were recorded."""
    live = Counter[int]()
    for row in rows:
        if not row.backfill:
            live[row.delay_s] += row.events
            source.least_ms = min(row.least_ms, row.least_ms if source.least_ms is None else source.least_ms)
            source.greatest_ms = max(row.greatest_ms, row.greatest_ms if source.greatest_ms is None else source.greatest_ms)
    if live and (source.median_ms is None or live.total() > sum(source.bands)):
        source.median_ms = median_of(live) * 1000
    for delay, n in live.items():
        source.bands[sum(delay > limit for limit in _BANDS_S)] += n
    future = sum(row.events for row in rows if row.delay_s * 1000 < -FUTURE_MS)
    source.events += sum(row.events for row in rows)
    source.backfilled += sum(row.events for row in rows if row.backfill)
    source.future += future
    return future


def median_of(counts: Mapping[int, int]) -> int:
    """The median of values that are told with how often each occurs; of an even number the greater of the two in the middle."""
    values = sorted(counts)
    passed = list(accumulate(counts[value] for value in values))
    return next(value for value, n in zip(values, passed, strict=True) if n > passed[-1] // 2)
