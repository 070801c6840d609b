"""What clickhouse-connect, its SQLAlchemy dialect and Superset's charts send, in their own spelling."""

from __future__ import annotations

CONNECTING = (
    "SELECT version(), timezone()",
    "SELECT name, value, readonly FROM system.settings LIMIT 10000",
    "SELECT 1 AS check",
    "SELECT currentDatabase()",
    "SELECT timezone()",
)
LOOKING = (
    "SHOW DATABASES",
    "EXISTS DATABASE `reading`",
    "SHOW TABLES",
    "SHOW TABLES FROM `reading`",
    "EXISTS TABLE `reading`.`calls`",
    "DESCRIBE TABLE `reading`.`calls`",
    "SELECT engine, engine_full, comment FROM system.tables WHERE database = 'reading' AND name = 'calls'",
    "SELECT name FROM system.tables WHERE database = 'reading' AND engine IN ('View', 'WindowView') ORDER BY name",
    "SELECT name FROM system.tables WHERE database = 'reading' AND engine = 'MaterializedView' ORDER BY name",
    "SELECT name, type FROM system.columns WHERE database = 'reading' AND table = 'calls'",
    "SELECT name FROM system.functions",
    "SELECT name FROM system.functions UNION ALL SELECT name FROM system.table_functions LIMIT 10000",
)
_DAY = "toDateTime(`started_at`)"
_GRAINS = (
    "`started_at`",
    *(f"toStartOf{unit}({_DAY})" for unit in ("Minute", "Hour", "Day", "Month", "Quarter", "Year")),
    *(f"toDateTime(intDiv(toUInt32({_DAY}), {seconds})*{seconds})" for seconds in (300, 600, 900, 1800)),
    f"toMonday({_DAY})",
    f"toStartOfInterval({_DAY}, INTERVAL 15 MINUTE)",
    f"toStartOfWeek({_DAY}, 1)",
    f"date_trunc('hour', {_DAY})",
)
_GRAINED = tuple(
    f"SELECT {grain} AS `__timestamp`, count(*) AS `count` FROM `reading`.`calls`\n"
    "GROUP BY `__timestamp` ORDER BY `count` DESC\nLIMIT 1000"
    for grain in _GRAINS
)
_SINCE = "toDateTime('2026-01-01 00:00:00')"
CHARTS = (
    *_GRAINED,
    "SELECT * FROM (SELECT * FROM reading.calls) AS virtual_table LIMIT 1000",
    "SELECT * FROM `reading`.`calls`\nLIMIT 100",
    "SELECT DISTINCT `vendor` AS `vendor` FROM `reading`.`calls` LIMIT 1000",
    (
        "SELECT `vendor` AS `vendor`, COUNT(*) AS `count`, COUNT(DISTINCT `call`) AS `COUNT_DISTINCT(call)_1f2e3d`\n"
        f"FROM `reading`.`calls` WHERE `started_at` >= {_SINCE} AND `started_at` < {_SINCE} + INTERVAL 1 YEAR\n"
        "GROUP BY `vendor` ORDER BY `count` DESC\nLIMIT 1000\nOFFSET 0"
    ),
    "SELECT count(*) AS `rowcount` FROM (SELECT `vendor` FROM `reading`.`calls` GROUP BY `vendor`) AS rowcount_qry",
    (
        "SELECT min(`started_at`), max(`started_at`), sum(`talk_ms`) / nullIf(count(), 0), quantile(0.95)(`talk_ms`)\n"
        "FROM `reading`.`calls` WHERE `vendor` IN ('xinhe', 'other') AND NOT (`tenant` LIKE 'x%' OR `tenant` ILIKE '%y')"
    ),
    "SELECT CASE WHEN `answered` THEN 'yes' ELSE 'no' END AS `a`, avg(`talk_ms`) FROM `reading`.`calls` GROUP BY `a`",
    "WITH some AS (SELECT vendor, count() AS n FROM reading.calls GROUP BY vendor) SELECT * FROM some -- of a chart",
    (
        "SELECT c.vendor, l.n FROM reading.calls AS c JOIN (SELECT call, count() AS n FROM reading.legs GROUP BY call) AS l\n"
        "ON c.call = l.call ORDER BY 1 LIMIT 10 WITH TIES"
    ),
    (
        "SELECT vendor, sum(n) OVER (PARTITION BY vendor ORDER BY n) FROM "
        "(SELECT vendor, toHour(started_at) AS n FROM reading.calls) GROUP BY vendor, n"
    ),
    "EXPLAIN SYNTAX SELECT vendor, count() FROM reading.calls GROUP BY vendor",
    "EXPLAIN AST SELECT 1",
)
EXPLAINING = (
    "EXPLAIN SELECT vendor FROM reading.calls",
    "EXPLAIN PLAN indexes = 1 SELECT vendor FROM reading.calls",
    "EXPLAIN ESTIMATE SELECT count() FROM default.calls",
    "EXPLAIN PIPELINE SELECT count() FROM default.calls",
)
WRITING = (
    "CREATE DATABASE IF NOT EXISTS mine",
    (
        "CREATE TABLE mine.a (`x` UInt32, `y` LowCardinality(Nullable(String)), `z` DateTime64(6, 'UTC') CODEC(ZSTD(1)))"
        " ENGINE = ReplacingMergeTree ORDER BY x PARTITION BY toYYYYMM(z) SETTINGS index_granularity = 1024 COMMENT 'a'"
    ),
    (
        "CREATE TABLE mine.j (`j` JSON(a.b Int64, `c d` Array(Nullable(String)), max_dynamic_paths=8, SKIP e.f, "
        "SKIP REGEXP 'g.*')) ENGINE = MergeTree ORDER BY tuple()"
    ),
    "ALTER TABLE mine.a ADD COLUMN `j` JSON(typed Tuple(k Int8, l Enum8('m' = 1)))",
    "CREATE TEMPORARY TABLE passing (a JSON(b UUID))",
    "INSERT INTO mine.a (`x`, `y`) FORMAT Native",
    "INSERT INTO mine.a (x, y) VALUES (1, 'a'), (2, NULL)",
    "INSERT INTO mine.a (x, y, z) SELECT number, toString(number), now64(6) FROM numbers(10)",
    "CREATE OR REPLACE VIEW mine.v AS SELECT x, count() AS n FROM mine.a GROUP BY x",
    "OPTIMIZE TABLE mine.a FINAL",
    "DELETE FROM mine.a WHERE x = 1",
    "SHOW CREATE TABLE mine.a",
    "TRUNCATE TABLE mine.a",
    "DROP TABLE IF EXISTS mine.a",
    "DROP DATABASE IF EXISTS mine",
)
