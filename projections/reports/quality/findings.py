"""Runs the checks over the ledger and the facts: what was found, by check and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from opsledger.domain.calendar import Period
from opsledger.domain.catalogue import types_of
from opsledger.projections.facts.tables import STREAMS
from opsledger.projections.metrics.measure import Facts
from opsledger.projections.metrics.query import Parameters, utc_text
from opsledger.projections.reports.lateness import Arrivals, Closings, arrivals, closings, slot_of
from opsledger.projections.reports.quality.records import CHECKS
from opsledger.projections.reports.quality.rhythm import BEFORE, Minutes, Silence, opening_of, silence
from opsledger.projections.reports.quality.sources import FUTURE_MS, Source, Told, of_rows

SLOW_MS = 300_000
"""A live source lags where half of its events take longer than this."""
APART_MS = 2_000
"""Two systems' clocks are apart where half of what both tell of differs by more than this."""
_MEANT = ("ticket", "callback", "complaint", "evaluation")
"""Streams whose things name calls: with a SELECT ``meant_<stream>.sql``."""
_TANGLED = {"call": ("calls", "call"), "shift": ("shifts", "shift")}
"""Streams with many events → the fact table that knows which things are not in order, and its subject."""
_THINGS = ("call", *_MEANT, "fault", "shift")
"""Streams with a SELECT ``things_<stream>.sql``."""


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
    """Everything that was found. ``bases``: what a check's count is a share of → how many there are; ``came`` and ``closed``:
    what came late, and after which closing."""

    findings: list[Finding]
    sources: list[Source]
    apart: Sequence[Apart]
    letters: Sequence[Letters]
    bases: dict[str, int]
    came: Arrivals
    closed: Closings


