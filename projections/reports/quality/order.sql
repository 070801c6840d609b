-- By source: events recorded after one of the same thing that happened later (the worst: by how much), and events stored at
-- more places than one (each further place counts). In the place of the word tangled stands tangled.sql: the things worth a look.
SELECT
    if(copy > 1, 'stored_twice', 'out_of_order') AS kind,
    name,
    count() AS n,
    if(copy > 1, NULL, max(back_ms)) AS worst_ms,
    argMax(subject, (back_ms, subject)) AS example,
    toString(argMax(event_id, (back_ms, subject))) AS event
FROM
(
    SELECT *, intDiv(toUnixTimestamp64Micro(latest) - toUnixTimestamp64Micro(occurred_at), 1000) AS back_ms
    FROM
    (
        SELECT
            *,
            -- a further copy says nothing of the order
            max(if(copy = 1, occurred_at, toDateTime64(0, 6, 'UTC'))) OVER (PARTITION BY subject ORDER BY offset) AS latest
        FROM
        (
            SELECT
                toString(source) AS name, subject, event_id, occurred_at, offset,
                least(row_number() OVER (PARTITION BY name, event_id ORDER BY offset), 2) AS copy
            FROM {stream:Identifier}
            WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
                AND subject IN ({tangled})
        )
    )
    WHERE copy > 1 OR latest > occurred_at
)
GROUP BY copy, name
