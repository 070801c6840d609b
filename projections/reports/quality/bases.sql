-- How many things of each kind the period has: what the findings are shares of.
SELECT 'call' AS name, count() AS n FROM calls FINAL
WHERE tenant = {tenant:String} AND started_at >= {start:DateTime64(6, 'UTC')} AND started_at < {stop:DateTime64(6, 'UTC')}
UNION ALL
SELECT 'transfer', count() FROM transfers FINAL
WHERE tenant = {tenant:String} AND at >= {start:DateTime64(6, 'UTC')} AND at < {stop:DateTime64(6, 'UTC')}
UNION ALL
SELECT 'ticket', count() FROM tickets FINAL
WHERE tenant = {tenant:String} AND coalesce(opened_at, dispatched_at, accepted_at, first_resolved_at, cancelled_at, voided_at, due_at) >= {start:DateTime64(6, 'UTC')}
    AND coalesce(opened_at, dispatched_at, accepted_at, first_resolved_at, cancelled_at, voided_at, due_at) < {stop:DateTime64(6, 'UTC')}
UNION ALL
SELECT 'callback', count() FROM callbacks FINAL
WHERE tenant = {tenant:String} AND coalesce(requested_at, first_attempt_at, completed_at, cancelled_at, due_at) >= {start:DateTime64(6, 'UTC')}
    AND coalesce(requested_at, first_attempt_at, completed_at, cancelled_at, due_at) < {stop:DateTime64(6, 'UTC')}
UNION ALL
SELECT 'complaint', count() FROM complaints FINAL
WHERE tenant = {tenant:String} AND coalesce(filed_at, investigated_at, adjudicated_at, resolved_at, withdrawn_at) >= {start:DateTime64(6, 'UTC')}
    AND coalesce(filed_at, investigated_at, adjudicated_at, resolved_at, withdrawn_at) < {stop:DateTime64(6, 'UTC')}
UNION ALL
SELECT 'evaluation', count() FROM evaluations FINAL
WHERE tenant = {tenant:String} AND coalesce(sampled_at, scored_at, approved_at, disputed_at) >= {start:DateTime64(6, 'UTC')}
    AND coalesce(sampled_at, scored_at, approved_at, disputed_at) < {stop:DateTime64(6, 'UTC')}
UNION ALL
SELECT 'fault', count() FROM faults FINAL
WHERE tenant = {tenant:String} AND coalesce(raised_at, cleared_at) >= {start:DateTime64(6, 'UTC')} AND coalesce(raised_at, cleared_at) < {stop:DateTime64(6, 'UTC')}
UNION ALL
SELECT 'shift', uniqExact(shift) FROM agent_spans FINAL
WHERE tenant = {tenant:String} AND starts_at >= {start:DateTime64(6, 'UTC')} AND starts_at < {stop:DateTime64(6, 'UTC')}