class Checker:
    """Asks one tenant's ledger and facts about one period."""

    def __init__(self, facts: Facts, period: Period) -> None:
        self._facts, self._period = facts, period
        self._unknown_calls: list[str] | None = None
        self._bound: Parameters = {
            "tenant": facts.tenant,
            "start": utc_text(period.start),
            "stop": utc_text(period.stop),
            "cutoff": utc_text(facts.cutoff),
            "tolerance_ms": FUTURE_MS,
        }

    def run(self) -> Quality:
        """Run every check."""
        told = self._told()
        sources, bases = list(told.sources.values()), dict[str, int]()
        found = [each for stream in told.ahead for each in self._future(stream)]
        closed = closings(self._facts, self._period)
        came = arrivals(self._facts, self._period, told.streams, closed)
        found += _of_arrivals(came) + self._imports(bases) + self._order(told.streams) + self._records(bases)
        apart, letters = self._apart(told.shared), self._letters()
        self._silences(sources, told.spoken)
        bases |= {"events": sum(s.events for s in sources), "sources": len(sources), "pairs": len(apart)}
        bases["letters"] = sum(each.count for each in letters)
        found += [*_of_sources(sources), *_of_pairs(apart), *_of_letters(letters)]
        order = list(CHECKS)
        found.sort(key=lambda f: (order.index(f.check) if f.check in CHECKS else len(order), f.check, -f.count, f.source))
        return Quality(found, sources, apart, letters, bases, came, closed)

    def _rows(self, name: str, **more: Any) -> list[tuple[Any, ...]]:
        return self._ask(_sql(name), **more)

    def _ask(self, sql: str, **more: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._facts.engine.query(sql, parameters={**self._bound, **more}).result_rows]

    def _told(self) -> Told:
        """Who told of what, from the streams that have events at all: of each question it is the planning that takes time."""
        some = {str(name) for (name,) in self._ask(_union("any", STREAMS))}
        since, start, stop = (slot_of(at) for at in (self._period.start - BEFORE, self._period.start, self._period.stop))
        text = _sql("delays").replace("{told}", _union("told", (stream for stream in STREAMS if stream in some)))
        return of_rows(self._ask(text, since_slot=since, start_slot=start, stop_slot=stop) if some else ())

    def _future(self, stream: str) -> list[Finding]:
        rows = self._ask(_on(_sql("events"), stream))
        return [Finding("future", str(name), int(n), None, stream, str(x), str(event)) for name, n, x, event in rows]

    def _imports(self, bases: dict[str, int]) -> list[Finding]:
        rows = self._rows("imports")
        bases["records"] = sum(int(read) for _, read, _, _ in rows)
        return [Finding("read_again", str(name), int(n), example=str(file)) for name, _, n, file in rows if n]

    def _order(self, streams: Iterable[str]) -> list[Finding]:
        text = _sql("order")
        return [
            _finding(row, stream)
            for stream in streams
            for row in self._ask(_on(text.replace("{tangled}", self._tangled(stream)), stream))
        ]

    def _tangled(self, stream: str) -> str:
        """The SELECT of the things of a stream whose events may not be in order: by their facts where these know it."""
        if stream not in _TANGLED:
            return _sql("tangled")
        fact, subject = _TANGLED[stream]
        known = _sql("tangled_known").replace("{fact}", fact).replace("{subject}", subject)
        return f"{known}\nUNION ALL\n{_sql('corrected')}" if self._ask(_on(_sql("corrects"), stream)) else known

    def _records(self, bases: dict[str, int]) -> list[Finding]:
        """What was found of single things; adds how many things there are. All are counted at once, and only where
        something was found it is asked who told of it."""
        wanted = dict.fromkeys(_THINGS, False)
        text = "\nUNION ALL\n".join(
            _sql("bases").replace("{name}", stream).replace("{things}", _things(stream)) for stream in _THINGS
        )
        for stream, base, n, findings in self._ask(text, unknown=self._unknown()):
            bases[str(base)] = int(n)
            wanted[str(stream)] |= bool(findings)
        return [found for stream, some in wanted.items() if some for found in self._of_things(stream)]

    def _of_things(self, stream: str) -> list[Finding]:
        text = _sql("by_source").replace("{things}", _things(stream))
        return [_finding(row, stream) for row in self._ask(_on(text, stream), unknown=self._unknown())]

    def subjects(self, check: str, stream: str) -> list[str]:
        """The subjects of a stream's things that a check found, in order."""
        sql = f"SELECT DISTINCT subject FROM ({_things(stream)}) WHERE has(kinds, {{kind:String}}) ORDER BY subject"
        return [str(subject) for (subject,) in self._ask(sql, kind=check, unknown=self._unknown())]

    def _unknown(self) -> list[str]:
        """The calls that things of the period name and the ledger does not have."""
        if self._unknown_calls is None:
            named = "\nUNION ALL\n".join(f"SELECT call FROM ({_sql(f'meant_{stream}')}) WHERE call != ''" for stream in _MEANT)
            calls = {str(call) for (call,) in self._ask(_sql("unknown").replace("{named}", named))}
            known = self._rows("in_ledger", calls=sorted(calls)) if calls else []
            self._unknown_calls = sorted(calls - {str(call) for (call,) in known})
        return self._unknown_calls

    def _apart(self, shared: int) -> list[Apart]:
        types = [declared.TYPE for declared in types_of("call")]
        named = [str(name) for (name,) in self._rows("types", bits=shared, types=types)] if shared else []
        rows = self._rows("apart", types=named) if named else []
        return [Apart(str(a), str(b), int(n), int(ms), str(example)) for a, b, n, ms, example in rows]

    def _letters(self) -> list[Letters]:
        rows = self._rows("dead_letters")
        return [Letters(str(s), str(r), int(n), int(done), int(tried), str(id_)) for s, r, n, done, tried, id_ in rows]

    def _silences(self, sources: list[Source], spoken: Mapping[str, Minutes]) -> None:
        """Adds each source's longest silence, and the sources that spoke before the period and are silent all through it."""
        ((calendar, hours),) = self._rows("opening")
        opening = opening_of(str(calendar), str(hours))
        known = {source.name: source for source in sources}
        for name, minutes in spoken.items():
            source = known.get(name) or Source(name)
            source.silence = silence(minutes, self._period, self._facts.cutoff, opening)
            if name not in known and source.silence is not None and source.silence.is_long:
                sources.append(source)


def _finding(row: Sequence[Any], stream: str) -> Finding:
    kind, name, n, worst, example, event = row
    return Finding(str(kind), str(name), int(n), None if worst is None else int(worst), stream, str(example), str(event))


def _of_arrivals(came: Arrivals) -> list[Finding]:
    found = {"late": came.late, "backfilled": came.backfilled}
    return [Finding(check, "", n) for check, n in found.items() if n]


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


def _things(stream: str) -> str:
    """The SELECT of the things of one stream in a period: ``base`` (what they are counted as), ``subject``, and ``kinds``: the
    checks that found something of it."""
    text = _sql(f"things_{stream}")
    return text.replace("{meant}", _sql(f"meant_{stream}")) if stream in _MEANT else text


def _union(name: str, streams: Iterable[str]) -> str:
    return "\nUNION ALL\n".join(_on(_sql(name), stream).replace("{name}", stream) for stream in streams)


def _on(text: str, stream: str) -> str:
    return text.replace("{stream:Identifier}", f"`{stream}`")


@cache
def _sql(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")
