-- Callbacks of the period that nobody asked for, that were done before, that name an unknown call.
WITH told AS
(
    SELECT *, coalesce(requested_at, first_attempt_at, completed_at, cancelled_at, due_at) AS began
    FROM callbacks FINAL
    WHERE tenant = {tenant:String}
),
meant AS (SELECT * FROM told WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')})
SELECT 'callback_without_request' AS kind, callback AS subject FROM meant WHERE requested_at IS NULL
UNION ALL
SELECT 'callback_before_request', callback FROM meant
WHERE requested_at > least(ifNull(first_attempt_at, requested_at), ifNull(completed_at, requested_at), ifNull(cancelled_at, requested_at))
UNION ALL
SELECT 'callback_of_unknown_call', callback FROM meant
WHERE call != '' AND call NOT IN (SELECT subject FROM call WHERE tenant = {tenant:String} AND subject IN (SELECT call FROM meant))
