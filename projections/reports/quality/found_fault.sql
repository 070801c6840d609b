-- Faults of the period that were cleared and never raised, or cleared before.
SELECT if(raised_at IS NULL, 'fault_without_raise', 'fault_before_raise') AS kind, fault AS subject
FROM faults FINAL
WHERE tenant = {tenant:String} AND (raised_at IS NULL OR cleared_at < raised_at)
    AND coalesce(raised_at, cleared_at) >= {start:DateTime64(6, 'UTC')} AND coalesce(raised_at, cleared_at) < {stop:DateTime64(6, 'UTC')}
