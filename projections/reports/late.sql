-- Events of one stream that belong to a period and were recorded after a moment, those of a backfill apart; a stored copy
-- counts each time it was recorded. All in quarter hours since 1970, in the words of the projection `arrivals`
-- (ledger/tables.py), so that the engine reads one row for thousands of events. The limits and the moment are full quarter
-- hours; what was recorded at the very moment is in time.
SELECT backfill, count() AS n
FROM {stream:Identifier}
WHERE tenant = {tenant:String}
    AND toUInt32(intDiv(toUnixTimestamp64Micro(occurred_at), 900000000)) >= {start_slot:UInt32}
    AND toUInt32(intDiv(toUnixTimestamp64Micro(occurred_at), 900000000)) < {stop_slot:UInt32}
    AND toUInt32(intDiv(toUnixTimestamp64Micro(recorded_at) - 1, 900000000)) >= {late_slot:UInt32}
GROUP BY backfill
