"""The ledger tables' DDL, one table a stream, derived from the declarations."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType

from clickhouse_connect.driver.binding import format_query_value

from opsledger.domain.catalogue import STREAMS, column_name, columns_of
from opsledger.domain.fields import Kind
from opsledger.projections.ledger.sql import sql

_TYPES: dict[Kind, str] = {
    Kind.NAME: "LowCardinality(String)",
    Kind.TEXT: "String CODEC(ZSTD)",
    Kind.CHOICE: "LowCardinality(String)",
    Kind.INT: "Nullable(Int64)",
    Kind.DECIMAL: "Nullable(Decimal(18, 4))",
    Kind.TIME: "Nullable(DateTime64(6, 'UTC'))",
    Kind.BOOL: "Nullable(Bool)",
    Kind.ID: "UUID",
    Kind.IDS: "Array(UUID)",
    Kind.ITEMS: "String CODEC(ZSTD)",
    Kind.DOCUMENT: "String CODEC(ZSTD)",
}
_ENVELOPE = (
    ("tenant", "LowCardinality(String)"),
    ("subject", "String"),
    ("occurred_at", "DateTime64(6, 'UTC')"),
    ("type", "LowCardinality(String)"),
    ("version", "UInt16"),
    ("event_id", "UUID"),
    ("vendor", "LowCardinality(String)"),
    ("source", "LowCardinality(String)"),
    ("actor", "LowCardinality(String)"),
    ("caused_by", "UUID"),
    ("corrects", "UUID"),
    ("corrects_source", "LowCardinality(String) DEFAULT source"),
)
_PLACE = (
    ("payload", "String CODEC(ZSTD)"),
    ("payload_hash", "UInt64 DEFAULT xxh3(payload) CODEC(NONE)"),
    ("topic", "LowCardinality(String)"),
    ("partition", "UInt16"),
    ("offset", "UInt64 CODEC(Delta, ZSTD)"),
    ("recorded_at", "DateTime64(6, 'UTC') CODEC(Delta, ZSTD)"),
    ("backfill", "Bool DEFAULT false"),
)
DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1"
"""What was reported as stored must also outlive a power cut; merged parts keep their sources for some minutes."""
COMPACT_BYTES = 256 * 1024 * 1024
"""A part smaller than this is one file instead of some for each column: fewer to write and to sync in an import."""
_PLACES = "INDEX places offset TYPE minmax GRANULARITY 65536"
"""One entry a part: who reads the log from an offset on looks only into the parts that hold it."""
_HAPPENED = "toUInt32(intDiv(toUnixTimestamp64Micro(occurred_at), 900000000))"
_CAME = "toUInt32(intDiv(toUnixTimestamp64Micro(recorded_at) - 1, 900000000))"
_DELAY = """WITH
        intDiv(toUnixTimestamp64Micro(recorded_at) - toUnixTimestamp64Micro(occurred_at), 1000) AS ms,
        multiIf(abs(ms) <= 60000, 1000, abs(ms) <= 86400000, 60000, 3600000) AS step"""
_KEYS = (
    f"tenant, {_HAPPENED}, {_CAME}, source, backfill, sign(ms) * toInt64(intDiv(abs(ms) + step - 1, step) * intDiv(step, 1000))"
)
_MINUTES = "groupBitOr(bitShiftLeft(toUInt16(1), positiveModulo(intDiv(toUnixTimestamp64Micro(occurred_at), 60000000), 15)))"
_KINDS = "groupBitOr(bitShiftLeft(toUInt64(1), cityHash64(type) % 61))"
PROJECTION = "told"
_TOLD = f"""PROJECTION {PROJECTION}
    (
        {_DELAY}
        SELECT {_KEYS},
            count(), min(ms), max(ms), {_MINUTES}, {_KINDS}
        GROUP BY {_KEYS}
    )"""
"""How many events a source told of which quarter hour, and in which they were recorded: what came late of a month, how long
after it happened, and when sources spoke is counted in milliseconds. The delay is in seconds, away from zero to a full second,
from a minute on to a full minute, from a day on to a full hour. Bits say in which minutes of the quarter hour something was
told, and which types there are (61: no two types of calls have one bit). Who asks uses the very same words: reports/late.sql,
reports/quality/told.sql."""
_IF_NEW = _TOLD.replace("PROJECTION ", "PROJECTION IF NOT EXISTS ", 1)
PROJECTED = "projection "
"""So the name of a projection begins among a table's columns."""
_FORMER = "arrivals"
"""A projection that older ledgers have in its place."""
_BESIDE = (
    "asked_events",
    "dead_letters",
    "dead_letter_attempts",
    "imports",
    "log_topics",
    "beside_positions",
    "manifest",
    "manifest_history",
)
"""Tables beside the ledger's: their SQL files have the same names."""
_PASSING = "asked_events"
LEDGER = frozenset({*STREAMS, *_BESIDE, "facts_journal"} - {_PASSING})
"""The tables that nothing is ever taken from. The journal of the facts is one: what was known when can be worked out from
nothing else."""
DEDUPLICATED_INSERTS = 200
"""So many last inserts of a stream are known by their tokens."""
ORDER_BY = "tenant, subject, occurred_at, offset"


