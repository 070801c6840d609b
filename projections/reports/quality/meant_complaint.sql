-- The complaints of a period: by the first moment that is known of them.
SELECT *
FROM (SELECT *, coalesce(filed_at, investigated_at, adjudicated_at, resolved_at, withdrawn_at) AS began FROM complaints FINAL WHERE tenant = {tenant:String})
WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')}
