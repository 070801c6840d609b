-- The evaluations of a period: by the first moment that is known of them.
SELECT *
FROM (SELECT *, coalesce(sampled_at, scored_at, approved_at, disputed_at) AS began FROM evaluations FINAL WHERE tenant = {tenant:String})
WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')}
