-- Each seat of each stretch in which the centre is open (projections/master/opening.py tells which; the rest is bound).
SELECT
    {tenant:String} AS tenant,
    stretch.1 AS n,
    seat,
    fromUnixTimestamp64Micro(stretch.2, 'UTC') AS opens_at,
    fromUnixTimestamp64Micro(stretch.3, 'UTC') AS closes_at
FROM
(
    SELECT arrayJoin(arrayZip(
        arrayEnumerate({seat_from:Array(Int64)}), {seat_from:Array(Int64)}, {seat_until:Array(Int64)},
        {seat_count:Array(UInt32)})) AS stretch
)
ARRAY JOIN range(stretch.4) AS seat
