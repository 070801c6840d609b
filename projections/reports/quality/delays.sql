-- By stream, source, delay (seconds, see told.sql), whether in a period or before it, and whether of a backfill: how many events, the least
-- and the greatest delay, bits of their types, and for each quarter hour bits of the minutes in which something was told.
-- In the place of `told` stands told.sql for each stream.
SELECT
    stream,
    toString(source) AS name,
    slot >= {start_slot:UInt32} AS here,
    backfill,
    delay_s,
    sum(n) AS events,
    min(least) AS least_ms,
    max(greatest) AS greatest_ms,
    groupBitOr(kinds) AS types,
    groupArray(slot) AS slots,
    groupArray(minutes) AS spoken
FROM ({told})
GROUP BY stream, name, here, backfill, delay_s
