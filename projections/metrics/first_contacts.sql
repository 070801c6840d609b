-- Inbound contacts that a person answered, each with whether it can be judged (a customer, a category, and a window that has passed
-- at the cutoff) and whether the customer came again: a later inbound contact of that customer about that category in the window.
-- Sorting is what it costs, so what is sorted is narrow and little: a number stands for customer and category (facts/tables.py; where
-- either is not known each moment stands for itself, lest all of them lie together), and of the contacts after the period only those of
-- pairs that stand in it are looked at; of a period longer than the window that is most of them, and it is not asked.
SELECT
    * EXCEPT (us, known, pair, again),
    known AND started_at + toIntervalMillisecond({window_ms:Int64}) <= {cutoff:DateTime64(6, 'UTC')} AS judged,
    known AND again > 0 AND again - us <= {window_ms:Int64} * 1000 AS came_again
FROM
(
    SELECT
        *,
        -- the next one's moment, 0 where there is none; from the last one backwards, since a frame that only grows costs nothing
        min(us) OVER (PARTITION BY pair ORDER BY us DESC RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS again
    FROM
    (
        SELECT
            *,
            toUnixTimestamp64Micro(started_at) AS us,
            matter != 0 AS known,
            if(known, matter, toUInt64(us)) AS pair
        FROM calls FINAL
        WHERE tenant = {tenant:String}
          AND direction = 'inbound'
          AND started_at >= {start:DateTime64(6, 'UTC')}
          AND started_at < {stop:DateTime64(6, 'UTC')} + toIntervalMillisecond({window_ms:Int64} + 1)
          AND (answered OR known)
          AND
          (
              started_at < {stop:DateTime64(6, 'UTC')}
              OR {stop:DateTime64(6, 'UTC')} - toIntervalMillisecond({window_ms:Int64}) > {start:DateTime64(6, 'UTC')}
              OR matter IN
              (
                  SELECT matter
                  FROM calls FINAL
                  WHERE tenant = {tenant:String}
                    AND direction = 'inbound'
                    AND answered
                    AND started_at >= {start:DateTime64(6, 'UTC')}
                    AND started_at < {stop:DateTime64(6, 'UTC')}
              )
          )
    )
)
WHERE answered AND started_at < {stop:DateTime64(6, 'UTC')}
