-- The tickets of a period: by the first moment that is known of them.
SELECT *
FROM (SELECT *, coalesce(opened_at, dispatched_at, accepted_at, first_resolved_at, cancelled_at, voided_at, due_at) AS began FROM tickets FINAL WHERE tenant = {tenant:String})
WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')}
