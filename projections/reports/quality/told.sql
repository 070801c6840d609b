-- The events of one stream from some weeks before a period to its end; `here`: of the period.
SELECT
    '{name}' AS stream,
    source,
    type,
    backfill,
    occurred_at >= {start:DateTime64(6, 'UTC')} AS here,
    here AND NOT backfill AS live,
    intDiv(toUnixTimestamp64Micro(recorded_at) - toUnixTimestamp64Micro(occurred_at), 1000) AS delay_ms,
    toUInt32(intDiv(toUnixTimestamp64Micro(occurred_at), 60000000)) AS minute
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
