-- The rows of one question to the ledger; emptied for the next, empty after a restart.
CREATE TABLE IF NOT EXISTS asked_events
(
    `row` UInt32,
    `tenant` String,
    `source` String,
    `event_id` UUID,
    `payload` String,
    `payload_hash` UInt64 DEFAULT xxh3(payload)
)
ENGINE = Memory
