-- The faults of a period: whether they were cleared and never raised, or cleared before.
SELECT 'fault' AS base, fault AS subject, arrayConcat(
    if(raised_at IS NULL, ['fault_without_raise'], []),
    if(cleared_at < raised_at, ['fault_before_raise'], [])) AS kinds
FROM faults FINAL
WHERE tenant = {tenant:String} AND coalesce(raised_at, cleared_at) >= {start:DateTime64(6, 'UTC')} AND coalesce(raised_at, cleared_at) < {stop:DateTime64(6, 'UTC')}
