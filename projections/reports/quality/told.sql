-- The events of one stream from some weeks before a period to its end, by source, quarter hour since 1970 and delay: in the words of
-- the projection `told` (ledger/tables.py), so that the engine reads one row for many events. The limits are full quarter hours.
WITH
    intDiv(toUnixTimestamp64Micro(recorded_at) - toUnixTimestamp64Micro(occurred_at), 1000) AS ms,
    multiIf(abs(ms) <= 60000, 1000, abs(ms) <= 86400000, 60000, 3600000) AS step
SELECT
    '{name}' AS stream,
    source,
    backfill,
    toUInt32(intDiv(toUnixTimestamp64Micro(occurred_at), 900000000)) AS slot,
    sign(ms) * toInt64(intDiv(abs(ms) + step - 1, step) * intDiv(step, 1000)) AS delay_s,
    count() AS n,
    min(ms) AS least,
    max(ms) AS greatest,
    groupBitOr(bitShiftLeft(toUInt16(1), positiveModulo(intDiv(toUnixTimestamp64Micro(occurred_at), 60000000), 15))) AS minutes,
    groupBitOr(bitShiftLeft(toUInt64(1), cityHash64(type) % 61)) AS kinds
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND slot >= {since_slot:UInt32} AND slot < {stop_slot:UInt32}
GROUP BY source, backfill, slot, delay_s
