-- By source: events recorded after one of the same thing that happened later (the worst: by how much), and events stored at
-- more places than one (each further place counts). In the place of `tangled` stands
-- tangled.sql: the things worth a look.
WITH placed AS
(
    SELECT toString(source) AS name, subject, event_id, occurred_at, offset, row_number() OVER (PARTITION BY event_id ORDER BY offset) AS copy
    FROM {stream:Identifier}
    WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
        AND subject IN ({tangled})
)
SELECT 'out_of_order' AS kind, name, count() AS n, max(back_ms) AS worst_ms, argMax(subject, back_ms) AS example, toString(argMax(event_id, back_ms)) AS event
FROM
(
    SELECT *, intDiv(toUnixTimestamp64Micro(latest) - toUnixTimestamp64Micro(occurred_at), 1000) AS back_ms
    FROM (SELECT *, max(occurred_at) OVER (PARTITION BY subject ORDER BY offset) AS latest FROM placed WHERE copy = 1)
    WHERE latest > occurred_at
)
GROUP BY name
UNION ALL
SELECT 'stored_twice', name, count(), NULL, min(subject), toString(argMin(event_id, subject))
FROM placed
WHERE copy > 1
GROUP BY name
