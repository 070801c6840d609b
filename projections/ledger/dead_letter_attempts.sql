-- Every try to make events of a dead letter, with what came of it.
CREATE TABLE IF NOT EXISTS dead_letter_attempts
(
    `letter` UUID,
    `at` DateTime64(6, 'UTC'),
    `outcome` LowCardinality(String),
    `reason` LowCardinality(String),
    `detail` String CODEC(ZSTD),
    `mapping` LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (letter, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
