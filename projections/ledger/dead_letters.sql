-- Records that could not become events; the id comes from the record, so that reading it again adds nothing.
CREATE TABLE IF NOT EXISTS dead_letters
(
    `id` UUID,
    `tenant` LowCardinality(String),
    `source` LowCardinality(String),
    `format` LowCardinality(String),
    `file` LowCardinality(String),
    `line` UInt64,
    `mapping` LowCardinality(String),
    `reason` LowCardinality(String),
    `detail` String CODEC(ZSTD),
    `raw` String CODEC(ZSTD),
    `length` UInt64,
    `sha256` String,
    `first_seen` DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
