-- Every state that an import reached; the latest of each counts. A killed import stays 'running'.
CREATE TABLE IF NOT EXISTS imports
(
    `id` UUID,
    `tenant` LowCardinality(String),
    `source` LowCardinality(String),
    `format` LowCardinality(String),
    `file` String,
    `mapping` LowCardinality(String),
    `backfill` Bool,
    `started_at` DateTime64(6, 'UTC'),
    `at` DateTime64(6, 'UTC'),
    `state` LowCardinality(String),
    `problem` String,
    `read` UInt64,
    `accepted` UInt64,
    `duplicate` UInt64,
    `dead` UInt64,
    `events` UInt64,
    `events_duplicate` UInt64,
    `corrected` UInt64,
    `reasons` Map(String, UInt64),
    `columns` Array(String)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (started_at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
