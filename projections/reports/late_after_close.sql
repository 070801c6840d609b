-- As late.sql, for a month that was closed: the moment may be any, so every event of the period is looked at.
SELECT backfill, count() AS n
FROM {stream:Identifier}
WHERE tenant = {tenant:String}
    AND occurred_at >= {start:DateTime64(6, 'UTC')}
    AND occurred_at < {stop:DateTime64(6, 'UTC')}
    AND recorded_at > {late:DateTime64(6, 'UTC')}
GROUP BY backfill
