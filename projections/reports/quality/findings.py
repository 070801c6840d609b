"""Runs the checks over the ledger and the facts: what was found, by check and source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from opsledger.domain.calendar import Period
from opsledger.projections.facts.tables import STREAMS
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.query import Parameters, utc_text
from opsledger.projections.reports.lateness import arrivals, closings
from opsledger.projections.reports.quality.records import CHECKS
from opsledger.projections.reports.quality.rhythm import BEFORE, Silence, opening_of, silence

FUTURE_MS = 1_000
"""So far may a source's clock be ahead before its events count as from the future."""
LIVE_MS = 3_600_000
"""A source is live where half of its events are recorded within so long."""
SLOW_MS = 300_000
"""A live source lags where half of its events take longer than this."""
APART_MS = 2_000
"""Two systems' clocks are apart where half of what both tell of differs by more than this."""
_FOUND = ("call", "ticket", "callback", "complaint", "evaluation", "fault", "shift")
"""Streams with a SELECT ``found_<stream>.sql``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found in one source: how many, the worst (ms), an example and its event's id.

    With a ``stream`` the example is the subject of one of its things.
    """

    check: str
    source: str
    count: int
    worst_ms: int | None = None
    stream: str = ""
    example: str = ""
    event: str = ""


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
    least_ms: int | None = None
    greatest_ms: int | None = None
    silence: Silence | None = None

    @property
    def is_live(self) -> bool:
        """Whether it tells as things happen."""
        return self.median_ms is not None and self.median_ms <= LIVE_MS


@dataclass(frozen=True, slots=True)
class Apart:
    """Two sources that tell of the same steps of the same calls; ``median_ms``: the second's clock is so much ahead."""

    source: str
    other: str
    count: int
    median_ms: int
    example: str


@dataclass(frozen=True, slots=True)
class Letters:
    """Refused records of one source and reason."""

    source: str
    reason: str
    count: int
    settled: int
    retried: int
    example: str


@dataclass(slots=True)
class Quality:
    """Everything that was found. ``bases``: what a check's count is a share of → how many there are."""

    findings: list[Finding]
    sources: list[Source]
    apart: Sequence[Apart]
    letters: Sequence[Letters]
    bases: dict[str, int]


class Checker:
    """Asks one tenant's ledger and facts about one period."""

    def __init__(self, facts: Facts, period: Period) -> None:
        self._facts, self._period = facts, period
        self._bound: Parameters = {
            "tenant": facts.tenant,
            "start": utc_text(period.start),
            "stop": utc_text(period.stop),
            "cutoff": utc_text(facts.cutoff),
            "tolerance_ms": FUTURE_MS,
        }

    def run(self) -> Quality:
        """Run every check."""
        bases = {str(name): int(n) for name, n in self._rows("bases")}
        sources, found, told_of = self._sources()
        found += self._late() + self._imports(bases) + self._order(told_of) + self._records()
        apart, letters = self._apart(sources), self._letters()
        self._silences(sources)
        bases |= {"events": sum(s.events for s in sources), "sources": len(sources), "pairs": len(apart)}
        bases["letters"] = sum(each.count for each in letters)
        found += [*_of_sources(sources), *_of_pairs(apart), *_of_letters(letters)]
        order = list(CHECKS)
        found.sort(key=lambda f: (order.index(f.check) if f.check in CHECKS else len(order), f.check, -f.count, f.source))
        return Quality(found, sources, apart, letters, bases)

    def _rows(self, name: str, **more: Any) -> list[tuple[Any, ...]]:
        return self._ask(_sql(name), **more)

    def _ask(self, sql: str, **more: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._facts.engine.query(sql, parameters={**self._bound, **more}).result_rows]

    def _sources(self) -> tuple[list[Source], list[Finding], list[str]]:
        """The sources, their events from the future, and the streams that have events in the period."""
        merged: dict[str, Source] = {}
        found, told_of = [], []
        for stream in STREAMS:
            rows = self._ask(_on(_sql("events"), stream))
            told_of += [stream] if rows else []
            for row in rows:
                _merge(merged.setdefault(str(row[0]), Source(str(row[0]))), row)
                if row[7]:
                    found.append(Finding("future", str(row[0]), int(row[7]), None, stream, str(row[11]), str(row[12])))
        return list(merged.values()), found, told_of

    def _late(self) -> list[Finding]:
        came = arrivals(self._facts, self._period, STREAMS, closings(self._facts, self._period))
        found = {"late": came.late, "backfilled": came.backfilled}
        return [Finding(check, "", n) for check, n in found.items() if n]

    def _imports(self, bases: dict[str, int]) -> list[Finding]:
        rows = self._rows("imports")
        bases["records"] = sum(int(read) for _, read, _, _ in rows)
        return [Finding("read_again", str(name), int(n), example=str(file)) for name, _, n, file in rows if n]

    def _order(self, streams: Iterable[str]) -> list[Finding]:
        text = _sql("order").replace("{tangled}", _sql("tangled"))
        return [_finding(row, stream) for stream in streams for row in self._ask(_on(text, stream))]

    def _records(self) -> list[Finding]:
        found = []
        for stream in _FOUND:
            text = _sql("by_source").replace("{found}", _sql(f"found_{stream}"))
            found += [_finding(row, stream) for row in self._ask(_on(text, stream))]
        return found

    def _apart(self, sources: Sequence[Source]) -> list[Apart]:
        if len(sources) < 2:
            return []
        return [Apart(str(a), str(b), int(n), int(ms), str(example)) for a, b, n, ms, example in self._rows("apart")]

    def _letters(self) -> list[Letters]:
        rows = self._rows("dead_letters")
        return [Letters(str(s), str(r), int(n), int(done), int(tried), str(id_)) for s, r, n, done, tried, id_ in rows]

    def _silences(self, sources: list[Source]) -> None:
        """Adds each source's longest silence, and the sources that spoke before the period and are silent all through it."""
        start, stop = utc_text(self._period.start - BEFORE), utc_text(min(self._period.stop, self._facts.cutoff))
        spoken: dict[str, set[int]] = {}
        for stream in STREAMS:
            for name, minutes in self._ask(_on(_sql("minutes"), stream), start=start, stop=stop):
                spoken.setdefault(str(name), set()).update(minutes)
        ((calendar, hours),) = self._rows("opening")
        opening = opening_of(str(calendar), str(hours))
        known = {source.name: source for source in sources}
        for name, minutes in spoken.items():
            source = known.get(name) or Source(name)
            source.silence = silence(sorted(minutes), self._period, self._facts.cutoff, opening)
            if name not in known and source.silence is not None and source.silence.is_long:
                sources.append(source)


