-- The part of an agent's signed-in time that lies within the scheduled time of the same shift.
SELECT
    span.*,
    greatest(span.starts_at, plan.plan_from) AS kept_from,
    least(ifNull(span.ends_at, {cutoff:DateTime64(6, 'UTC')}), plan.plan_until) AS kept_until
FROM
(
    SELECT *
    FROM agent_spans FINAL
    WHERE tenant = {tenant:String}
      AND starts_at < {stop:DateTime64(6, 'UTC')}
      AND ifNull(ends_at, {cutoff:DateTime64(6, 'UTC')}) >= {start:DateTime64(6, 'UTC')}
) AS span
INNER JOIN
(
    SELECT shift, assumeNotNull(starts_at) AS plan_from, assumeNotNull(ends_at) AS plan_until
    FROM shifts FINAL
    WHERE tenant = {tenant:String}
      AND starts_at < {stop:DateTime64(6, 'UTC')} AND ends_at > {start:DateTime64(6, 'UTC')}
) AS plan
ON span.shift = plan.shift
WHERE kept_from < kept_until
