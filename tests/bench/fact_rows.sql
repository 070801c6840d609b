-- The calls of a busy centre, evenly over some days; every other table of the bench is made from some of them.
SELECT
    number AS n,
    'bench' AS tenant,
    ['in-house', 'v1', 'v2'][1 + n % 3] AS vendor,
    lower(hex(sipHash128(n))) AS id,
    toDateTime64('2026-01-01 00:00:00', 6, 'UTC')
        + toIntervalMicrosecond(intDiv(n * {days:UInt64} * 86400, {calls:UInt64}) * 1000000 + rand(1) % 1000000) AS t,
    rand(2) % 45000 AS wait,
    30000 + rand(3) % 400000 AS talk,
    rand(4) % 10 = 0 AS lost,
    'q' || toString(n % 12) AS q,
    'h' || toString(n % 4) AS line,
    'a' || leftPad(toString(rand(5) % 300), 3, '0') AS who,
    'u' || toString(rand(6) % 100000) AS caller,
    ['宽带/新装', '宽带/故障', '账单', '套餐', '投诉', '其他'][1 + rand(7) % 6] AS what,
    rand(8) AS luck
FROM numbers({calls:UInt64})
