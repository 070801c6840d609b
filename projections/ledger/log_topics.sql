-- The topics of the log that this ledger was made from, as they were when it first met them: one ledger, one log.
CREATE TABLE IF NOT EXISTS log_topics
(
    `topic` LowCardinality(String),
    `topic_id` UUID,
    `cluster_id` LowCardinality(String),
    `partitions` UInt16,
    `first_seen` DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (topic, first_seen)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
