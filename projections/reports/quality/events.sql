-- By source: the events of one stream in a period, how long after they happened they were recorded (live ones in bands, those
-- of a backfill apart), and how many say that they happened after they were recorded.
SELECT
    toString(source) AS name,
    count() AS n,
    countIf(backfill) AS backfilled,
    countIf(NOT backfill AND delay_ms <= 3600000) AS hour,
    countIf(NOT backfill AND delay_ms > 3600000 AND delay_ms <= 86400000) AS day,
    countIf(NOT backfill AND delay_ms > 86400000 AND delay_ms <= 604800000) AS week,
    countIf(NOT backfill AND delay_ms > 604800000) AS more,
    countIf(delay_ms < -{tolerance_ms:Int64}) AS future,
    quantileExactIf(0.5)(delay_ms, NOT backfill) AS median_ms,
    minIf(delay_ms, NOT backfill) AS least_ms,
    maxIf(delay_ms, NOT backfill) AS greatest_ms,
    argMin(subject, delay_ms) AS subject,
    toString(argMin(event_id, delay_ms)) AS event
FROM
(
    SELECT source, backfill, subject, event_id, intDiv(toUnixTimestamp64Micro(recorded_at) - toUnixTimestamp64Micro(occurred_at), 1000) AS delay_ms
    FROM {stream:Identifier}
    WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
)
GROUP BY name
ORDER BY name
