-- Pairs of sources that tell of the same step of the same call: by how much the second's clock is ahead of the first's.
-- `types` are those that more than one source tells of.
SELECT pair.1 AS name, pair.2 AS other, count() AS n, quantileExact(0.5)(pair.3) AS median_ms, min(subject) AS example
FROM
(
    SELECT subject, arrayJoin(arrayMap(
        x -> (told[1].1, x.1, intDiv(toUnixTimestamp64Micro(x.2) - toUnixTimestamp64Micro(told[1].2), 1000)), arrayPopFront(told))) AS pair
    FROM
    (
        SELECT subject, type, arraySort(groupArray((name, at))) AS told
        FROM
        (
            SELECT subject, type, toString(source) AS name, min(occurred_at) AS at
            FROM call
            WHERE tenant = {tenant:String} AND type IN {types:Array(String)}
                AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
                AND subject IN
                (
                    SELECT subject
                    FROM call
                    WHERE tenant = {tenant:String} AND type IN {types:Array(String)}
                        AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
                    GROUP BY subject
                    HAVING uniqExact(source) > 1
                )
            GROUP BY subject, type, name
        )
        GROUP BY subject, type
        HAVING length(told) > 1
    )
)
GROUP BY name, other
ORDER BY name, other
