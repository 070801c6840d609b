-- How far the topics beside the streams' (dead letters, imports) are in their tables: those know rows by their ids alone.
CREATE TABLE IF NOT EXISTS beside_positions
(
    `topic` LowCardinality(String),
    `partition` UInt16,
    `following` UInt64
)
ENGINE = ReplacingMergeTree(following)
ORDER BY (topic, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
