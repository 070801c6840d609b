-- The faults of a period: whether they were cleared and never raised, or cleared before. Their fact ends with the last clearing, so
-- a first one that came before the raising is looked for in the ledger.
SELECT 'fault' AS base, fault AS subject, arrayConcat(
    if(raised_at IS NULL, ['fault_without_raise'], []),
    if(
        fault IN
        (
            SELECT subject
            FROM fault
            WHERE tenant = {tenant:String} AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM fault WHERE tenant = {tenant:String})
            GROUP BY subject
            HAVING minIfOrNull(occurred_at, type = 'fault.cleared') < minIfOrNull(occurred_at, type = 'fault.raised')
        ),
        ['fault_before_raise'], [])) AS kinds
FROM faults FINAL
WHERE tenant = {tenant:String}
    AND coalesce(raised_at, cleared_at) >= {start:DateTime64(6, 'UTC')} AND coalesce(raised_at, cleared_at) < {stop:DateTime64(6, 'UTC')}
