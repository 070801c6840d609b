"""What a ledger has to hold: rows and last offset of each stream and partition, and how a ledger differs from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from opsledger.domain.catalogue import STREAMS
from opsledger.projections.ledger.tables import LEDGER

Place = tuple[str, int]
"""(topic, partition)"""
NONE = -1
"""The last offset where there is no row."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of one partition a ledger holds: its rows, copies of a place counted; its last offset, ``NONE`` without rows;
    and the offset that a local log gives next, which never falls: after a loss that was accepted it is above ``last`` + 1."""

    rows: int = 0
    last: int = NONE
    next: int = 0

    def grown(self, rows: int, last: int) -> Extent:
        """With so many more rows, the last of them at an offset."""
        return Extent(self.rows + rows, max(self.last, last), max(self.next, last + 1))

    def joined(self, other: Extent) -> Extent:
        """The larger of each: of two that speak of one partition neither is ahead of the disk."""
        return Extent(max(self.rows, other.rows), max(self.last, other.last), max(self.next, other.next))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was in the ledger after the last insert that is on the disk. ``aside``: parts (``table/folder``) in the engine's
    ``detached`` folders of which was told before."""

    places: Mapping[Place, Extent] = field(default_factory=dict)
    aside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LedgerFound:
    """What is in the ledger now.

    ``facts``: how far its facts say that it went, by (stream, partition). ``gaps``: the first offset that is missing below the
    last one, for partitions of a local log, whose offsets have no gaps. ``aside``: as in the manifest.
    """

    places: Mapping[Place, Extent] = field(default_factory=dict)
    facts: Mapping[Place, int] = field(default_factory=dict)
    gaps: Mapping[Place, int] = field(default_factory=dict)
    aside: frozenset[str] = frozenset()


class Damage(StrEnum):
    """What a finding is about."""

    MISSING = "missing"
    """The ledger holds fewer rows than its manifest says, or ends before."""
    FACTS_AHEAD = "facts ahead"
    """The facts were made of more than ledger and manifest know."""
    ASIDE = "set aside"
    """The engine found a part of a table broken, and does not read it."""
    UNREADABLE = "manifest unreadable"
    """Damaged, edited by hand, gone, or of a later version of the program."""
    GONE = "table gone"
    """A table of the ledger that is no stream's, or had no rows, is not there."""
    TWICE = "twice"
    """More rows than offsets were given out here: a part was copied, or put in another's place."""
    BEHIND = "manifest behind"
    """The ledger holds more: a process ended between an insert and its note, or an older manifest was brought back."""


@dataclass(frozen=True, slots=True)
class LedgerFinding:
    """One difference: where, what is said, what is there, and what to do. ``stream`` is '' where the whole ledger is meant.

    ``refuses``: whether nothing may be written, reported or made anew over it. ``lost``: rows that are missing, from the
    offset ``first_lost`` on, ``NONE`` where that is not known.
    """

    damage: Damage
    stream: str
    partition: int
    said: str
    found: str
    todo: str
    refuses: bool = True
    lost: int = 0
    first_lost: int = NONE

    def __str__(self) -> str:
        where = f"stream '{self.stream}', partition {self.partition}: " if self.stream else ""
        return f"{where}{self.said}; {self.found}; {self.todo}"


def stream_of(place: Place) -> str:
    """The stream of a topic: a local log's has the stream's name, Kafka's end with it."""
    return place[0].rpartition(".")[2]


def is_local(place: Place) -> bool:
    """Whether offsets of a place are given here, without gaps."""
    return place[0] in STREAMS


def compare(said: Manifest | None, found: LedgerFound) -> list[LedgerFinding]:
    """How a ledger differs from its manifest, what refuses first; empty where it does not. None: it has none yet.

    A part that was set aside refuses only where rows may be missing for it.
    """
    places = said.places if said else {}
    findings = [each for place in sorted(places) for each in _missing(place, places[place], found)]
    findings += _facts_ahead(places, found)
    doubtful = said is None or bool(findings)
    aside = sorted(found.aside - (said.aside if said else frozenset()))
    findings += [_aside(part, refuses=doubtful and part.partition("/")[0] in STREAMS, found=found) for part in aside]
    if said is not None:
        findings += [each for place in sorted(found.places) for each in _behind(place, places.get(place, Extent()), found)]
    return sorted(findings, key=lambda each: not each.refuses)


def followed(said: Manifest | None, found: LedgerFound) -> Manifest:
    """The manifest that takes what is there as it is. The next offset never falls: what was lost keeps its offsets."""
    known = dict(said.places) if said else {}
    every = {**known, **found.places}
    ends = {_named(place, every): following for place, following in found.facts.items()}
    places = {}
    for place in {*every, *ends}:
        now = found.places.get(place, Extent())
        after = max(now.last + 1, known.get(place, Extent()).next, ends.get(place, 0))
        places[place] = Extent(now.rows, now.last, after)
    return Manifest(places, found.aside)


