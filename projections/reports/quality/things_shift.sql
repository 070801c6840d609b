-- Shifts of a period: whether they have states and no sign-in, were signed out of before they were signed in to, or never.
SELECT 'shift' AS base, shift AS subject, arrayConcat(
    if(shift IN (SELECT shift FROM shifts FINAL WHERE tenant = {tenant:String} AND signed_in_at IS NULL), ['shift_without_sign_in'], []),
    if(max(flag != '' AND ends_at < {cutoff:DateTime64(6, 'UTC')}), ['unsigned_shifts'], [])) AS kinds
FROM agent_spans FINAL
WHERE tenant = {tenant:String} AND starts_at >= {start:DateTime64(6, 'UTC')} AND starts_at < {stop:DateTime64(6, 'UTC')}
GROUP BY shift
UNION ALL
-- such a shift may have no span
SELECT '', shift, ['signed_out_first']
FROM shifts FINAL
WHERE tenant = {tenant:String} AND signed_out_at < signed_in_at
    AND signed_in_at >= {start:DateTime64(6, 'UTC')} AND signed_in_at < {stop:DateTime64(6, 'UTC')}