def columns(stream: str) -> tuple[tuple[str, str], ...]:
    """(column, ClickHouse type) of a stream's ledger table."""
    data = tuple((column_name(s.name), _TYPES[s.rule.kind]) for s in columns_of(stream))
    return (*_ENVELOPE, *data, *_PLACE)


def create_table(stream: str) -> str:
    """The CREATE TABLE statement of a stream's ledger table. Unpartitioned, so that an insert lands whole."""
    lines = ",\n    ".join([*(f"`{name}` {type_}" for name, type_ in columns(stream)), _PLACES, _TOLD])
    return (
        f"CREATE TABLE IF NOT EXISTS `{stream}`\n(\n    {lines}\n)\n"
        f"ENGINE = MergeTree\nORDER BY ({ORDER_BY})\nSETTINGS index_granularity = 512, "
        f"min_bytes_for_wide_part = {COMPACT_BYTES}, {DURABLE}"
    )


def additions(
    present: Mapping[str, Set[str]], aimed: Mapping[str, Mapping[str, str]] = MappingProxyType({})
) -> tuple[str, ...]:
    """The ALTER TABLE statements that give an older ledger's tables (name → columns, projections) what was declared since.

    A field that was not declared could not be stored, so the column's empty value is right for every row before. ``aimed`` has,
    by stream, the events of before that correct one of another source, with that source: they take effect as they did.
    A projection is made of the rows before in the background; a question reads the rows of parts that do not have it yet.
    """
    found = []
    for stream in (stream for stream in STREAMS if stream in present):
        fields = ((column_name(s.name), _TYPES[s.rule.kind]) for s in columns_of(stream))
        missing = [f"ADD COLUMN `{name}` {type_}" for name, type_ in fields if name not in present[stream]]
        if "corrects_source" not in present[stream]:
            missing.append(f"ADD COLUMN `corrects_source` {_aimed(aimed.get(stream, {}))} AFTER `corrects`")
        found += [f"ALTER TABLE `{stream}` {', '.join(missing)}"] if missing else []
        if f"{PROJECTED}{PROJECTION}" not in present[stream]:
            changes = f"DROP PROJECTION IF EXISTS {_FORMER}", f"ADD {_IF_NEW}", f"MATERIALIZE PROJECTION {PROJECTION}"
            found += [f"ALTER TABLE `{stream}` {change}" for change in changes]
    if "tenant" not in present.get(_PASSING, {"tenant"}):
        found.append(
            f"ALTER TABLE `{_PASSING}` ADD COLUMN `tenant` String AFTER `row`, ADD COLUMN `source` String AFTER `tenant`"
        )
    return tuple(found)


def _aimed(sources: Mapping[str, str]) -> str:
    """Type and default of ``corrects_source`` in a ledger that had none: no row is written, what is not there is worked out."""
    name, type_ = "source", "LowCardinality(String)"
    if not sources:
        return f"{type_} DEFAULT {name}"
    ids, named = (f"[{', '.join(map(_quoted, each))}]" for each in (sources, sources.values()))
    return f"{type_} DEFAULT transform(toString(event_id), {ids}, {named}, toString({name}))"


def _quoted(text: str) -> str:
    return str(format_query_value(text))


def deduplication() -> tuple[str, ...]:
    """The ALTER TABLE statements that let an insert which is sent again with its token be known by it.

    It pays where an answer can be lost, over a network: the rows are not stored a second time. It is a saving only: readers
    take one row of each place. Replicated tables know their last inserts without it.
    """
    setting = f"non_replicated_deduplication_window = {DEDUPLICATED_INSERTS}"
    return tuple(f"ALTER TABLE `{stream}` MODIFY SETTING {setting}" for stream in STREAMS)


def create_once_view(stream: str) -> str:
    """The CREATE VIEW statement of ``<stream>_once``: what a reader counts of a stream, see ``once.sql``."""
    return f"CREATE OR REPLACE VIEW `{stream}_once` AS\n" + sql("once").replace("{stream:Identifier}", f"`{stream}`")


def statements() -> tuple[str, ...]:
    """Every statement that a new ledger needs, in order; each may be run again."""
    made = [statement for stream in STREAMS for statement in (create_table(stream), create_once_view(stream))]
    return (*made, *map(sql, _BESIDE))
