-- The first offset that is missing below the last one of a partition whose offsets have no gaps; no row where none is.
SELECT min(expected)
FROM (
    SELECT offset, lagInFrame(toInt64(offset) + 1, 1, 0) OVER (ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        AS expected
    FROM {stream:Identifier}
    WHERE topic = {topic:String} AND partition = {partition:UInt16}
)
WHERE offset > expected
HAVING count() > 0
