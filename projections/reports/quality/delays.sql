-- By stream and source: the events of a period, how long after they happened they were recorded (live ones in bands, those of a
-- backfill apart), how many say that they happened after they were recorded, which types there are; and the minutes (since
-- 1970) in which something was told of, from some weeks before the period on. In the place of `told` stands told.sql for each stream.
SELECT
    stream,
    toString(source) AS name,
    countIf(here) AS n,
    countIf(here AND backfill) AS backfilled,
    countIf(live AND delay_ms <= 3600000) AS hour,
    countIf(live AND delay_ms > 3600000 AND delay_ms <= 86400000) AS day,
    countIf(live AND delay_ms > 86400000 AND delay_ms <= 604800000) AS week,
    countIf(live AND delay_ms > 604800000) AS more,
    countIf(here AND delay_ms < -{tolerance_ms:Int64}) AS future,
    quantileExactIf(0.5)(delay_ms, live) AS median_ms,
    minIf(delay_ms, live) AS least_ms,
    maxIf(delay_ms, live) AS greatest_ms,
    groupUniqArrayIf(toString(type), here) AS types,
    groupUniqArray(minute) AS minutes
FROM ({told})
GROUP BY stream, name
