-- Everybody's stays in a team that touch the period, beside the period itself: so that its length is known for every group of people.
SELECT
    *,
    {start:DateTime64(6, 'UTC')} AS begins_at,
    {stop:DateTime64(6, 'UTC')} AS stops_at,
    least({stop:DateTime64(6, 'UTC')}, {cutoff:DateTime64(6, 'UTC')}) - toIntervalMicrosecond(1) AS last_at
FROM staff_stints FINAL
WHERE tenant = {tenant:String}
  AND from_at < {stop:DateTime64(6, 'UTC')}
  AND (until_at IS NULL OR until_at > {start:DateTime64(6, 'UTC')})
