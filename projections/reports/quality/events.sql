-- By source: the events of one stream that say that they happened after they were recorded, and which says so most.
SELECT toString(source) AS name, count() AS n, argMin(subject, delay_ms) AS subject, toString(argMin(event_id, delay_ms)) AS event
FROM
(
    SELECT source, subject, event_id, intDiv(toUnixTimestamp64Micro(recorded_at) - toUnixTimestamp64Micro(occurred_at), 1000) AS delay_ms
    FROM {stream:Identifier}
    WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
)
WHERE delay_ms < -{tolerance_ms:Int64}
GROUP BY name
