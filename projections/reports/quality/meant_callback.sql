-- The callbacks of a period: by the first moment that is known of them.
SELECT *
FROM (SELECT *, coalesce(requested_at, first_attempt_at, completed_at, cancelled_at, due_at) AS began FROM callbacks FINAL WHERE tenant = {tenant:String})
WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')}