def joined(said: Manifest, noted: Manifest) -> Manifest:
    """What was noted apart from a manifest, taken into it."""
    more = {place: extent.joined(said.places.get(place, Extent())) for place, extent in noted.places.items()}
    return Manifest({**said.places, **more}, said.aside)


def refusal(findings: Iterable[LedgerFinding]) -> str:
    """What stands against going on, a line each; '' where nothing does."""
    against = [each for each in findings if each.refuses]
    more = [f"and {len(against) - _SHOWN} more"] if len(against) > _SHOWN else []
    return "\n  ".join([*map(str, against[:_SHOWN]), *more])


def uncounted(why: str) -> LedgerFinding:
    """The rows of a ledger that differs from its manifest cannot be read."""
    said = "the ledger differs from its manifest"
    return LedgerFinding(Damage.UNREADABLE, "", 0, said, f"its rows cannot be counted: {why}", RESTORE)


def gone(table: str) -> LedgerFinding:
    """A table of the ledger is not there."""
    there = "the manifest counts no rows of it; what it held is not known"
    return LedgerFinding(Damage.GONE, "", 0, f"the ledger's table '{table}' is gone", there, f"{RESTORE}, {ANYWAY}")


_SHOWN = 8
RESTORE = "bring a backup back (opsledger restore)"
_KAFKA = "make the ledger anew from the log (opsledger sink into an empty data directory or database)"
ANYWAY = "or go on without what is missing, on record: opsledger --accept-loss COMMAND"


def _todo(places: Iterable[Place]) -> str:
    return f"{RESTORE if all(map(is_local, places)) else _KAFKA}, {ANYWAY}"


def _held(extent: Extent) -> str:
    return f"{extent.rows:,} rows up to offset {extent.last:,}" if extent.last != NONE else "no rows"


def _missing(place: Place, said: Extent, found: LedgerFound) -> Iterable[LedgerFinding]:
    now = found.places.get(place, Extent())
    if now.rows >= said.rows and now.last >= said.last:
        return
    lost = max(said.rows - now.rows, 0)
    first = found.gaps.get(place, now.last + 1 if now.last < said.last else NONE)
    since = f", from offset {first:,} on" if first != NONE else ""
    there = f"the ledger holds {_held(now)}: {lost:,} are missing{since}"
    told = f"the manifest says {_held(said)}"
    yield LedgerFinding(Damage.MISSING, stream_of(place), place[1], told, there, _todo([place]), lost=lost, first_lost=first)


def _named(place: Place, every: Iterable[Place]) -> Place:
    """The (topic, partition) of a (stream, partition)."""
    return next((each for each in every if (stream_of(each), each[1]) == place), place)


def _facts_ahead(said: Mapping[Place, Extent], found: LedgerFound) -> Iterable[LedgerFinding]:
    """What the manifest knows of was named as missing, or its loss was accepted."""
    every = {**said, **found.places}
    for place, following in sorted(found.facts.items()):
        named = _named(place, every)
        known = max(said.get(named, Extent()).next, found.places.get(named, Extent()).last + 1)
        if following <= known:
            continue
        told = f"the facts were made of events up to offset {following - 1:,}"
        there = f"the ledger ends at offset {known - 1:,}" if known else "the ledger holds none"
        todo = _todo(every or [place])
        yield LedgerFinding(Damage.FACTS_AHEAD, *place, told, there, todo, lost=following - known, first_lost=known)


def _aside(part: str, *, refuses: bool, found: LedgerFound) -> LedgerFinding:
    table, _, folder = part.partition("/")
    told, there = f"part {folder} of table '{table}' is set aside and not read", "no row of the ledger is missing for it"
    todo = "look whether the disk is sound" if table in STREAMS else "make the facts anew: opsledger rebuild"
    if refuses:
        there, todo = "its rows may be missing", _todo(found.places)
    elif table in LEDGER and table not in STREAMS:
        there, todo = "the manifest counts no rows of this table", RESTORE
    return LedgerFinding(Damage.ASIDE, table if table in STREAMS else "", 0, told, there, todo, refuses)


def _behind(place: Place, said: Extent, found: LedgerFound) -> Iterable[LedgerFinding]:
    now = found.places[place]
    if now.rows <= said.rows and now.last <= said.last:
        return
    told, there = f"the manifest says {_held(said)}", f"the ledger holds {_held(now)}"
    twice = now.rows - said.rows - max(now.last - said.last, 0)
    if is_local(place) and twice > 0:
        there += f": {twice:,} are there twice, and in their place others may be missing"
        yield LedgerFinding(Damage.TWICE, stream_of(place), place[1], told, there, _todo([place]))
        return
    yield LedgerFinding(Damage.BEHIND, stream_of(place), place[1], told, there, "the manifest follows", refuses=False)
