-- Records that imports begun in the period read, and those of them that were known already, by source.
SELECT name, sum(read) AS records, sum(duplicate) AS duplicates, argMax(file, duplicate) AS example
FROM
(
    SELECT argMax(toString(source), at) AS name, argMax(file, at) AS file, argMax(read, at) AS read, argMax(duplicate, at) AS duplicate
    FROM imports
    WHERE tenant = {tenant:String} AND started_at >= {start:DateTime64(6, 'UTC')} AND started_at < {stop:DateTime64(6, 'UTC')}
    GROUP BY id
)
GROUP BY name
ORDER BY name