def _merge(source: Source, row: Sequence[Any]) -> None:
    """Adds the events of one more stream; the median is that of the stream with the most live events."""
    _, n, backfilled, hour, day, week, more, future, median, least, greatest, _, _ = row
    bands = [int(x) for x in (hour, day, week, more)]
    if sum(bands):
        if source.median_ms is None or sum(bands) > sum(source.bands):
            source.median_ms = int(median)
        source.least_ms = int(least) if source.least_ms is None else min(source.least_ms, int(least))
        source.greatest_ms = int(greatest) if source.greatest_ms is None else max(source.greatest_ms, int(greatest))
    source.events += int(n)
    source.backfilled += int(backfilled)
    source.bands = [a + b for a, b in zip(source.bands, bands, strict=True)]
    source.future += int(future)


def _finding(row: Sequence[Any], stream: str) -> Finding:
    kind, name, n, worst, example, event = row
    return Finding(str(kind), str(name), int(n), None if worst is None else int(worst), stream, str(example), str(event))


def _of_sources(sources: Iterable[Source]) -> Iterable[Finding]:
    for each in sources:
        if each.is_live and each.median_ms is not None and each.median_ms > SLOW_MS:
            yield Finding("slow_sources", each.name, 1, each.median_ms)
        if each.silence is not None and each.silence.is_long:
            yield Finding("silences", each.name, 1, each.silence.minutes * 60_000, example=_span(each.silence))


def _span(silent: Silence) -> str:
    return f"{silent.since:%Y-%m-%dT%H:%MZ}/{silent.until:%Y-%m-%dT%H:%MZ}"


def _of_pairs(pairs: Iterable[Apart]) -> Iterable[Finding]:
    for each in pairs:
        if abs(each.median_ms) > APART_MS:
            yield Finding("systems_apart", f"{each.source} / {each.other}", 1, abs(each.median_ms), "call", each.example)


def _of_letters(letters: Iterable[Letters]) -> Iterable[Finding]:
    for each in letters:
        if each.count > each.settled:
            yield Finding("dead_open", each.source, each.count - each.settled, example=each.example)
        if each.settled:
            yield Finding("dead_settled", each.source, each.settled, example=each.example)


def _on(text: str, stream: str) -> str:
    return text.replace("{stream:Identifier}", f"`{stream}`")


@cache
def _sql(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")
