-- The rows of first_contacts.sql with nothing but what sums over all of them need. A contact is one number, its moment and whether a
-- person answered it, and those of one customer and category lie in one array: that needs no sort of all contacts.
SELECT
    {tenant:String} AS tenant,
    bitShiftRight(told, 1) AS us,
    fromUnixTimestamp64Micro(us, 'UTC') AS started_at,
    known AND us + {window_ms:Int64} * 1000 <= toUnixTimestamp64Micro({cutoff:DateTime64(6, 'UTC')}) AS judged,
    known AND gap <= {window_ms:Int64} * 1000 AS came_again
FROM
(
    SELECT
        any(known) AS known,
        arraySort(groupArray(bitShiftLeft(us, 1) + answered)) AS told,
        arrayDifference(arrayMap(x -> bitShiftRight(x, 1), told)) AS apart,
        -- how long after each the next one came, after the last none in 146,000 years; contacts of one moment share their next one
        arrayReverseFill(gap -> gap > 0, arrayPushBack(arrayPopFront(apart), 4611686018427387904)) AS gaps
    FROM
    (
        SELECT
            answered,
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
    GROUP BY pair
)
ARRAY JOIN told, gaps AS gap
WHERE bitTest(told, 0)
