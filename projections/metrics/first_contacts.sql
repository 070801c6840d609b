-- Inbound contacts that a person answered, each with whether it can be judged (a customer, a category, and a window that has passed
-- at the cutoff) and whether the customer came again: a later inbound contact of that customer about that category in the window.
SELECT
    * EXCEPT (us, again),
    customer != '' AND category != '' AND started_at + toIntervalMillisecond({window_ms:Int64}) <= {cutoff:DateTime64(6, 'UTC')}
        AS judged,
    customer != '' AND category != '' AND again > 0 AND again - us <= {window_ms:Int64} * 1000 AS came_again
FROM
(
    SELECT
        *,
        toUnixTimestamp64Micro(started_at) AS us,
        -- the next one's moment, 0 where there is none; from the last one backwards, since a frame that only grows costs nothing
        min(us) OVER (PARTITION BY customer, category ORDER BY us DESC RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS again
    FROM
    (
        SELECT *
        FROM calls FINAL
        WHERE tenant = {tenant:String}
          AND direction = 'inbound'
          AND started_at >= {start:DateTime64(6, 'UTC')}
          AND started_at < {stop:DateTime64(6, 'UTC')} + toIntervalMillisecond({window_ms:Int64} + 1)
    )
)
WHERE answered AND started_at < {stop:DateTime64(6, 'UTC')}
