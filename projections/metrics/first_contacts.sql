-- Inbound contacts that a person answered, each with whether it can be judged (a customer, a category, and a window that has passed
-- at the cutoff) and whether it settled the matter: no later inbound contact of that customer about that category in the window.
SELECT
    c.*,
    c.customer != '' AND c.category != '' AND c.started_at + toIntervalMillisecond({window_ms:Int64}) <= {cutoff:DateTime64(6, 'UTC')}
        AS judged,
    ifNull(n.again_at <= c.started_at + toIntervalMillisecond({window_ms:Int64}), false) AS came_again
FROM
(
    SELECT *
    FROM calls FINAL
    WHERE tenant = {tenant:String}
      AND direction = 'inbound' AND answered
      AND started_at >= {start:DateTime64(6, 'UTC')} AND started_at < {stop:DateTime64(6, 'UTC')}
) AS c
ASOF LEFT JOIN
(
    SELECT customer, category, started_at, toNullable(started_at) AS again_at
    FROM calls FINAL
    WHERE tenant = {tenant:String}
      AND direction = 'inbound' AND customer != '' AND category != ''
      AND started_at >= {start:DateTime64(6, 'UTC')}
      AND started_at < {stop:DateTime64(6, 'UTC')} + toIntervalMillisecond({window_ms:Int64} + 1)
) AS n
ON c.customer = n.customer AND c.category = n.category AND n.started_at > c.started_at
