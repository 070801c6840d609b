-- Evaluations of the period that were never sampled, that were scored before, that name an unknown call.
WITH told AS
(
    SELECT *, coalesce(sampled_at, scored_at, approved_at, disputed_at) AS began
    FROM evaluations FINAL
    WHERE tenant = {tenant:String}
),
meant AS (SELECT * FROM told WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')})
SELECT 'evaluation_without_sample' AS kind, evaluation AS subject FROM meant WHERE sampled_at IS NULL
UNION ALL
SELECT 'evaluation_before_sample', evaluation FROM meant
WHERE sampled_at > least(ifNull(scored_at, sampled_at), ifNull(approved_at, sampled_at), ifNull(disputed_at, sampled_at))
UNION ALL
SELECT 'evaluation_of_unknown_call', evaluation FROM meant
WHERE call != '' AND call NOT IN (SELECT subject FROM call WHERE tenant = {tenant:String} AND subject IN (SELECT call FROM meant))
