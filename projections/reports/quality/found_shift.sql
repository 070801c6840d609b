-- Shifts of the period with states and no sign-in, signed out before signed in, or that nobody signed out of.
WITH spans AS
(
    SELECT shift, min(starts_at) AS began, max(flag != '' AND ends_at < {cutoff:DateTime64(6, 'UTC')}) AS left_open
    FROM agent_spans FINAL
    WHERE tenant = {tenant:String} AND starts_at >= {start:DateTime64(6, 'UTC')} AND starts_at < {stop:DateTime64(6, 'UTC')}
    GROUP BY shift
)
SELECT 'shift_without_sign_in' AS kind, shift AS subject FROM spans
WHERE shift IN (SELECT shift FROM shifts FINAL WHERE tenant = {tenant:String} AND signed_in_at IS NULL)
UNION ALL
SELECT 'unsigned_shifts', shift FROM spans WHERE left_open
UNION ALL
SELECT 'signed_out_first', shift FROM shifts FINAL
WHERE tenant = {tenant:String} AND signed_out_at < signed_in_at
    AND signed_in_at >= {start:DateTime64(6, 'UTC')} AND signed_in_at < {stop:DateTime64(6, 'UTC')}
