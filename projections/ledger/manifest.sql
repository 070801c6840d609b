-- How far a ledger that is reached over the network goes, as its writers have noted after their inserts. A larger epoch stands for
-- a loss that was accepted: what was noted before it counts no longer. The empty topic says that there is a manifest. Inserts are
-- not synced: what a power cut takes of them leaves a manifest that is behind the ledger.
CREATE TABLE IF NOT EXISTS manifest
(
    `epoch` UInt32,
    `topic` LowCardinality(String),
    `partition` UInt16,
    `rows` UInt64,
    `last` Int64,
    `next` UInt64
)
ENGINE = ReplacingMergeTree(rows)
ORDER BY (epoch, topic, partition)
