-- When a manifest was made, and which losses were accepted by whom: nothing is ever taken from it.
CREATE TABLE IF NOT EXISTS manifest_history
(
    `at` DateTime64(6, 'UTC'),
    `what` LowCardinality(String),
    `account` String,
    `host` String,
    `detail` String CODEC(ZSTD)
)
ENGINE = MergeTree
ORDER BY at
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
