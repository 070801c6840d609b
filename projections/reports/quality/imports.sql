-- Records that imports begun in the period read, and those of them that were known already, by source.
SELECT name, sum(read) AS records, sum(duplicate) AS duplicates, argMax(file, duplicate) AS example
FROM
(
    -- of two states of one moment that which has read more is the later
    SELECT
        any(toString(source)) AS name, any(file) AS file, argMax(imports.read, (at, imports.read)) AS read,
        argMax(imports.duplicate, (at, imports.read)) AS duplicate
    FROM imports
    WHERE tenant = {tenant:String} AND started_at >= {start:DateTime64(6, 'UTC')} AND started_at < {stop:DateTime64(6, 'UTC')}
    GROUP BY id
)
GROUP BY name
ORDER BY name
