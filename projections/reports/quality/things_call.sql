-- Calls that began in a period: in what they do not add up, whether they should have ended long ago.
SELECT 'call' AS base, call AS subject, arrayConcat(
    arrayMap(code -> toString(code), contradictions),
    if(answered AND NOT offered AND first_queued_at IS NULL, ['answered_from_nowhere'], []),
    if(open AND started_at < {cutoff:DateTime64(6, 'UTC')} - INTERVAL 1 DAY, ['open_calls'], [])) AS kinds
FROM calls FINAL
WHERE tenant = {tenant:String} AND started_at >= {start:DateTime64(6, 'UTC')} AND started_at < {stop:DateTime64(6, 'UTC')}
UNION ALL
-- an agent appears by a leg or a shift, whenever that was
SELECT 'transfer', call, if(
    to_kind = 'agent'
        AND to NOT IN (SELECT agent FROM legs WHERE tenant = {tenant:String})
        AND to NOT IN (SELECT agent FROM shifts WHERE tenant = {tenant:String}),
    ['transfer_to_nobody'], [])
FROM transfers FINAL
WHERE tenant = {tenant:String} AND at >= {start:DateTime64(6, 'UTC')} AND at < {stop:DateTime64(6, 'UTC')}
