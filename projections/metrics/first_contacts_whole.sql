-- The rows of first_contacts.sql with nothing but what sums over all of them need. A contact is one number, its moment and whether a
-- person answered it, and those of one customer and category lie in one array: that needs no sort of all contacts.
SELECT
    {tenant:String} AS tenant,
    fromUnixTimestamp64Micro(at, 'UTC') AS started_at,
    known AND at + {window_ms:Int64} * 1000 <= toUnixTimestamp64Micro({cutoff:DateTime64(6, 'UTC')}) AS judged,
    known AND again > 0 AND again - at <= {window_ms:Int64} * 1000 AS came_again
FROM
(
    SELECT
        any(known) AS known,
        arraySort(groupArray(bitShiftLeft(us, 1) + answered)) AS told,
        arrayMap(x -> bitShiftRight(x, 1), told) AS moments,
        arrayCompact(moments) AS different,
        -- the next one's moment, 0 where there is none; contacts of one moment share it
        arrayMap(n -> different[n + 2], arrayCumSum(x -> x > 0, arrayDifference(moments))) AS after
    FROM
    (
        SELECT
            answered,
            toUnixTimestamp64Micro(started_at) AS us,
            customer != '' AND category != '' AS known,
            cityHash64(customer, category) AS pair
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
              OR pair IN
              (
                  SELECT cityHash64(customer, category)
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
ARRAY JOIN told, moments AS at, after AS again
WHERE bitTest(told, 0)
