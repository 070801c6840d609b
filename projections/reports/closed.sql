-- Each month that a contract of the tenant was closed for: when the first of them was, and how many are open again.
SELECT month, min(closed_at) AS closed_at, countIf(last = 'period.reopened') AS reopened
FROM
(
    SELECT
        argMaxIf(toString(month), place, type = 'period.closed') AS month,
        maxIf(occurred_at, type = 'period.closed') AS closed_at,
        argMax(toString(type), place) AS last
    FROM (SELECT *, (occurred_at, offset) AS place FROM period WHERE tenant = {tenant:String})
    WHERE type IN ('period.closed', 'period.reopened')
    GROUP BY subject
)
WHERE month IN {months:Array(String)}
GROUP BY month
ORDER BY month
