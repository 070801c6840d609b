-- Queue entries that ended unanswered, each with whether the customer was called back:
-- a callback of that call was attempted, or the customer was dialled within 24 hours of leaving.
-- Calls dialled later than 24 hours after the last of them left need not be looked at; where that is, an earlier state of a row
-- may say too late, never too early, so it is asked without FINAL.
SELECT
    e.*,
    (e.call IN (SELECT call FROM callbacks FINAL WHERE tenant = {tenant:String} AND attempts > 0 AND call != ''))
        OR ifNull(e.customer != '' AND d.dialled_at < e.left_at + INTERVAL 24 HOUR, false) AS called_back
FROM
(
    SELECT *, ifNull(left_at, entered_at) AS gone_at
    FROM legs FINAL
    WHERE tenant = {tenant:String}
      AND is_entry AND outcome NOT IN ('answered', 'waiting')
      AND entered_at < {stop:DateTime64(6, 'UTC')}
      AND (left_at IS NULL OR left_at >= {start:DateTime64(6, 'UTC')})
) AS e
ASOF LEFT JOIN
(
    SELECT customer, toNullable(started_at) AS dialled_at, started_at
    FROM calls FINAL
    WHERE tenant = {tenant:String}
      AND direction = 'outbound' AND customer != ''
      AND started_at >= {start:DateTime64(6, 'UTC')}
      AND started_at <
      (
          -- as a rule nobody is left who left after the period, and no row is read to find that
          SELECT greatest({stop:DateTime64(6, 'UTC')}, ifNull(max(left_at), {stop:DateTime64(6, 'UTC')})) + INTERVAL 24 HOUR
          FROM legs
          WHERE tenant = {tenant:String} AND entered_at < {stop:DateTime64(6, 'UTC')} AND left_at >= {stop:DateTime64(6, 'UTC')}
      )
) AS d
ON e.customer = d.customer AND d.started_at >= e.gone_at
