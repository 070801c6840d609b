-- Complaints of the period that nobody filed, that were dealt with before, that name an unknown call.
WITH told AS
(
    SELECT *, coalesce(filed_at, investigated_at, adjudicated_at, resolved_at, withdrawn_at) AS began
    FROM complaints FINAL
    WHERE tenant = {tenant:String}
),
meant AS (SELECT * FROM told WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')})
SELECT 'complaint_without_filing' AS kind, complaint AS subject FROM meant WHERE filed_at IS NULL
UNION ALL
SELECT 'complaint_before_filing', complaint FROM meant
WHERE filed_at > least(
    ifNull(investigated_at, filed_at), ifNull(adjudicated_at, filed_at), ifNull(resolved_at, filed_at), ifNull(withdrawn_at, filed_at))
UNION ALL
SELECT 'complaint_of_unknown_call', complaint FROM meant
WHERE call != '' AND call NOT IN (SELECT subject FROM call WHERE tenant = {tenant:String} AND subject IN (SELECT call FROM meant))
