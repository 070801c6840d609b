-- The things of one stream whose events of a period were recorded in another order than they happened, or more than once.
SELECT subject
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
GROUP BY subject
HAVING count() > 1 AND
    (
        arrayExists(step -> step < 0, arrayDifference(arrayMap(x -> x.2, arraySort(groupArray((offset, toUnixTimestamp64Micro(occurred_at)))))))
        OR uniqExact(event_id) < count()
    )
